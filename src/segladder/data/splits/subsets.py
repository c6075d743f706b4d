"""Which samples of a split are used: fractions, folds, few-shot choices, decided by `data.seed` alone."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segladder.data.errors import DataError
from segladder.data.options import positive_or_none, share
from segladder.data.seeding import mix
from segladder.data.splits.few_shot import few_shot
from segladder.types import DatasetInfo

# keep these choices apart from other random numbers of one seed
_FRACTION, _FOLD = 6, 8


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
        skips: bool = False,
    ) -> None:
        """
        Args:
            fraction: see `SegmentationDataModule`, as the rest.
            skips: labels that cannot be read are left out of a few-shot choice; else they are an error.

        Raises:
            DataError: a value outside its range.
        """
        self.fraction = share("fraction", fraction)
        self.limit = positive_or_none("limit", limit)
        self.folds = check_folds(folds, fold)
        self.shots = positive_or_none("shots", shots)
        self.overfit = positive_or_none("overfit", overfit)
        self.seed = seed
        self.skips = skips
        self.told: dict[str, dict[str, Any]] = {}
        """By split, where only a part of it was asked for: see `chosen`."""
        if self.overfit and (idle := [key for key in ("folds", "fraction", "shots") if key in self._asked("train")]):
            warnings.warn(
                f"data.{idle[0]} has no effect beside data.overfit={self.overfit}, which reads the first training"
                " images for everything.",
                stacklevel=3,
            )
            self.fraction, self.folds, self.shots = 1.0, None, None

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

        What was asked for is kept under `told`: `of`, how many samples there are; what chose among them (`fraction`,
        `limit`, `folds`, `fold`, `shots`, `overfit`, and the `seed` where it did); and with shots `shown`, in how many
        of the chosen images each class occurs.

        Raises:
            DataError: folds or shots of a synthetic set, more folds than samples, or shots of labels that show nothing.
        """
        count = len(source)
        kept = list(range(count))
        asked = self._asked(split)
        if "folds" in asked:
            self._require_files(source, info, "folds")
            kept = fold_of(count, folds=asked["folds"], fold=asked["fold"], held_out=split == "val", seed=self.seed)
        if "fraction" in asked:
            kept = self._fraction_of(kept, synthetic=source.synthetic)
        shows: dict[int, NDArray[np.bool_]] = {}
        if "shots" in asked:
            self._require_files(source, info, "shots")
            kept, shows = few_shot(source, kept, info, shots=asked["shots"], seed=self.seed, skips=self.skips)
        kept = self._first_of(kept, split, asked)
        if shows:
            every = np.sum([shows[index] for index in kept], axis=0)
            asked["shown"] = dict(zip(info.classes, every.tolist(), strict=True))
        if asked:
            self.told[split] = {"of": count} | asked
        return None if len(kept) == count else kept

    def _asked(self, split: str) -> dict[str, Any]:
        """The settings that have a say in what is read of a split, with their values."""
        asked: dict[str, Any] = {}
        if self.folds and split != "test":
            asked["folds"], asked["fold"] = self.folds
        if split == "train":
            asked |= {"fraction": self.fraction} if self.fraction != 1 else {}
            asked |= {"shots": self.shots} if self.shots else {}
        if asked:
            asked["seed"] = self.seed
        key, most = self._most()
        return asked | ({key: most} if most else {})

    def _most(self) -> tuple[str, int | None]:
        """Which setting says how many samples are read at most."""
        return ("overfit", self.overfit) if self.overfit else ("limit", self.limit)

    def _first_of(self, kept: list[int], split: str, asked: Mapping[str, Any]) -> list[int]:
        key, most = self._most()
        if most is None:
            return kept
        if most > len(kept) and (key == "limit" or split == "train"):
            there = f"{len(kept):,} training samples" if split == "train" else f"{len(kept):,} samples of {split}"
            warnings.warn(f"data.{key}={most} is more than the {there}: all are used.", stacklevel=2)
        if "shots" in asked and most < len(kept):
            warnings.warn(
                f"data.{key}={most} leaves out {len(kept) - most:,} of the {len(kept):,} images that data.shots="
                f"{self.shots} has chosen: classes are shown less often.",
                stacklevel=2,
            )
        return kept[:most]

    def _fraction_of(self, kept: list[int], *, synthetic: bool) -> list[int]:
        size = round(self.fraction * len(kept))
        if size == 0:
            size = 1
            warnings.warn(
                f"data.fraction={self.fraction:g} of {len(kept):,} training samples is less than one: one is used.",
                stacklevel=2,
            )
        if synthetic:
            return kept[:size]  # any part is as good as another, the first one is cheap
        generator = torch.Generator().manual_seed(mix(_FRACTION, self.seed))
        places = torch.randperm(len(kept), generator=generator)[:size].tolist()
        return sorted(kept[place] for place in places)

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
