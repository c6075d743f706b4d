"""A folder of images and label PNGs: `root/{images,labels}/{train,val,test}`, or one heap and split files."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from segladder.data.dataset_file import read_dataset_file
from segladder.data.errors import DataError
from segladder.data.images import header, read_image
from segladder.data.labels import LabelReader
from segladder.data.order import Key
from segladder.data.splits import Pair, Tree, find_pairs
from segladder.types import DatasetInfo, Sample

# ImageNet's, of images scaled to [0, 1]; grey is their mean
_MEAN = {1: (0.449,), 2: (0.449, 0.5), 3: (0.485, 0.456, 0.406), 4: (0.485, 0.456, 0.406, 0.5)}
_STD = {1: (0.226,), 2: (0.226, 0.25), 3: (0.229, 0.224, 0.225), 4: (0.229, 0.224, 0.225, 0.25)}
_MEASURED = 16


class FolderDataset(Dataset[Sample]):
    """Image and label files as samples, decoded on every read."""

    synthetic = False

    def __init__(
        self,
        pairs: Sequence[Pair],
        *,
        root: Path,
        info: DatasetInfo,
        labels: LabelReader,
        deep: bool = False,
        narrow: bool = False,
    ) -> None:
        """
        Args:
            pairs: the files, in order.
            root: what the identity's paths are relative to.
            info: classes and channels.
            labels: how label files are read.
            deep: images have more than 8 bits and come as float32.
            narrow: see `read_image`.
        """
        self.pairs = list(pairs)
        self.root = root
        self.info = info
        self.labels = labels
        self.deep = deep
        self.narrow = narrow

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: Key | int) -> Sample:
        """One whole image with its label; the epoch of a key changes nothing.

        Raises:
            DataError: see `read_image` and `LabelReader.read`; or image and label differ in size.
        """
        pair = self.pairs[key if isinstance(key, int) else key[1]]
        image = read_image(pair.image, channels=self.info.channels, deep=self.deep, narrow=self.narrow)
        semantic = self.labels.read(pair.label)
        height, width = image.shape[-2:]
        if semantic.shape != (height, width):
            turned = tuple(semantic.shape) == (width, height)
            hint = " The image may carry an EXIF orientation that its label was drawn without." if turned else ""
            raise DataError(
                f"Image '{pair.image}' is {height}x{width} but its label '{pair.label}' is"
                f" {semantic.shape[0]}x{semantic.shape[1]} (height x width).{hint} Store the label at the"
                " image's size, with nearest-neighbour resizing."
            )
        return {"image": image, "semantic": semantic, "image_id": pair.image_id, "size": (height, width)}

    def digest(self, indices: Sequence[int] | None = None) -> str:
        """SHA-256 of the split's content as far as it is cheap to know.

        That is every image's and label's path below the root and size in bytes, sorted, and what label values
        mean. File contents are not read (Cityscapes would take minutes): an edit that keeps the size goes
        unseen.
        """
        chosen = self.pairs if indices is None else [self.pairs[index] for index in indices]
        files = sorted(
            f"{path.relative_to(self.root).as_posix()} {path.stat().st_size}"
            for pair in chosen
            for path in (pair.image, pair.label)
        )
        content = {"files": files, "labels": self.labels.settings(), "channels": self.info.channels}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def decoded_bytes(self) -> int:
        """About how much memory all samples take once decoded, from the first image's size."""
        _, _, (height, width) = header(self.pairs[0].image)
        label_bytes = 1 if self.info.ignore_index < 256 else 2
        return len(self) * height * width * (self.info.channels * (4 if self.deep else 1) + label_bytes)


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
            test_split: name of the split to test on; null for none. May be missing.
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
        self._splits = {"train": train_split, "val": val_split, "test": test_split}
        self._require_folders()
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
        )

    def dataset(self, split: str, *, run_seed: int) -> FolderDataset | None:
        """The samples of `train`, `val` or `test`; None where there is none or none is wanted.

        Raises:
            DataError: train or val is wanted and missing, or a file is missing.
        """
        name = self._splits[split]
        if name is None:
            return None
        pairs = self._pairs(name)
        if pairs is None:
            if split == "test" and name == "test":
                return None
            raise self._missing_split(split, name)
        return FolderDataset(
            pairs, root=self.root, info=self.info, labels=self.labels, deep=self.deep, narrow=self.narrow
        )

    def _require_folders(self) -> None:
        help_ = self._hint or "Point data.root at the folder that holds images/ and labels/."
        if not self.root.is_dir():
            raise DataError(f"data.root '{self.root}' (that is '{self.root.resolve()}') is not there. {help_}")
        missing = [name for name in ("images", "labels") if not (self.root / name).is_dir()]
        if missing:
            raise DataError(f"data.root '{self.root}' has no folder '{missing[0]}'. {help_}")

    def _pairs(self, name: str) -> list[Pair] | None:
        if name not in self._found:
            self._found[name] = find_pairs(self.root, name, images=self.images, labels=self.label_files)
        return self._found[name]

    def _first_image(self) -> Path:
        for name in filter(None, self._splits.values()):
            pairs = self._pairs(name)
            if pairs:
                return pairs[0].image
        stems = sorted(self.images.files)
        if stems:
            raise self._missing_split("train", str(self._splits["train"]))
        raise DataError(f"'{self.images.folder}' holds no picture. Put images there, in folders train, val and test.")

    def _missing_split(self, split: str, name: str) -> DataError:
        there = sorted(
            {path.stem for path in (self.root / "splits").glob("*.txt")}
            | {path.name for path in self.images.folder.iterdir() if path.is_dir()}
        )
        listed = f" Splits there: {', '.join(there)}." if there else ""
        words = {"train": "training", "val": "validation", "test": "test"}
        without = "" if split == "train" else f", or go without by data.{split}_split=null"
        return DataError(
            f"data.root '{self.root}' has no {words[split]} split '{name}': neither 'splits/{name}.txt' nor"
            f" 'images/{name}' is there.{listed} Make one, name another with data.{split}_split={without}."
        )

    def _measure(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and spread of a few images: deep images have no natural scale to assume."""
        name = next(name for name in self._splits.values() if name)
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
