"""The images of one panoptic file as samples: the same segments read as classes, as objects, or as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from segladder.data.decoding.images import read_image
from segladder.data.errors import DataError
from segladder.data.order import Key
from segladder.data.panoptic.file import PanopticFile, PanopticImage
from segladder.data.readers.missing_images import missing_images, no_folder
from segladder.masks import from_id_map, objects_of
from segladder.masks.segments import class_map
from segladder.types import DatasetInfo, Objects, Sample, Segments

_SEGMENT_BYTES = 600
"""About what an object in run lengths takes in memory."""


class PanopticDataset(Dataset[Sample]):
    """Images and their segments, decoded on every read."""

    synthetic = False

    def __init__(
        self,
        file: PanopticFile,
        images: Sequence[PanopticImage],
        *,
        folder: Path | None,
        info: DatasetInfo,
        label_of: Mapping[int, int] | None,
        instances: bool = False,
    ) -> None:
        """
        Args:
            file: the annotations.
            images: which of its images, in order.
            folder: where the image files are; None where nobody said.
            info: classes and channels.
            label_of: category id -> class index; None for images alone.
            instances: samples hold their objects, too.
        """
        self.file = file
        self.images = list(images)
        self.folder = folder
        self.info = info
        self.label_of = label_of
        self.instances = instances

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Key | int) -> Sample:
        """One whole image with its label, and in the instance view its objects; the epoch of a key changes nothing.

        Raises:
            DataError: see `read_image` and `PanopticFile.segments`; or the image has another size than the file says.
        """
        index = key if isinstance(key, int) else key[1]
        entry = self.images[index]
        path = self.paths([index])[0]
        try:
            image = read_image(path, channels=self.info.channels, narrow=True)
        except DataError:
            if path.is_file():
                raise
            raise missing_images(self.file.path, [path]) from None
        size = (int(image.shape[-2]), int(image.shape[-1]))
        if size != entry.size:
            raise DataError(
                f"Image '{path}' is {size[0]}x{size[1]}, but '{self.file.path}' says {entry.size[0]}x{entry.size[1]}"
                f" (height x width) of image {entry.number}. Take the image that was annotated."
            )
        sample: Sample = {"image": image, "image_id": str(entry.number), "size": size}
        if self.label_of is not None:
            segments = self.segments(index)
            sample["semantic"] = torch.from_numpy(class_map(segments, void=self.info.ignore_index)).long()
            if self.instances:
                sample["objects"] = objects_in(segments, self.info)
        return sample

    def segments(self, index: int) -> Segments:
        """The segments of one sample, without its image.

        Raises:
            DataError: see `PanopticFile.segments`.
        """
        assert self.label_of is not None, "images alone have no segments"
        entry = self.images[index]
        return self.file.segments(str(entry.number), label_of=self.label_of, size=entry.size)

    def semantic(self, index: int) -> Tensor:
        """The class of each pixel of one sample, `(H, W)` int64, without its image; what is in no segment is ignored.

        Raises:
            DataError: see `PanopticFile.segments`.
        """
        return torch.from_numpy(class_map(self.segments(index), void=self.info.ignore_index)).long()

    def objects(self, index: int) -> Objects:
        """The things of one sample, without its image.

        Raises:
            DataError: see `PanopticFile.segments`.
        """
        return objects_in(self.segments(index), self.info)

    def image_id(self, index: int) -> str:
        """The image's id in the file, as text."""
        return str(self.images[index].number)

    def image_size(self, index: int) -> tuple[int, int]:
        """Height and width of one sample, as the annotations say."""
        return self.images[index].size

    def paths(self, indices: Sequence[int] | None = None) -> list[Path]:
        """The image files of these samples, or of all, whether they are there or not.

        Raises:
            DataError: nobody said where images are.
        """
        if self.folder is None or not self.folder.is_dir():
            raise no_folder(self.file.path, self.folder)
        chosen = self.images if indices is None else [self.images[index] for index in indices]
        return [self.folder / image.name for image in chosen]

    def files(self, index: int) -> list[Path]:
        """The files that one sample is read from."""
        found = self.paths([index])
        return found if self.label_of is None else [*found, self.file.map_file(self.image_id(index))]

    def require_images(self, indices: Sequence[int] | None = None) -> None:
        """Looks whether the image files of these samples, or of all, are there.

        Raises:
            DataError: one is missing, or their folder.
        """
        paths = self.paths(indices)
        there = {path for folder in {path.parent for path in paths} if folder.is_dir() for path in folder.iterdir()}
        missing = [path for path in paths if path not in there]
        if missing:
            raise missing_images(self.file.path, missing, of=len(paths))

    def reading(self) -> dict[str, Any]:
        """What decides, besides the files, which tensors come out."""
        return {
            "type": type(self).__qualname__,
            "annotations": self.file.sha256,
            "labels": None if self.label_of is None else {str(key): value for key, value in self.label_of.items()},
            "instances": self.instances,
            "channels": self.info.channels,
        }

    def digest(self, indices: Sequence[int] | None = None) -> str:
        """SHA-256 of the annotations' file, of which images are used, and of what categories mean.

        Neither images nor maps are looked at.
        """
        chosen = self.images if indices is None else [self.images[index] for index in indices]
        every = [image.number for image in self.file.images]
        numbers = [image.number for image in chosen]
        content = {
            "annotations": self.file.sha256,
            "images": None if numbers == every else numbers,
            "labels": None if self.label_of is None else {str(key): value for key, value in self.label_of.items()},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def decoded_bytes(self) -> int:
        """About how much memory all samples take once decoded."""
        pixels = sum(height * width for height, width in (image.size for image in self.images))
        segments = sum(len(self.file.rows[str(image.number)].ids) for image in self.images) if self.instances else 0
        return pixels * (self.info.channels + 1) + segments * _SEGMENT_BYTES


def objects_in(segments: Segments, info: DatasetInfo) -> Objects:
    """The segments that are things, as objects."""
    things = np.array(info.things)[segments.labels]
    numbers = segments.ids[things]
    stuff = [0, *segments.ids[~things].tolist()]
    masks, kept = from_id_map(segments.id_map, ignore=stuff)
    order = np.argsort(numbers)
    assert np.array_equal(kept, numbers[order]), "every segment has pixels"
    height, width = segments.id_map.shape
    return objects_of(
        masks,
        segments.labels[things][order],
        size=(height, width),
        iscrowd=segments.iscrowd[things][order],
        ids=kept,
    )
