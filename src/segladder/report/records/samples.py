"""The statistics of single images, read for a whole table: each method's score, and how it moves with the images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.progress import with_progress
from segladder.metrics.per_image import read_arrays
from segladder.report.records.kept import Kept
from segladder.report.records.methods import Method
from segladder.report.records.run import Run
from segladder.report.statistics.resampling import (
    FROM_CATEGORIES,
    FROM_CITYSCAPES_MATCHES,
    FROM_COUNTS,
    FROM_SEGMENTS,
    Arrays,
    can_resample,
    draws,
    is_precision,
    mean_over_classes,
    resampled,
    resampled_ap,
    resampled_iou,
)
from segladder.report.statistics.uncertainty import Sample
from segladder.types import UserError

RESAMPLES = 2000
_AGREE = 1e-6
"""How far a record's score may be from that of its images: nothing but rounding lies between."""


@dataclass(kw_only=True)
class Sampled:
    """The methods of a table as samples."""

    samples: dict[str, Sample]
    """Key of a method -> what is known of it; a method without a defined score is left out."""
    images: int = 0
    """How many were drawn from; 0 where single images are not known."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """Key of a method -> what is to be said about its runs."""
    left_out: set[str] = field(default_factory=set)
    """Folders of runs whose score cannot be believed."""


def sample_methods(
    methods: Sequence[Method], metric: str, *, resamples: int = RESAMPLES, seed: int = 0, kept: Kept | None = None
) -> Sampled:
    """Reads what `per_image.npz` holds of every run and resamples all of them alike.

    A run whose record and images disagree is left out, and said so: one of the two was edited.

    Args:
        methods: all scored on the same images.
        metric: what is compared.
        resamples: how often the images are drawn again; 0: they are not read.
        seed: of the draws.
        kept: what earlier reports have computed.
    """
    out = Sampled(samples={}, notes={method.key: [] for method in methods})
    pool = _Pool(metric, resamples=resamples, seed=seed, kept=kept)
    total = sum(len(method.runs) for method in methods)
    moved = with_progress(_moved(methods, metric, pool, out), total, f"resampling the images of {total:,} runs")
    by_method: dict[str, list[tuple[float, NDArray[np.float64] | None]]] = {}
    for method, score, rows in moved:
        if score is not None:
            by_method.setdefault(method.key, []).append((score, rows))
    for key, found in by_method.items():
        known = [rows for _, rows in found if rows is not None]
        whole = len(known) == len(found)
        if known and not whole:
            out.notes[key].append(f"single images are known of {len(known)} of {len(found)} runs only, so of none here")
        out.samples[key] = Sample.of(
            [score for score, _ in found],
            np.stack(known, axis=1) if whole and known else None,
            images=pool.images if whole and known else 0,
        )
    out.images = pool.images
    return out


def _moved(
    methods: Sequence[Method], metric: str, pool: _Pool, out: Sampled
) -> Iterable[tuple[Method, float | None, NDArray[np.float64] | None]]:
    for method in methods:
        for run in method.runs:
            score = run.scores[run.scored].get(metric)
            if score is not None and is_share(metric) and not 0 <= score <= 1:
                out.notes[method.key].append(
                    f"{_seed(run)} left out: its record says {metric} {score:g}, which is no share from 0 to 1"
                )
                out.left_out.add(run.path)
                score = None
            if score is None or pool.resamples == 0:
                yield method, score, None
                continue
            try:
                whole, rows = pool.read(run)
            except UserError as error:
                out.notes[method.key].append(str(error))
                whole, rows = None, None
            if whole is not None and not abs(whole - score) <= _AGREE:
                out.notes[method.key].append(
                    f"{_seed(run)} left out: its record says {metric} {score:.6f}, its images {whole:.6f}; one of the"
                    " two was edited or belongs to another run"
                )
                out.left_out.add(run.path)
                pool.forget(run)
                yield method, None, None
                continue
            yield method, score, rows


def sample_classes(
    methods: Sequence[Method], measure: str, *, resamples: int = RESAMPLES, kept: Kept | None = None
) -> tuple[list[dict[str, Sample]], str]:
    """Each method's classes as samples, with their resampled images.

    Args:
        methods: all scored on the same images.
        measure: `iou`, or an average precision such as `mask_ap`.
        resamples: how often the images are drawn again.
        kept: what earlier reports have computed.

    Returns:
        For each method: class -> what is known of it, a class that a run has no score of is left out. Or nothing, and
        why: `as the single images of a run are not known`.
    """
    if not resamples:
        return [], "as resamples=0 leaves the test images out"
    pool = _Pool("miou" if measure == "iou" else measure, resamples=resamples, seed=0, kept=kept)
    found: list[dict[str, Sample]] = []
    for method in methods:
        known = []
        for run in method.runs:
            try:
                one = pool.by_class(run)
            except UserError:
                return [], "as the single images of a run are not known"
            if one is None:
                return [], "as the files of single images hold nothing that it follows from"
            known.append(one)
        names = known[0][0]
        if any(other != names for other, _ in known):
            return [], "as the runs have other classes"
        rows = np.stack([one for _, one in known], axis=1)  # (1 + resamples, runs, classes)
        found.append(
            {
                name: Sample.of(rows[0, :, index].tolist(), rows[1:, :, index], images=pool.images)
                for index, name in enumerate(names)
                if np.isfinite(rows[0, :, index]).all()
            }
        )
    return (found, "") if pool.images > 1 else ([], "as there is a single test image")


def is_share(metric: str) -> bool:
    """Whether a metric of that name lies between 0 and 1; of a user's own nothing is known."""
    ours = (*FROM_COUNTS, *FROM_SEGMENTS, *FROM_CATEGORIES, *FROM_CITYSCAPES_MATCHES)
    return metric in ours or metric.startswith(("mask_", "box_", "boundary_"))


def _seed(run: Run) -> str:
    return run.name if run.seed is None else f"seed {run.seed}"


class _Pool:
    """The images of one test set: the first file that is read says which they are."""

    def __init__(self, metric: str, *, resamples: int, seed: int, kept: Kept | None = None) -> None:
        self.metric, self.resamples, self.seed = metric, resamples, seed
        self._kept = kept or Kept()
        self._ids: NDArray[Any] | None = None
        self._first = ""
        self._weights = np.zeros((0, 0), dtype=np.int64)

    @property
    def images(self) -> int:
        return 0 if self._ids is None else len(self._ids)

    def forget(self, run: Run) -> None:
        """Has another file say which images there are, if it was this run's that did and it cannot be believed."""
        if run.path == self._first:
            self._ids = None

    def read(self, run: Run) -> tuple[float | None, NDArray[np.float64] | None]:
        """The score on all images, and on each resample.

        Raises:
            UserError: the file is missing, damaged, or of other images.
        """
        if (weighed := self._weighed(run)) is None:
            return None, None
        arrays, weights = weighed
        if is_precision(self.metric):
            rows = mean_over_classes(self._precision(run, arrays, weights))
        else:
            rows = resampled(self.metric, arrays, weights)
        return (None if np.isnan(rows[0]) else float(rows[0])), rows[1:]

    def by_class(self, run: Run) -> tuple[list[str], NDArray[np.float64]] | None:
        """The names of the classes, and each one's score on all images and on each resample, `(1 + B, C)`.

        Returns:
            None where the statistics of single images do not hold it.

        Raises:
            UserError: see `read`.
        """
        if (weighed := self._weighed(run)) is None:
            return None
        arrays, weights = weighed
        names = [str(name) for name in arrays["classes"]]
        if self.metric in FROM_COUNTS:
            return names, resampled_iou(arrays, weights)
        return names, self._precision(run, arrays, weights)

    def _precision(self, run: Run, arrays: Arrays, weights: NDArray[np.int64]) -> NDArray[np.float64]:
        what = f"{self.metric} {self.resamples} {self.seed}"
        shape = (len(weights), len(arrays["classes"]))
        return self._kept.array(run.folder.per_image, what, shape, lambda: resampled_ap(self.metric, arrays, weights))

    def _weighed(self, run: Run) -> tuple[Arrays, NDArray[np.int64]] | None:
        """A run's arrays, and how often each of its images counts on the whole and in each resample."""
        path = run.folder.per_image
        try:
            arrays = read_arrays(path)
        except UserError as error:
            raise UserError(f"{_seed(run)}: {error}") from error
        if not can_resample(self.metric, arrays):
            return None
        ids = arrays["image_id"]
        order = np.argsort(ids, kind="stable")
        if self._ids is None:
            # in the order of their names: which file came first must not matter
            self._ids, self._first = ids[order], run.path
            once = np.ones((1, len(ids)), dtype=np.int64)
            self._weights = np.concatenate([once, draws(len(ids), resamples=self.resamples, seed=self.seed)])
        if not np.array_equal(ids[order], self._ids):
            raise UserError(f"{_seed(run)}: '{path}' is of other images than those of the other runs.")
        weights = np.empty_like(self._weights)
        weights[:, order] = self._weights
        return arrays, weights
