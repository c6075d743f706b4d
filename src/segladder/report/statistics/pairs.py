"""All pairs of a board at once: what `difference_of` says of two methods, as matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from segladder.report.statistics.several import holm
from segladder.report.statistics.uncertainty import MIN_SEEDS, Sample

LEVEL = 0.05
"""Adjusted p-values below this are a verdict."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """M methods against each other."""

    value: NDArray[np.float64]
    """`(M, M)`, the mean of the row less the mean of the column."""
    p: NDArray[np.float64]
    """`(M, M)`, two-sided; NaN on the diagonal and where one has too few seeds for a verdict."""
    adjusted: NDArray[np.float64]
    """`(M, M)`, by Holm over all pairs that are tested."""
    tests: int
    """How many these are."""

    def better(self) -> NDArray[np.bool_]:
        """`(M, M)`: the data say that the row has the higher score."""
        return (np.nan_to_num(self.adjusted, nan=1.0) < LEVEL) & (self.value > 0)

    def ranks(self, *, lower_is_better: bool = False) -> list[int]:
        """One more than there are methods that the data call better: what cannot be told apart may share a rank."""
        better = self.better().T if lower_is_better else self.better()
        return [int(count) + 1 for count in better.sum(0)]


def pairs_of(samples: Sequence[Sample]) -> Pairs:
    """Compares each method with each other.

    Args:
        samples: M, on the same images where these are known.
    """
    M = len(samples)
    mean = np.array([sample.mean for sample in samples])
    seeds = np.array([sum(part for part, _ in sample.seed_terms) for sample in samples])
    by_freedom = np.array([sum(part**2 / max(f, 1) for part, f in sample.seed_terms) for sample in samples])
    count = np.array([sample.images for sample in samples], dtype=np.float64)
    enough = np.array([sample.seeds >= MIN_SEEDS for sample in samples], dtype=bool)
    # of many methods the pairs are millions: each once
    a, b = np.triu_indices(M, 1)
    tested = enough[a] & enough[b]
    a, b = a[tested], b[tested]
    value = mean[a] - mean[b]
    images = _images(samples)[a, b]
    of_seeds, by_seeds = seeds[a] + seeds[b], by_freedom[a] + by_freedom[b]
    weighted = by_seeds + images**2 / np.maximum(np.minimum(count[a], count[b]) - 1, 1)
    p = _two_sided(value, of_seeds + images, weighted)
    # no surer with the images than without them; see `uncertainty`
    p = np.where(of_seeds > 0, np.maximum(p, _two_sided(value, of_seeds, by_seeds)), p)
    return Pairs(
        value=mean[:, None] - mean[None, :],
        p=_both_ways(M, a, b, p),
        adjusted=_both_ways(M, a, b, holm(p)),
        tests=int((~np.isnan(p)).sum()),
    )


def _two_sided(
    value: NDArray[np.float64], variance: NDArray[np.float64], weighted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Student's p-values; NaN where nothing varies but the value is not zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(weighted > 0, variance**2 / weighted, 1.0)
        p = 2 * stats.t.sf(np.abs(value) / np.sqrt(variance), freedom)
    found: NDArray[np.float64] = np.where(variance == 0, np.where(value == 0, 1.0, np.nan), p)
    return found


def _both_ways(
    count: int, a: NDArray[np.intp], b: NDArray[np.intp], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    matrix = np.full((count, count), np.nan)
    matrix[a, b] = matrix[b, a] = values
    return matrix


def _images(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """The images' part of each difference's variance; 0 where single images are not known of one of the two."""
    M = len(samples)
    part = np.zeros((M, M))
    known = [index for index, sample in enumerate(samples) if sample.moved is not None]
    if len(known) < 2:
        return part
    rows = np.stack([np.asarray(samples[index].moved) for index in known])
    rows = rows[:, ~np.isnan(rows).any(0)]
    together = np.array([samples[index].together for index in known])
    images = np.array([samples[index].images for index in known], dtype=np.float64)
    covariance = np.atleast_2d(np.cov(rows))
    own = np.diag(covariance)
    spread = own[:, None] + own[None, :] - 2 * covariance - together[:, None] - together[None, :]
    part[np.ix_(known, known)] = np.maximum(0.0, spread * images / (images - 1))
    np.fill_diagonal(part, 0.0)
    return part
