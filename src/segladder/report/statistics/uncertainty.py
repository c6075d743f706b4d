"""The mean of a method over its seeds, the difference of two methods, and how far chance may have moved them.

A score varies for two reasons: another seed gives other weights, and other test images would have given another score.
Seeds and images are crossed (every seed's network sees all images), so that the variance of a difference of means is

    seeds:  S_a^2 / k_a + S_b^2 / k_b        sample variances of the scores over seeds, Welch's way
  + images: the variance, over resampled images, of the difference of the means over seeds
  - both:   what seed and image do together, which is part of the two above: estimated from how differently the seeds of
            a method move when the images are drawn again, and taken off the images' part, never below zero

and the interval is Student's, with the degrees of freedom of Satterthwaite (1946) and Welch (1947). A percentile
bootstrap over few seeds is too narrow: its variance is (k - 1)/k of the sample's and its quantiles are the normal's.
Where the images add little, their many degrees of freedom would make the whole interval narrower than that
of the seeds alone; knowing more of the images tells nothing of the seeds, so that the wider of the two counts.
Methods are paired by images. They are not paired by seeds: two networks share little by sharing a seed, and pairing
would halve the degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import stats

MIN_SEEDS = 3
"""Seeds of each method from which on a verdict is given: of two, one differs from the other in any case."""
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is known of a method on a test set, or of the mean of several methods."""

    mean: float
    """Over its seeds, on all images."""
    std: float
    """Sample standard deviation over seeds; NaN of one seed, and of a mean of methods."""
    seeds: int
    """Of a mean of methods, those of the method with the fewest."""
    seed_terms: tuple[tuple[float, int], ...]
    """The seeds' part of the variance of `mean`, in summands with their degrees of freedom; one is NaN where a method
    has one seed."""
    moved: NDArray[np.float64] | None = None
    """The mean on resampled images, `(B,)`, the same draws for all methods; None: single images are not known."""
    together: float = 0.0
    """What seeds and images do together, as part of the variance of `moved`."""
    images: int = 0

    @classmethod
    def of(cls, scores: Sequence[float], resampled: NDArray[np.float64] | None = None, *, images: int = 0) -> Self:
        """One method.

        Args:
            scores: of each of K seeds on all images.
            resampled: `(B, K)` on resampled images; a resample in which a score is undefined is left out.
            images: how many there are.

        Raises:
            ValueError: there is no seed.
        """
        found = np.asarray(scores, dtype=np.float64)
        count = len(found)
        if not count:
            raise ValueError("A method without a seed has no score.")
        variance = float(found.var(ddof=1)) if count > 1 else math.nan
        moved, together = None, 0.0
        if resampled is not None and images > 1:
            moved = resampled.mean(1)
            if count > 1:
                own = resampled - moved[:, None]
                # over seeds and resamples; one seed's worth of freedom went into the mean
                together = float(np.nanvar(own, axis=0, ddof=1).sum()) / (count - 1) / count
        return cls(
            mean=float(found.mean()),
            std=math.sqrt(variance),
            seeds=count,
            seed_terms=((variance / count, count - 1),),
            moved=moved,
            together=together,
            images=images,
        )

    @classmethod
    def mean_of(cls, samples: Sequence[Sample]) -> Self:
        """The mean of several methods, each of which counts alike."""
        if len(samples) == 1 and isinstance(samples[0], cls):
            return samples[0]
        share = 1 / len(samples)
        known = all(sample.moved is not None for sample in samples)
        return cls(
            mean=share * sum(sample.mean for sample in samples),
            std=math.nan,
            seeds=min(sample.seeds for sample in samples),
            seed_terms=tuple((share**2 * part, freedom) for s in samples for part, freedom in s.seed_terms),
            moved=np.mean([sample.moved for sample in samples if sample.moved is not None], axis=0) if known else None,
            together=share**2 * sum(sample.together for sample in samples),
            images=min(sample.images for sample in samples),
        )


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean or a difference of means with its uncertainty, in the unit of the scores."""

    value: float
    seeds_variance: float
    """The seeds' part of the variance of `value`; NaN where a method has one seed."""
    images_variance: float
    """The test images' part; NaN where nothing is known of single images."""
    freedom: float
    """Degrees of freedom; NaN where there is no interval."""
    seed_terms: tuple[tuple[float, int], ...]
    """What is known of the seeds' part: summands of the variance with their degrees of freedom."""
    seeds: tuple[int, ...]
    """Of the method, or of the two."""

    @property
    def variance(self) -> float:
        """Of what is known; NaN if nothing is."""
        known = [*(part for part, _ in self.seed_terms)]
        known += [] if math.isnan(self.images_variance) else [self.images_variance]
        return sum(known) if known else math.nan

    @property
    def error(self) -> float:
        """The standard error."""
        return math.sqrt(self.variance)

    @property
    def complete(self) -> bool:
        """Whether the interval holds both the seeds' and the images' part."""
        return not (math.isnan(self.seeds_variance) or math.isnan(self.images_variance))

    @property
    def images_share(self) -> float:
        """The share of the variance that more test images would reduce, not more seeds; NaN unless `complete`."""
        return self.images_variance / self.variance if self.complete and self.variance > 0 else math.nan

    @property
    def enough(self) -> bool:
        """Whether there are seeds enough for a verdict."""
        return min(self.seeds) >= MIN_SEEDS

    @property
    def _spreads(self) -> list[tuple[float, float]]:
        """Variance and degrees of freedom of all that is known, and of the seeds alone."""
        seeds = sum(part for part, _ in self.seed_terms)
        return [(self.variance, self.freedom), *([(seeds, freedom_of(self.seed_terms))] if seeds > 0 else [])]

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Where the true value lies with this confidence; NaN twice where nothing is known of the spread.

        Never narrower than that of the seeds alone.
        """
        if math.isnan(self.freedom):
            return math.nan, math.nan
        reach = max(float(stats.t.ppf(0.5 + level / 2, f)) * math.sqrt(variance) for variance, f in self._spreads)
        return self.value - reach, self.value + reach

    def p_value(self) -> float:
        """Two-sided, of the hypothesis that the true value is zero; NaN without the spread over seeds of each side."""
        if math.isnan(self.seeds_variance) or math.isnan(self.freedom):
            return math.nan
        if self.variance == 0:
            # the same score from every seed and every image: there is no chance to weigh it against
            return 1.0 if self.value == 0 else math.nan
        return max(float(2 * stats.t.sf(abs(self.value) / math.sqrt(part), freedom)) for part, freedom in self._spreads)


def estimate_of(method: Sample) -> Estimate:
    """The mean over seeds."""
    return _estimate([(1, method)])


def difference_of(method: Sample, baseline: Sample) -> Estimate:
    """The mean of one over its seeds less the mean of the other.

    Raises:
        ValueError: they were tested on other images or resamples.
    """
    if method.moved is not None and baseline.moved is not None:
        for what, ours, theirs in (
            ("images", method.images, baseline.images),
            ("resamples", len(method.moved), len(baseline.moved)),
        ):
            if ours != theirs:
                raise ValueError(f"Methods are compared on the same {what}, not on {ours} and {theirs}.")
    return _estimate([(1, method), (-1, baseline)])


def _estimate(sides: Sequence[tuple[int, Sample]]) -> Estimate:
    terms = [term for _, sample in sides for term in sample.seed_terms]
    seeds, images = sum(part for part, _ in terms), _images_variance(sides)
    # of a side with one seed the spread is unknown; that of the other side counts all the same
    by_seed = [(part, freedom) for part, freedom in terms if not math.isnan(part)]
    known = by_seed
    if not math.isnan(images):
        known = [*known, (images, min(sample.images for _, sample in sides) - 1)]
    return Estimate(
        value=sum(sign * sample.mean for sign, sample in sides),
        seeds_variance=seeds,
        images_variance=images,
        freedom=freedom_of(known),
        seed_terms=tuple(by_seed),
        seeds=tuple(sample.seeds for _, sample in sides),
    )


def _images_variance(sides: Sequence[tuple[int, Sample]]) -> float:
    moved: NDArray[np.float64] | float = 0.0
    for sign, sample in sides:
        if sample.moved is None:
            return math.nan
        moved = moved + sign * sample.moved
    images = min(sample.images for _, sample in sides)
    spread = float(np.nanvar(moved, ddof=1)) - sum(sample.together for _, sample in sides)
    return spread if math.isnan(spread) else max(0.0, spread * images / (images - 1))


def freedom_of(terms: Sequence[tuple[float, int]]) -> float:
    """Satterthwaite's degrees of freedom of a sum of variances, each with its own; NaN of none."""
    if not terms:
        return math.nan
    total = sum(part for part, _ in terms)
    if total == 0:
        return float(sum(freedom for _, freedom in terms))
    return total**2 / sum(part**2 / freedom for part, freedom in terms)
