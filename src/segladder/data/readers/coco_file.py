"""COCO's annotation file as compact rows: every entry is looked at once, masks are drawn when an image is read."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.errors import DataError
from segladder.data.formats.annotations import image_name, image_size
from segladder.data.formats.json_lists import JsonText
from segladder.data.formats.segmentation import mask_of
from segladder.data.progress import with_progress
from segladder.data.readers.coco_rows import CocoRows
from segladder.masks import areas, boxes, objects_of
from segladder.types import Objects, UserError

_LISTS = ("images", "annotations", "categories")

_TOLERATED = 0.01
"""Share of objects that may have no area or lie outside their image: COCO itself has a few such boxes."""


@dataclass(frozen=True)
class CocoImage:
    """An entry of `images`."""

    number: int | str
    name: str
    """Path below the folder of images."""
    size: tuple[int, int]
    """Height and width in pixels."""


class CocoFile:
    """One file of images, annotations and categories (Lin et al., ECCV 2014).

    Attributes:
        images: in the file's order.
        categories: id -> name, by ascending id.
    """

    def __init__(self, path: Path, *, labelled: bool = True) -> None:
        """
        Args:
            path: the JSON file.
            labelled: False for a file that may have images alone, as `image_info_test2017.json`.

        Raises:
            DataError: broken JSON, no COCO, ids twice, or an annotation that makes no sense: which, and its line.
        """
        self.path = path
        self.text = JsonText(path)
        self.images: list[CocoImage] = []
        self.categories: dict[int, str] = {}
        self._rows = CocoRows()
        self._read()
        missing = [key for key in (_LISTS if labelled else _LISTS[:1]) if key not in self.text.keys]
        if missing:
            raise DataError(
                f"'{path}' has no '{missing[0]}': a file of COCO annotations has images, annotations and categories."
                " Name such a file with data.annotations=…"
            )
        self.categories = dict(sorted(self.categories.items()))
        self._arrange()

    def __len__(self) -> int:
        return len(self.images)

    def __getstate__(self) -> dict[str, Any]:
        # a worker that cannot inherit the text reads the file once more
        return {key: value for key, value in self.__dict__.items() if key != "text"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.text = JsonText(self.path)

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def single(self, index: int, labels: NDArray[np.int64]) -> int:
        """How many objects that are no crowds an image has.

        Args:
            index: which image.
            labels: see `objects`.
        """
        rows = self._of_image(index, labels)
        return int((~self._crowd[rows]).sum())

    def counts(self) -> NDArray[np.int64]:
        """Annotations of each image, `(images,)`."""
        return np.diff(self._first)

    def objects(self, index: int, labels: NDArray[np.int64]) -> Objects:
        """The objects of one image, with the boxes and areas of the file; where it has none, those of the masks.

        Args:
            index: which image.
            labels: class of each category in the order of `categories`, -1 for those left out.

        Raises:
            DataError: a segmentation that makes no sense.
        """
        size = self.images[index].size
        rows = self._of_image(index, labels)
        masks = []
        for row in rows:
            at = int(self._at[row])
            try:
                masks.append(mask_of(self.text.value(at)["segmentation"], size))
            except UserError as error:
                raise self._wrong(row, str(error)) from None
        found, area = self._boxes[rows], self._areas[rows]
        unsaid = np.flatnonzero(np.isnan(found[:, 0]))
        found[unsaid] = boxes([masks[row] for row in unsaid])
        unsaid = np.flatnonzero(np.isnan(area))
        area[unsaid] = areas([masks[row] for row in unsaid])
        return objects_of(
            masks,
            labels[self._category[rows]],
            size=size,
            boxes=found,
            iscrowd=self._crowd[rows],
            areas=area,
            ids=self._ids[rows],
        )

    def _of_image(self, index: int, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = np.arange(self._first[index], self._first[index + 1])
        return rows[labels[self._category[rows]] >= 0]

    def _read(self) -> None:
        text = self.text
        if text.text.lstrip()[:1] == "[":
            raise DataError(
                f"'{self.path}' holds a list instead of an object: that is how results are stored, not annotations."
                f" Score them with `segladder evaluate predictions={self.path}`, and name the annotations with"
                " data.annotations=…"
            )
        total = text.text.count('"file_name"') + text.text.count('"image_id"')
        for key, at, entry in with_progress(text.members(_LISTS), total, f"reading {self.path.name}"):
            if key not in _LISTS:
                continue
            if not isinstance(entry, dict):
                raise DataError(f"{text.place(at)}: an entry of '{key}' is no object in braces. Correct it.")
            if key == "images":
                self._add_image(entry, at)
            elif key == "categories":
                self._add_category(entry, at)
            elif "segments_info" in entry:
                raise DataError(
                    f"'{self.path}' is a panoptic file: its annotations hold 'segments_info'. Read it with"
                    " data=coco_panoptic, or name the file of instances with data.annotations=…"
                )
            else:
                try:
                    self._rows.add(entry, at)
                except UserError as error:
                    raise DataError(f"{text.place(at)}: annotation {entry.get('id')!r}: {error}") from None

    def _add_image(self, entry: dict[str, Any], at: int) -> None:
        number, where = entry.get("id"), self.text.place
        if isinstance(number, bool) or not isinstance(number, int | str):
            raise DataError(f"{where(at)}: an image has the id {number!r}. Give it a whole number of its own.")
        name = image_name(entry.get("file_name"), f"{self.path.name}: image {number}")
        size = image_size(entry.get("height"), entry.get("width"))
        if size is None:
            raise DataError(f"{where(at)}: image {number} needs its 'height' and 'width' in pixels. Write them there.")
        self.images.append(CocoImage(number, name, size))

    def _add_category(self, entry: dict[str, Any], at: int) -> None:
        number, name = entry.get("id"), entry.get("name")
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(name, str) or not name.strip():
            raise DataError(f"{self.text.place(at)}: a category needs a whole number 'id' and a 'name'. Correct it.")
        if number in self.categories or name in self.categories.values():
            raise DataError(
                f"{self.text.place(at)}: category {number}, '{name}', has the id or the name of another one. Give each"
                " its own."
            )
        self.categories[number] = name

    def _arrange(self) -> None:
        """Rows by image, with everything checked that needs the whole file."""
        rows = self._rows
        image_of = {image.number: index for index, image in enumerate(self.images)}
        if len(image_of) < len(self.images):
            twice = _first_twice([image.number for image in self.images])
            raise DataError(f"'{self.path}' lists image {twice} twice. Give each image an id of its own.")
        category_of = {number: index for index, number in enumerate(self.categories)}
        images = np.array([image_of.get(number, -1) for number in rows.images], dtype=np.int64)
        order = np.argsort(images, kind="stable")
        self._first = np.searchsorted(images[order], np.arange(len(self.images) + 1))
        self._ids, self._at = np.array(rows.ids, dtype=np.int64)[order], np.array(rows.at, dtype=np.int64)[order]
        self._category = np.array([category_of.get(n, -1) for n in rows.categories], dtype=np.int64)[order]
        self._crowd = np.array(rows.crowds, dtype=bool)[order]
        self._areas = np.array(rows.areas, dtype=np.float64)[order]
        self._boxes = np.array(rows.boxes, dtype=np.float64).reshape(-1, 4)[order]
        outlines = np.array(rows.outlines, dtype=np.float64).reshape(-1, 4)[order]
        stated = np.array(rows.sizes, dtype=np.int64).reshape(-1, 2)[order]
        images = images[order]
        self._require(
            images >= 0, "It is of image {!r}, which 'images' does not list. Add the image there.", "image_id"
        )
        self._require(
            self._category >= 0,
            "Its category_id {!r} is none of 'categories'. Add the category there.",
            "category_id",
        )
        if len(np.unique(self._ids)) < len(self._ids):
            twice = _first_twice(self._ids.tolist())
            raise DataError(f"'{self.path}' gives two annotations the id {twice}. Give each its own.")
        sizes = np.array([image.size for image in self.images], dtype=np.int64).reshape(-1, 2)[images]
        odd = np.flatnonzero((stated[:, 0] >= 0) & (stated != sizes).any(1))
        if len(odd):
            (h, w), (height, width) = stated[odd[0]], sizes[odd[0]]
            raise self._wrong(
                odd[0],
                f"Its mask is {h}x{w}, but its image is {height}x{width} (height x width). Give one of that size.",
            )
        self._weigh_faults(sizes, outlines)
        self._rows = CocoRows()

    def _require(self, good: NDArray[np.bool_], sentence: str, key: str) -> None:
        bad = np.flatnonzero(~good)
        if len(bad):
            raise self._wrong(bad[0], sentence.format(self.text.value(int(self._at[bad[0]])).get(key)))

    def _weigh_faults(self, sizes: NDArray[np.int64], outlines: NDArray[np.float64]) -> None:
        """Objects without area or outside their image: a few are let pass, as every evaluation of COCO does."""
        faults = _faulty(self._boxes, sizes) | _faulty(outlines, sizes)
        bad = np.flatnonzero(faults)
        if not len(bad):
            return
        row = bad[0]
        box = (self._boxes if _faulty(self._boxes[row : row + 1], sizes[row : row + 1])[0] else outlines)[row]
        height, width = sizes[row]
        what = (
            f"{len(bad):,} of the {len(faults):,} objects of '{self.path}' have no area or lie outside their image,"
            f" such as annotation {self._ids[row]} (line {self.text.line(int(self._at[row]))}): x {box[0]:g} to"
            f" {box[2]:g}, y {box[1]:g} to {box[3]:g} on {width}x{height} pixels."
        )
        if len(bad) > _TOLERATED * len(faults):
            raise DataError(f"{what} Correct them or take them out; up to one in a hundred is let pass.")
        warnings.warn(
            f"{what} Training leaves out those without a pixel; scores count them, as COCO's do.", stacklevel=2
        )

    def _wrong(self, row: int | np.intp, sentence: str) -> DataError:
        place = self.text.place(int(self._at[row]))
        return DataError(f"{place}: annotation {int(self._ids[row])}: {sentence}")


def _faulty(boxes: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which boxes x1 y1 x2 y2 hold nothing of their image; NaN is no fault."""
    x1, y1, x2, y2 = boxes.T
    height, width = sizes.T
    faulty: NDArray[np.bool_] = (x2 <= x1) | (y2 <= y1) | (x2 <= 0) | (y2 <= 0) | (x1 >= width) | (y1 >= height)
    return faulty


def _first_twice(values: Sequence[Any]) -> Any:
    seen: set[Any] = set()
    return next(_repeated(values, seen))


def _repeated(values: Sequence[Any], seen: set[Any]) -> Iterator[Any]:
    for value in values:
        if value in seen:
            yield value
        seen.add(value)
