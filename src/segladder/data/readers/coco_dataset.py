"""The images of one COCO file as samples: image files beside the file's objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from segladder.data.decoding.images import read_image
from segladder.data.errors import DataError
from segladder.data.order import Key
from segladder.data.readers.coco_file import CocoFile
from segladder.data.readers.missing_images import missing_images, no_folder
from segladder.masks import areas, paint
from segladder.types import DatasetInfo, Objects, Sample

_OBJECT_BYTES = 600
"""About what an object in run lengths takes in memory."""


class CocoDataset(Dataset[Sample]):
    """Images and their objects, decoded on every read; images are not looked for before one is read."""

    synthetic = False

    def __init__(
        self,
        file: CocoFile,
        places: Sequence[int],
        *,
        folder: Path | None,
        info: DatasetInfo,
        labels: NDArray[np.int64] | None,
        instances: bool = False,
        deep: bool = False,
        narrow: bool = False,
    ) -> None:
        """
        Args:
            file: the annotations.
            places: which of its images, in order.
            folder: where the image files are; None where nobody said.
            info: classes and channels.
            labels: class of each category of the file, -1 for those left out; None for images alone.
            instances: samples hold their objects, too.
            deep: images have more than 8 bits and come as float32.
            narrow: see `read_image`.
        """
        self.file = file
        self.places = list(places)
        self.folder = folder
        self.info = info
        self.labels = labels
        self.instances = instances
        self.deep = deep
        self.narrow = narrow

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, key: Key | int) -> Sample:
        """One whole image with its label, and in the instance view its objects; the epoch of a key changes nothing.

        Raises:
            DataError: see `read_image` and `CocoFile.objects`; or the image has another size than the file says.
        """
        index = key if isinstance(key, int) else key[1]
        entry = self.file.images[self.places[index]]
        path = self._required_folder() / entry.name
        try:
            image = read_image(path, channels=self.info.channels, deep=self.deep, narrow=self.narrow)
        except DataError:
            if path.is_file():
                raise
            raise missing_images(self.file.path, [path]) from None
        size = (int(image.shape[-2]), int(image.shape[-1]))
        if size != entry.size:
            turned = (
                " It may carry an EXIF orientation that the objects were drawn without."
                if size == entry.size[::-1]
                else ""
            )
            raise DataError(
                f"Image '{path}' is {size[0]}x{size[1]}, but '{self.file.path}' says {entry.size[0]}x{entry.size[1]}"
                f" (height x width) of image {entry.number}.{turned} Take the image that was annotated."
            )
        sample: Sample = {"image": image, "image_id": str(entry.number), "size": size}
        if self.labels is not None:
            objects = self.objects(index)
            sample["semantic"] = self._painted(objects)
            if self.instances:
                sample["objects"] = objects
        return sample

    def objects(self, index: int) -> Objects:
        """The objects of one sample, without its image.

        Raises:
            DataError: see `CocoFile.objects`.
        """
        assert self.labels is not None, "images alone have no objects"
        return self.file.objects(self.places[index], self.labels)

    def semantic(self, index: int) -> Tensor:
        """The class of each pixel of one sample, `(H, W)` int64, without its image: that of the smallest object there.

        Crowds lie under everything else; where nothing is, it is background.

        Raises:
            DataError: see `CocoFile.objects`.
        """
        return self._painted(self.objects(index))

    def image_id(self, index: int) -> str:
        """The image's id in the file, as text."""
        return str(self.file.images[self.places[index]].number)

    def paths(self, indices: Sequence[int] | None = None) -> list[Path]:
        """The image files of these samples, or of all, whether they are there or not."""
        folder = self._required_folder()
        places = self.places if indices is None else [self.places[index] for index in indices]
        return [folder / self.file.images[place].name for place in places]

    def require_images(self, indices: Sequence[int] | None = None) -> None:
        """Looks whether the image files of these samples, or of all, are there; each folder is listed once.

        Raises:
            DataError: one is missing, or their folder.
        """
        listed: dict[Path, set[str]] = {}
        missing = []
        paths = self.paths(indices)
        for path in paths:
            if path.parent not in listed:
                there = path.parent.iterdir() if path.parent.is_dir() else ()
                listed[path.parent] = {file.name for file in there}
            if path.name not in listed[path.parent]:
                missing.append(path)
        if missing:
            raise missing_images(self.file.path, missing, of=len(paths))

    def files(self, index: int) -> list[Path]:
        """The image file of one sample."""
        return self.paths([index])

    def image_size(self, index: int) -> tuple[int, int]:
        """Height and width of one sample, as the annotations say."""
        return self.file.images[self.places[index]].size

    def reading(self) -> dict[str, Any]:
        """What decides, besides the image files, which tensors come out: the annotations' content among it."""
        return {
            "type": type(self).__qualname__,
            "annotations": self.file.sha256,
            "labels": None if self.labels is None else self.labels.tolist(),
            "instances": self.instances,
            "images": [self.info.channels, self.deep, self.narrow],
        }

    def digest(self, indices: Sequence[int] | None = None) -> str:
        """SHA-256 of the annotations' file, of which images are used, and of what categories mean.

        Image files are not looked at: they need not be there.
        """
        chosen = self.places if indices is None else [self.places[index] for index in indices]
        content = {
            "annotations": self.file.sha256,
            "images": None if chosen == list(range(len(self.file))) else [self.file.images[i].number for i in chosen],
            "labels": None if self.labels is None else self.labels.tolist(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def decoded_bytes(self) -> int:
        """About how much memory all samples take once decoded."""
        pixels = sum(height * width for height, width in (self.file.images[place].size for place in self.places))
        objects = int(self.file.counts()[self.places].sum()) * _OBJECT_BYTES if self.instances else 0
        return pixels * (self.info.channels * (4 if self.deep else 1) + 1) + objects

    def _painted(self, objects: Objects) -> Tensor:
        order = np.lexsort((-areas(objects.masks), ~objects.iscrowd))
        painted = paint([objects.masks[place] for place in order], objects.labels[order].tolist(), objects.size, fill=0)
        return torch.from_numpy(painted).long()

    def _required_folder(self) -> Path:
        if self.folder is not None and self.folder.is_dir():
            return self.folder
        raise no_folder(self.file.path, self.folder)
