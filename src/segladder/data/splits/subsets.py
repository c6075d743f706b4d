"""Which samples of a split are used: fractions, folds, few-shot choices, decided by `data.seed` alone."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segladder.data.errors import DataError
from segladder.data.options import positive_or_none, share
from segladder.data.seeding import mix
from segladder.types import DatasetInfo

log = logging.getLogger(__name__)

_SHOWN = 8

# keep these choices apart from other random numbers of one seed
_FRACTION, _FOLD, _SHOT = 6, 8, 9


class Part:
    """The part of each split that an experiment reads."""

    def __init__(
        self,
        *,
        fraction: float = 1.0,
        limit: int | None = None,
        folds: int | None = None,
        fold: int = 0,
        shots: int | None = None,
        overfit: int | None = None,
        seed: int = 0,
    ) -> None:
        """
        Args:
            fraction: see `SegmentationDataModule`, as the rest.

        Raises:
            DataError: a value outside its range.
        """
        self.fraction = share("fraction", fraction)
        self.limit = positive_or_none("limit", limit)
        self.folds = check_folds(folds, fold)
        self.shots = positive_or_none("shots", shots)
        self.overfit = positive_or_none("overfit", overfit)
        self.seed = seed

    def read_from(self, split: str) -> str:
        """The split of the data set that serves as train, val or test."""
        return "train" if self.overfit or (self.folds and split == "val") else split

    def called(self, published: str, split: str) -> str:
        """What a split is called in records, from its published name."""
        if split == "test" or self.overfit:
            return published
        if self.folds:
            folds, fold = self.folds
            published += f", fold {fold} of {folds}{' left out' if split == 'train' else ''}"
        return f"{published}, shots {self.shots}" if self.shots is not None and split == "train" else published

    def chosen(self, source: Any, split: str, info: DatasetInfo) -> list[int] | None:
        """Indices of a source, rising; None for all.

        Raises:
            DataError: folds or shots of a synthetic set, or more folds than samples.
        """
        count = len(source)
        kept = list(range(count))
        if self.folds and not self.overfit and split != "test":
            self._require_files(source, info, "folds")
            folds, fold = self.folds
            kept = fold_of(count, folds=folds, fold=fold, held_out=split == "val", seed=self.seed)
        if split == "train":
            kept = self._fraction_of(kept, synthetic=source.synthetic)
            if self.shots is not None:
                self._require_files(source, info, "shots")
                kept = self._few(source, kept, info, self.shots)
        kept = kept[: self.overfit or self.limit]
        return None if len(kept) == count else kept

    def _fraction_of(self, kept: list[int], *, synthetic: bool) -> list[int]:
        if self.fraction == 1:
            return kept
        size = max(1, round(self.fraction * len(kept)))
        if synthetic:
            return kept[:size]  # any part is as good as another, the first one is cheap
        generator = torch.Generator().manual_seed(mix(_FRACTION, self.seed))
        places = torch.randperm(len(kept), generator=generator)[:size].tolist()
        return sorted(kept[place] for place in places)

    def _few(self, source: Any, candidates: list[int], info: DatasetInfo, shots: int) -> list[int]:
        every = np.arange(info.num_classes)

        def classes_in(index: int) -> NDArray[np.bool_]:
            alone = getattr(source, "semantic", None)
            label = source[(0, index)]["semantic"] if alone is None else alone(index)
            return np.isin(every, label.numpy())

        chosen, shown = few_shot(candidates, classes_in, shots=shots, num_classes=info.num_classes, seed=self.seed)
        log.info("data.shots=%d: %d of %d training images", shots, len(chosen), len(candidates))
        short = [
            f"{name} {number}" for name, number in zip(info.classes, shown.tolist(), strict=True) if number < shots
        ]
        if short:
            more = f" and {len(short) - _SHOWN} more" if len(short) > _SHOWN else ""
            warnings.warn(
                f"data.shots={shots}: {len(short)} of {info.num_classes} classes occur in fewer training images"
                f" ({', '.join(short[:_SHOWN])}{more}).",
                stacklevel=2,
            )
        return chosen

    @staticmethod
    def _require_files(source: Any, info: DatasetInfo, key: str) -> None:
        if source.synthetic:
            raise DataError(
                f"data.{key} has no meaning for '{info.name}', which draws as many images as it is asked for. Leave it"
                " out."
            )


def check_folds(folds: Any, fold: Any) -> tuple[int, int] | None:
    """`data.folds` and `data.fold`; None for no folds.

    Raises:
        DataError: a value outside its range.
    """
    if folds is None:
        if fold not in (None, 0):
            raise DataError(f"data.fold={fold} has no effect without data.folds. Give data.folds=5, too.")
        return None
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 2:
        raise DataError(f"data.folds is {folds!r}. Give a whole number of parts, 2 or more, or null.")
    if isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < folds:
        raise DataError(f"data.fold is {fold!r}. Give a whole number from 0 to {folds - 1}: which part is held out.")
    return folds, fold


def fold_of(count: int, *, folds: int, fold: int, held_out: bool, seed: int) -> list[int]:
    """Which samples of a split belong to a fold's training or held-out part.

    The parts differ by one sample at most, are disjoint, and together are the split.

    Args:
        count: samples of the split.
        folds: into how many parts it falls.
        fold: which part is held out, from 0.
        held_out: the held-out part; else all others.
        seed: of the data.

    Raises:
        DataError: there are more folds than samples.
    """
    if folds > count:
        raise DataError(f"data.folds is {folds}, but the training split has {count} samples. Give at most {count}.")
    generator = torch.Generator().manual_seed(mix(_FOLD, seed))
    part = torch.arange(count) % folds
    of = part[torch.argsort(torch.randperm(count, generator=generator))]
    chosen: list[int] = torch.nonzero((of == fold) == held_out).flatten().tolist()
    return chosen


def few_shot(
    candidates: list[int],
    classes_in: Callable[[int], NDArray[np.bool_]],
    *,
    shots: int,
    num_classes: int,
    seed: int,
) -> tuple[list[int], NDArray[np.int64]]:
    """A choice of samples that shows each class in at least `shots` of them, where there are so many.

    Samples are looked at in a random order, the same for every number of shots; one is taken if it shows a class that
    is still short. A smaller choice is not always part of a larger one.

    Args:
        candidates: samples to choose from.
        classes_in: which classes a sample shows, `(C,)`.
        shots: samples of each class, at least 1.
        num_classes: C.
        seed: of the data.

    Returns:
        The choice, rising, and in how many of its samples each class occurs, `(C,)`.
    """
    generator = torch.Generator().manual_seed(mix(_SHOT, seed))
    order = torch.randperm(len(candidates), generator=generator).tolist()
    shown = np.zeros(num_classes, dtype=np.int64)
    chosen = []
    for place in order:
        present = classes_in(candidates[place])
        if (present & (shown < shots)).any():
            chosen.append(candidates[place])
            shown += present
    return sorted(chosen), shown
