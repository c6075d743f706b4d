"""Image and label files as samples: what every data set on disk comes down to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.data import Dataset

from segladder.data.decoding.id_maps import IdMapReader, read_ids
from segladder.data.decoding.images import first_readable, header, read_image
from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError
from segladder.data.order import Key
from segladder.types import DatasetInfo, Objects, Sample


@dataclass(frozen=True)
class Pair:
    """One image and the files that say what is true of it."""

    image_id: str
    """The image's path in its split or folder without suffix, with forward slashes."""
    image: Path
    label: Path | None
    """None where there is no such file."""
    ids: Path | None = None
    """The id map that tells its objects apart; None outside of the instance view."""


class FileDataset(Dataset[Sample]):
    """Image and label files as samples, decoded on every read."""

    synthetic = False

    def __init__(
        self,
        pairs: Sequence[Pair],
        *,
        root: Path,
        info: DatasetInfo,
        labels: LabelReader,
        ids: IdMapReader | None = None,
        deep: bool = False,
        narrow: bool = False,
        labels_alone: bool = False,
    ) -> None:
        """
        Args:
            pairs: the files, in order.
            root: what the identity's paths are relative to.
            info: classes and channels.
            labels: how label files are read.
            ids: how id maps are read; None for the semantic view.
            deep: images have more than 8 bits and come as float32.
            narrow: see `read_image`.
            labels_alone: images may be missing, as long as none is read.
        """
        self.pairs = list(pairs)
        self.root = root
        self.info = info
        self.labels = labels
        self.ids = ids
        self.deep = deep
        self.narrow = narrow
        self.labels_alone = labels_alone

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: Key | int) -> Sample:
        """One whole image, with its label and in the instance view its objects, where it has them.

        The epoch of a key changes nothing.

        Raises:
            DataError: see `read_image`, `LabelReader.read` and `IdMapReader.read`; or the files differ in size.
        """
        pair = self.pairs[key if isinstance(key, int) else key[1]]
        if self.labels_alone and not pair.image.is_file():
            raise DataError(f"Image '{pair.image}' is not there. Labels alone are enough to score predictions.")
        image = read_image(pair.image, channels=self.info.channels, deep=self.deep, narrow=self.narrow)
        height, width = image.shape[-2:]
        sample: Sample = {"image": image, "image_id": pair.image_id, "size": (height, width)}
        if pair.label is not None:
            image_file = f"Image '{pair.image}'"
            # whoever looks at objects computes with classes at once
            narrow = self.ids is None
            sample["semantic"] = self.labels.read_narrow(pair.label) if narrow else self.labels.read(pair.label)
            require_size((height, width), sample["semantic"].shape, of=image_file, what="label", path=pair.label)
            if self.ids is not None and pair.ids is not None:
                ids = read_ids(pair.ids)
                require_size((height, width), ids.shape, of=image_file, what="id map", path=pair.ids)
                sample["objects"] = self.ids.read(ids, sample["semantic"].numpy(), path=pair.ids)
        return sample

    def semantic(self, index: int) -> Tensor:
        """The label of one sample, `(H, W)` int64, without a look at its image.

        Raises:
            DataError: see `LabelReader.read`.
        """
        label = self.pairs[index].label
        assert label is not None, "a split without labels is never counted"
        return self.labels.read(label)

    def objects(self, index: int) -> Objects:
        """The objects of one sample of the instance view, without a look at its image.

        Raises:
            DataError: see `LabelReader.read` and `IdMapReader.read`; or the id map and the label differ in size.
        """
        pair = self.pairs[index]
        assert self.ids is not None and pair.ids is not None, "objects are read in the instance view alone"
        ids = read_ids(pair.ids)
        if not self.ids.needs_classes:
            return self.ids.read(ids, None, path=pair.ids)
        assert pair.label is not None, "an id map without a label is in no split"
        semantic = self.labels.read(pair.label)
        require_size(ids.shape, semantic.shape, of=f"Id map '{pair.ids}'", what="label", path=pair.label)
        return self.ids.read(ids, semantic.numpy(), path=pair.ids)

    def files(self, index: int) -> list[Path]:
        """The files that one sample is read from."""
        pair = self.pairs[index]
        return [path for path in (pair.image, pair.label, pair.ids) if path is not None]

    def image_size(self, index: int) -> tuple[int, int]:
        """Height and width of one sample, from its image's header.

        Raises:
            DataError: see `header`.
        """
        return header(self.pairs[index].image)[2]

    def reading(self) -> dict[str, Any]:
        """What decides, besides the files, which tensors come out."""
        return {
            "type": type(self).__qualname__,
            "labels": self.labels.settings(),
            "ids": None if self.ids is None else self.ids.settings(),
            "images": [self.info.channels, self.deep, self.narrow],
        }

    def digest(self, indices: Sequence[int] | None = None) -> str:
        """SHA-256 of the split's content as far as it is cheap to know.

        That is every image's, label's and id map's path below the root and size in bytes, sorted, and what label
        values and ids mean. File contents are not read (Cityscapes would take minutes): an edit that keeps the size
        goes unseen. Where an image is missing, as `labels_alone` allows, it is the `label_digest`.
        """
        chosen = self.pairs if indices is None else [self.pairs[index] for index in indices]
        if self.labels_alone and not all(pair.image.is_file() for pair in chosen):
            return self.label_digest(indices)
        return self._hashed([path for pair in chosen for path in (pair.image, pair.label, pair.ids)], images=True)

    def label_digest(self, indices: Sequence[int] | None = None) -> str:
        """The same of labels and id maps alone: what it takes to know that two scores are of the same truth."""
        chosen = self.pairs if indices is None else [self.pairs[index] for index in indices]
        return self._hashed([path for pair in chosen for path in (pair.label, pair.ids)], images=False)

    def _hashed(self, paths: Sequence[Path | None], *, images: bool) -> str:
        files = sorted(
            f"{path.relative_to(self.root).as_posix()} {path.stat().st_size}" for path in paths if path is not None
        )
        content: dict[str, Any] = {"files": files, "labels": self.labels.settings()}
        if images:
            content["channels"] = self.info.channels
        if self.ids is not None:
            content["ids"] = self.ids.settings()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def decoded_bytes(self) -> int:
        """About how much memory all samples take once decoded, from the first image's size."""
        _, _, (height, width) = header(first_readable(pair.image for pair in self.pairs))
        label_bytes = 1 if self.info.ignore_index < 256 else 2
        return len(self) * height * width * (self.info.channels * (4 if self.deep else 1) + label_bytes)


def require_size(size: tuple[int, ...], found: tuple[int, ...], *, of: str, what: str, path: Path) -> None:
    """Refuses a file of another height or width than the one it belongs to."""
    if tuple(found) == tuple(size):
        return
    turned = tuple(found) == tuple(size)[::-1] and of.startswith("Image")
    hint = f" The image may carry an EXIF orientation that its {what} was drawn without." if turned else ""
    raise DataError(
        f"{of} is {size[0]}x{size[1]} but its {what} '{path}' is {found[0]}x{found[1]} (height x width).{hint} Store"
        f" the {what} at the image's size, with nearest-neighbour resizing."
    )


def images_alone(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs as of a split without labels."""
    return [replace(pair, label=None, ids=None) for pair in pairs]


def no_labels(name: str, role: str, *, root: Path, why: str) -> DataError:
    """The error of a split that has images alone where labels are needed.

    Args:
        name: the split's published name.
        role: what it was to serve as: train, val or test.
        root: the data set's folder.
        why: what is missing, as a part of a sentence.
    """
    use = {"train": "be trained on", "val": "be scored", "test": "be scored"}[role]
    without = "" if role == "train" else f" (data.{role}_split=null: none)"
    return DataError(
        f"Split '{name}' of '{root}' cannot {use}: {why}. Name a split with labels by data.{role}_split=…{without};"
        f" `segladder predict run=DIR data.split={name} output=DIR` writes predictions for this one."
    )
