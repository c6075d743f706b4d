"""Samples of any other reader: whatever it raises for one of them is the finding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.file_view import named, picture_of, why
from segladder.data.doctor.findings import Finding
from segladder.data.doctor.image_look import look_at_image, look_at_pixels
from segladder.data.doctor.label_look import UNKNOWN, counted
from segladder.data.doctor.look import Look
from segladder.types import DatasetInfo, UserError

_ANNOTATE = "Fetch the image that was annotated, or annotate this one; a resized image needs its annotations resized."
_TURNED = "The image was turned after it was annotated: fetch the one that was annotated, or turn this one back."


@dataclass(kw_only=True)
class SourceView:
    """A dataset of samples; its `paths` and `semantic`, where it has them, let image and label be read apart."""

    split: str
    source: Any
    root: Path | None
    info: DatasetInfo
    expects_images: bool = True
    """The folder of its images is there."""

    def __post_init__(self) -> None:
        self._apart = hasattr(self.source, "paths") and hasattr(self.source, "semantic")
        self._paths: list[Path] | None = None
        if self._apart:
            try:
                self._paths = self.source.paths()
            except UserError:
                self._apart = False

    def __len__(self) -> int:
        return len(self.source)

    def image_id(self, index: int) -> str:
        name = getattr(self.source, "image_id", None)
        return str(index) if name is None else str(name(index))

    def file(self, index: int) -> str:
        return self.image_id(index) if self._paths is None else named(self._paths[index], self.root)

    def label_file(self, index: int) -> str:
        return self.file(index)

    def path(self, index: int) -> Path | None:
        return None if self._paths is None else self._paths[index]

    def look(self, index: int) -> Look:
        look = Look()
        if self._paths is None:
            return self._whole(index, look) if self.expects_images else look
        path = self._paths[index]
        try:
            look.image = look_at_image(path)
        except UserError as error:
            if path.is_file():
                self._add(look, index, "unreadable-image", why(error, path))
            elif self.expects_images:
                self._add(look, index, "missing-image", "is listed, and no such file is there")
        self._look_at_label(index, look)
        if look.image is not None and look.image.constant:
            self._add(look, index, "constant", "every pixel has the same value")
        return look

    def _look_at_label(self, index: int, look: Look) -> None:
        self._look_at_classes(index, look)

    def _look_at_classes(self, index: int, look: Look) -> None:
        try:
            classes = self.source.semantic(index).numpy()
        except Exception as error:  # of any reader: what it says is the finding
            self._add(look, index, "annotation", _said(error))
            return
        self._count(classes, look)
        if look.image is not None and look.image.size != classes.shape:
            (h, w), (height, width) = classes.shape, look.image.size
            turned = look.image.orientation >= 5 and look.image.stored == classes.shape
            told = f"annotated as {h}x{w}, the image is {height}x{width} (height x width)"
            todo = "" if turned else _TURNED if classes.shape == look.image.size[::-1] else _ANNOTATE
            self._add(look, index, "exif-size" if turned else "size", told, todo=todo)

    def pictures(self, index: int) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        from segladder.viz import to_rgb

        if self._paths is not None:
            try:
                return picture_of(self._paths[index]), self.source.semantic(index).numpy()
            except Exception:  # told as a finding
                return picture_of(self._paths[index]), None
        try:
            sample = self.source[(0, index)]
        except Exception:  # told as a finding
            return None, None
        label = sample["semantic"].numpy() if "semantic" in sample else None
        return to_rgb(sample["image"].numpy(), layout="CHW"), label

    def _whole(self, index: int, look: Look) -> Look:
        try:
            sample = self.source[(0, index)]
        except Exception as error:  # of any reader: what it says is the finding
            self._add(look, index, "refused", _said(error))
            return look
        look.image = look_at_pixels(sample["image"].numpy())
        if "semantic" in sample:
            self._count(sample["semantic"].numpy(), look)
        if look.image.constant:
            self._add(look, index, "constant", "every pixel has the same value")
        return look

    def _count(self, classes: NDArray[Any], look: Look) -> None:
        look.labelled = True
        if classes.size and classes.min() < 0:
            look.unknown[UNKNOWN] = int((classes < 0).sum())
            classes = classes[classes >= 0]
        for value, pixels in counted(np.asarray(classes)).items():
            if value == self.info.ignore_index:
                look.ignored += pixels
            elif value >= self.info.num_classes:
                look.unknown[value] = pixels
            else:
                look.pixels[value] = pixels

    def _add(self, look: Look, index: int, kind: str, what: str, *, todo: str = "") -> None:
        found = Finding(kind=kind, file=self.file(index), what=what, split=self.split, index=index, todo=todo)
        look.findings.append(found)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
