"""Samples that are pairs of files: image, label and id map are looked at one by one, as far as each can be read."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.id_maps import IdMapReader, read_ids
from segladder.data.decoding.labels import LabelReader, read_values
from segladder.data.doctor.findings import ERROR, WARNING, Finding
from segladder.data.doctor.image_look import ImageLook, look_at_image
from segladder.data.doctor.label_look import UNKNOWN, Meaning, colors_of, counted, size_of, values_or_none
from segladder.data.doctor.look import Look
from segladder.data.doctor.object_look import disagreement
from segladder.data.doctor.voc_boxes import ADVICE as BOX_ADVICE
from segladder.data.doctor.voc_boxes import box_faults
from segladder.data.errors import DataError
from segladder.data.readers.cityscapes_files import LABELS, CityscapesObjects
from segladder.data.readers.files import Pair
from segladder.types import DatasetInfo, Objects, UserError

_TURNED = (
    "Its sides are exchanged, so one of both was turned by 90 degrees (np.rot90, or an EXIF rotation that a tool"
    " applied or dropped): turn the label as its image is; resizing would squash it."
)

_ANOTHER_PART = (
    "Its sides have another ratio than the image's, so it shows another part, cropped or padded, or another image: take"
    " the original label; resizing would shift its classes."
)


@dataclass(kw_only=True)
class FileView:
    """The pairs of one split."""

    split: str
    pairs: Sequence[Pair]
    root: Path
    info: DatasetInfo
    labels: LabelReader
    ids: IdMapReader | None = None
    boxes: Path | None = None
    """The folder of VOC's xml, where there is one."""
    expects_labels: bool = True
    """Other images of the split have labels."""

    def __post_init__(self) -> None:
        self.meaning = Meaning(self.labels)

    def __len__(self) -> int:
        return len(self.pairs)

    def image_id(self, index: int) -> str:
        return self.pairs[index].image_id

    def file(self, index: int) -> str:
        return self._named(self.pairs[index].image)

    def label_file(self, index: int) -> str:
        return self._named(self.pairs[index].label or self.pairs[index].image)

    def look(self, index: int) -> Look:
        pair, look = self.pairs[index], Look()
        try:
            look.image = look_at_image(pair.image)
        except DataError as error:
            self._add(look, index, "unreadable-image", pair.image, why(error, pair.image))
        values = None
        if pair.label is not None:
            values = self._look_at_label(index, pair.label, look)
        elif self.expects_labels:
            self._add(look, index, "missing-label", pair.image, "no label of that name is there")
        if self.ids is not None and values is not None:
            self._look_at_ids(index, values, look)
        if look.image is not None:
            self._look_at_exif(index, look.image, look)
            if look.image.constant:
                self._add(look, index, "constant", pair.image, "every pixel has the same value")
        return look

    def pictures(self, index: int) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        pair = self.pairs[index]
        values = None if pair.label is None else values_or_none(pair.label)
        return picture_of(pair.image), None if values is None else self.meaning(values)

    def classes(self, index: int) -> NDArray[np.int64]:
        """The label's classes `(H, W)`, `UNKNOWN` for values that mean nothing.

        Raises:
            DataError: it cannot be read.
        """
        label = self.pairs[index].label
        assert label is not None, "only labelled images are asked for"
        return self.meaning(read_values(label))

    def _look_at_label(self, index: int, path: Path, look: Look) -> NDArray[Any] | None:
        """Its values, where they can be relied on: of the image's size, each with a meaning."""
        try:
            values = read_values(path)
        except DataError as error:
            found = colors_of(path)
            if found is None:
                self._add(look, index, "unreadable-label", path, why(error, path))
                return None
            look.colors, look.many_colors, size = found
            look.labelled = True
            self._look_at_size(index, "label", path, size, look)
            return None
        look.labelled = True
        look.values = counted(values)
        for value, pixels in look.values.items():
            meaning = self.meaning.of(value)
            if meaning == self.info.ignore_index:
                look.ignored += pixels
            elif meaning == UNKNOWN:
                look.unknown[value] = pixels
            else:
                look.pixels[meaning] = look.pixels.get(meaning, 0) + pixels
        same = self._look_at_size(index, "label", path, size_of(values), look)
        return values if same and not look.unknown else None

    def _look_at_size(self, index: int, what: str, path: Path, size: tuple[int, int], look: Look) -> bool:
        if look.image is None or size == look.image.size:
            return True
        (height, width), (h, w) = look.image.size, size
        if look.image.orientation >= 5 and size == look.image.stored:
            told = f"the {what} is {h}x{w} as the file is stored, its image upright {height}x{width} (height x width)"
            self._add(look, index, "exif-size", path, told)
        else:
            told = f"the {what} is {h}x{w}, its image {height}x{width} (height x width)"
            self._add(look, index, "size", path, told, todo=_of_size(size, look.image.size))
        return False

    def _look_at_exif(self, index: int, image: ImageLook, look: Look) -> None:
        """Where the sides are alike, or only swapped ends, the size of a label says nothing."""
        if image.orientation == 1 or (image.orientation >= 5 and image.size[0] != image.size[1]):
            return
        told = f"EXIF orientation {image.orientation}, and {image.size[0]}x{image.size[1]} pixels either way"
        self._add(look, index, "exif", self.pairs[index].image, told)

    def _look_at_ids(self, index: int, values: NDArray[Any], look: Look) -> None:
        pair = self.pairs[index]
        assert self.ids is not None
        if pair.ids is None:
            self._add(look, index, "missing-ids", pair.image, "its label has no id map")
            return
        try:
            ids = read_ids(pair.ids)
        except DataError as error:
            self._add(look, index, "unreadable-label", pair.ids, why(error, pair.ids))
            return
        if not self._look_at_size(index, "id map", pair.ids, size_of(ids), look) or ids.shape != values.shape:
            return
        if pair.ids == pair.label:
            return  # its classes are made of it
        classes = self.meaning(values)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # told below, for every file
                objects = copy.copy(self.ids).read(ids, classes, path=pair.ids)
        except DataError as error:
            if not self._look_at_bits(index, pair.ids, ids, look):
                what, _, todo = str(error).partition(". ")
                self._add(look, index, "object-class", pair.ids, what, todo=todo)
            return
        told = disagreement(objects, ids, classes, self.info)
        if told and self._look_at_bits(index, pair.ids, ids, look):
            return
        if told:
            self._add(look, index, "disagree", pair.ids, told)
        elif self.boxes is not None and (path := self.boxes / f"{pair.image_id}.xml").is_file():
            self._look_at_boxes(index, path, objects, look)

    def _look_at_bits(self, index: int, path: Path, ids: NDArray[Any], look: Look) -> bool:
        """Whether ids were cut: those of Cityscapes' objects need more than 8 bits."""
        if not isinstance(self.ids, CityscapesObjects) or ids.dtype != np.uint8:
            return False
        told = "stored with 8 bits, which cut its ids (26001 becomes 145)"
        self._add(look, index, "object-class", path, told, todo=f"Take the 16-bit original from {LABELS}.")
        return True

    def _look_at_boxes(self, index: int, path: Path, objects: Objects, look: Look) -> None:
        try:
            told = box_faults(path, objects, self.info.classes)
        except ValueError as error:
            self._add(look, index, "annotation", path, str(error), severity=WARNING)
            return
        if told:
            self._add(look, index, "disagree", path, told, todo=BOX_ADVICE)

    def _add(self, look: Look, index: int, kind: str, path: Path, what: str, **more: Any) -> None:
        found = Finding(kind=kind, file=self._named(path), what=what, split=self.split, index=index, **more)
        look.findings.append(found)

    def _named(self, path: Path) -> str:
        return named(path, self.root)


def _of_size(size: tuple[int, int], image: tuple[int, int]) -> str:
    """What to do about a label of another size; empty where it shows the same in fewer or more pixels."""
    (h, w), (height, width) = size, image
    if size == image[::-1]:
        return _TURNED
    same = abs(h * width - w * height) <= max(height, width)  # a pixel of rounding
    return "" if same else _ANOTHER_PART


def named(path: Path, root: Path | None) -> str:
    """A file as people find it: below the root by its path there. Bytes that are no text are escaped."""
    below = path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else str(path)
    return below.encode("utf-8", "backslashreplace").decode("utf-8")


def picture_of(path: Path) -> NDArray[Any] | None:
    """The image upright as `(H, W, 3)` uint8; None where it cannot be read."""
    from PIL import Image, ImageOps

    from segladder.viz import to_rgb

    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("L", "I", "F") or upright.mode.startswith("I;"):
                return to_rgb(np.asarray(upright))
            return np.asarray(upright.convert("RGB"))
    except Exception:  # whatever Pillow's plug-ins raise on broken files
        return None


def lost(view_file: str, split: str, index: int) -> Look:
    """What stands for a sample whose reading killed its process."""
    finding = Finding(
        kind="unreadable-image",
        file=view_file,
        what="reading it, or its label, kills the process that does so",
        split=split,
        index=index,
        severity=ERROR,
    )
    return Look(findings=[finding])


def why(error: UserError, path: Path) -> str:
    """A reader's sentence about a file without its name, which stands before it."""
    try:
        if path.stat().st_size == 0:
            return "the file is empty (0 bytes)"
    except OSError:
        pass  # the reader's own words
    if path.is_symlink() and not path.exists():
        return f"is a link to '{path.readlink()}', which is not there"
    text = str(error)
    if "cannot identify image file" in text:
        return "is no picture, or damaged from its beginning"
    _, _, rest = text.partition("' ")
    return (rest or text).partition(": the file is damaged")[0]
