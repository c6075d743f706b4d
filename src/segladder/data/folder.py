"""A folder of images and label PNGs: `root/{images,labels}/{train,val,test}`, or one heap and split files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from segladder.data.dataset_file import read_dataset_file
from segladder.data.errors import DataError
from segladder.data.files import FileDataset, Pair, images_alone, no_labels
from segladder.data.images import header, read_image
from segladder.data.labels import LabelReader
from segladder.data.splits import Tree, find_pairs, require_labels
from segladder.types import DatasetInfo

# ImageNet's, of images scaled to [0, 1]; grey is their mean
_MEAN = {1: (0.449,), 2: (0.449, 0.5), 3: (0.485, 0.456, 0.406), 4: (0.485, 0.456, 0.406, 0.5)}
_STD = {1: (0.226,), 2: (0.226, 0.25), 3: (0.229, 0.224, 0.225), 4: (0.229, 0.224, 0.225, 0.25)}
_MEASURED = 16


class Folder:
    """The reader behind `data=folder`: a root in, one dataset per split out."""

    def __init__(
        self,
        *,
        root: str | Path,
        train_split: str | None = "train",
        val_split: str | None = "val",
        test_split: str | None = "test",
        classes: Sequence[str] | Mapping[Any, Any] | None = None,
        label_map: Mapping[Any, Any] | None = None,
        channels: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        name: str | None = None,
        hint: str | None = None,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds `images/`, `labels/` and `dataset.json` (see `read_dataset_file`).
            train_split: name of the split to train on; null for none.
            val_split: name of the split to validate on; null for none.
            test_split: name of the split to test on; null for none. May be missing, not without labels.
            classes: class names, instead of the file's.
            label_map: label value -> class, e.g. `{0: 0, 255: 1}`; see `LabelReader`.
            channels: 1 to 4; else the file's, else the first image's.
            mean: per channel, of images scaled to [0, 1]; else the file's, else ImageNet's.
            std: as `mean`.
            name: what the data set is called in records; else the file's, else the folder's name.
            hint: where to get the data, for the message when it is missing.
            seed: unused, a folder has nothing random.

        Raises:
            DataError: the root or its description is missing or makes no sense.
        """
        self.root = Path(root).expanduser()
        self._hint = hint
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self._require_folder("images")
        self.images = Tree(self.root / "images")
        self.label_files = Tree(self.root / "labels")
        self._found: dict[str, list[Pair] | None] = {}
        given = read_dataset_file(self.root, classes=classes)
        first = self._first_image()
        found, self.deep, _ = header(first)
        wanted = channels if channels is not None else given.channels
        if wanted is not None and not 1 <= wanted <= 4:
            raise DataError(f"data.channels is {wanted}. Images have 1 to 4 channels.")
        self.narrow = wanted is not None
        count = wanted or found
        means = tuple(mean) if mean is not None else given.mean
        stds = tuple(std) if std is not None else given.std
        ignore_index = 255 if len(given.classes) <= 255 else 65535
        self.labels = LabelReader(
            given.classes,
            ignore=given.ignore,
            values=given.values,
            label_map=label_map if label_map is not None else given.label_map,
            ignore_index=ignore_index,
        )
        if self.deep and (means is None or stds is None):
            means, stds = self._measure(count)
        self.info = DatasetInfo(
            name=name or given.name or self.root.resolve().name,
            classes=given.classes,
            palette=given.palette,
            things=given.things,
            ignore_index=ignore_index,
            channels=count,
            mean=means or _MEAN[count],
            std=stds or _STD[count],
            label_ids=self.labels.label_ids,
        )

    def dataset(self, split: str, *, run_seed: int) -> FileDataset | None:
        """The samples of `train`, `val` or `test`, each with its label; None where there is none or none is wanted.

        Raises:
            DataError: train or val is wanted and missing, a split has no labels, or a file is missing.
        """
        name = self.splits[split]
        if name is None:
            return None
        self._require_folder("labels")
        pairs = self._pairs(name)
        if pairs is None:
            if split == "test" and name == "test":
                return None
            raise self._missing_split(split, name)
        if all(pair.label is None for pair in pairs):
            why = f"none of its {len(pairs)} images has a label below '{self.label_files.folder}'"
            raise no_labels(name, split, root=self.root, why=why)
        require_labels(pairs, labels=self.label_files.folder)
        return self._dataset(pairs)

    def unlabelled(self, name: str) -> FileDataset:
        """The images alone of any split, by its name in the folder.

        Raises:
            DataError: there is no such split.
        """
        pairs = self._pairs(name)
        if pairs is None:
            raise DataError(
                f"data.root '{self.root}' has no split '{name}': neither 'splits/{name}.txt' nor 'images/{name}' is"
                f" there.{self._listed()} Name one of them."
            )
        return self._dataset(images_alone(pairs))

    def _dataset(self, pairs: Sequence[Pair]) -> FileDataset:
        return FileDataset(
            pairs, root=self.root, info=self.info, labels=self.labels, deep=self.deep, narrow=self.narrow
        )

    def _require_folder(self, name: str) -> None:
        help_ = self._hint or "Point data.root at the folder that holds images/ and labels/."
        if not self.root.is_dir():
            raise DataError(f"data.root '{self.root}' (that is '{self.root.resolve()}') is not there. {help_}")
        if not (self.root / name).is_dir():
            raise DataError(f"data.root '{self.root}' has no folder '{name}'. {help_}")

    def _pairs(self, name: str) -> list[Pair] | None:
        if name not in self._found:
            self._found[name] = find_pairs(self.root, name, images=self.images, labels=self.label_files)
        return self._found[name]

    def _first_image(self) -> Path:
        for name in filter(None, self.splits.values()):
            pairs = self._pairs(name)
            if pairs:
                return pairs[0].image
        stems = sorted(self.images.files)
        if stems:
            raise self._missing_split("train", str(self.splits["train"]))
        raise DataError(f"'{self.images.folder}' holds no picture. Put images there, in folders train, val and test.")

    def _missing_split(self, split: str, name: str) -> DataError:
        words = {"train": "training", "val": "validation", "test": "test"}
        without = "" if split == "train" else f", or go without by data.{split}_split=null"
        return DataError(
            f"data.root '{self.root}' has no {words[split]} split '{name}': neither 'splits/{name}.txt' nor"
            f" 'images/{name}' is there.{self._listed()} Make one, name another with data.{split}_split={without}."
        )

    def _listed(self) -> str:
        there = sorted(
            {path.stem for path in (self.root / "splits").glob("*.txt")}
            | {path.name for path in self.images.folder.iterdir() if path.is_dir()}
        )
        return f" Splits there: {', '.join(there)}." if there else ""

    def _measure(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and spread of a few images: deep images have no natural scale to assume."""
        name = next(name for name in self.splits.values() if name)
        pairs = self._pairs(name) or []
        some = pairs[:: max(1, len(pairs) // _MEASURED)][:_MEASURED]
        pixels = torch.cat(
            [read_image(pair.image, channels=channels, deep=True).flatten(1)[:, ::7] for pair in some], dim=1
        ).double()
        mean = tuple(_round(value) for value in pixels.mean(1))
        std = tuple(max(_round(value), 1e-6) for value in pixels.std(1))
        warnings.warn(
            f"Images of '{self.root}' are deeper than 8 bits and dataset.json gives no mean and std; measured"
            " on"
            f' {len(some)} of them: "mean": {list(mean)}, "std": {list(std)}. Write that into dataset.json.',
            stacklevel=4,
        )
        return mean, std


def _round(value: Tensor) -> float:
    return float(f"{float(value):.4g}")
