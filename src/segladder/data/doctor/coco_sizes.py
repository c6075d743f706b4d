"""Sizes that a COCO file states beside its masks: areas of objects, height and width of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segladder import masks
from segladder.data.decoding.images import header
from segladder.data.errors import DataError
from segladder.data.formats.annotations import image_size
from segladder.data.formats.segmentation import mask_of
from segladder.data.readers.coco_rows import CocoRows
from segladder.types import UserError

_SHARE, _CROWD, _PIXELS = 0.25, 0.5, 10.0
"""How far an area may lie from its mask's: a share of the larger of both, and pixels, whichever is more.

COCO's own are the polygons' to the last digit, up to a sixth from their pixels where objects are small; those of its
crowds lie up to a third off.
"""

_BEYOND = 2.0
"""Pixels that polygons may reach out of their image."""


class Images:
    """Height and width, file name and place in the text of the images, by id."""

    def __init__(self) -> None:
        self.sizes: dict[Any, tuple[int, int]] = {}
        self.names: dict[Any, str] = {}
        self.at: dict[Any, int] = {}

    def add(self, entry: dict[str, Any], at: int) -> None:
        number = entry.get("id")
        if type(number) not in (int, str):
            raise UserError(f"Its id is {number!r}, no whole number.")
        if number in self.sizes:
            raise UserError("Another image has the same id.")
        size = image_size(entry.get("height"), entry.get("width"))
        if size is None:
            raise UserError("It has no height and width in pixels.")
        if not isinstance(entry.get("file_name"), str):
            raise UserError("It has no file_name.")
        self.sizes[number], self.names[number], self.at[number] = size, entry["file_name"], at


class Areas:
    """Annotations whose area seems not to be their mask's."""

    def __init__(self) -> None:
        self._doubtful: dict[int, tuple[float, dict[str, Any]]] = {}

    def look(self, entry: Mapping[str, Any], at: int) -> None:
        """Looks at an annotation that makes sense by itself.

        Args:
            entry: the annotation.
            at: where it begins.
        """
        given, segmentation = entry.get("area"), entry["segmentation"]
        if not given or (isinstance(segmentation, list) and not _differ(given, _enclosed(segmentation), entry)):
            return
        stated = None if isinstance(segmentation, list) else segmentation["size"]
        if stated is not None and not _differ(given, _pixels(segmentation, (stated[0], stated[1])), entry):
            return
        self._doubtful[at] = given, dict(entry)

    def of_mask(self, at: int, size: tuple[int, int]) -> tuple[float, float] | None:
        """The area as given and the mask's, where they differ.

        Args:
            at: where the annotation begins.
            size: height and width of its image.
        """
        if at not in self._doubtful:
            return None
        given, entry = self._doubtful[at]
        try:
            area = _pixels(entry["segmentation"], size)
        except UserError:
            return None  # told elsewhere
        return (given, area) if area and _differ(given, area, entry) else None


def _enclosed(polygons: list[list[float]]) -> float:
    total = 0.0
    for part in polygons:
        xs, ys = part[::2], part[1::2]
        before = zip(xs[-1:] + xs[:-1], ys[-1:] + ys[:-1], xs, ys, strict=True)
        total += abs(sum(x0 * y1 - x1 * y0 for x0, y0, x1, y1 in before)) / 2
    return total


def _pixels(segmentation: Any, size: tuple[int, int]) -> float:
    return float(masks.areas([mask_of(segmentation, size)])[0])


def _differ(given: float, area: float, entry: Mapping[str, Any]) -> bool:
    share = _CROWD if entry.get("iscrowd") else _SHARE
    return abs(given - area) > max(_PIXELS, share * max(given, area))


def exchanged(rows: CocoRows, images: Images, folder: Path | None) -> list[Any]:
    """Images whose height and width stand in each other's place: their masks, and the files, have them otherwise.

    Args:
        rows: the annotations.
        images: as the file states them.
        folder: where they are; None where nobody said.
    """
    sizes = images.sizes
    stated: dict[Any, set[tuple[int, int]]] = {}
    beyond: set[Any] = set()
    for row, image in enumerate(rows.images):
        size = sizes.get(image)
        if size is None or size[0] == size[1]:
            continue
        of_mask = (rows.sizes[2 * row], rows.sizes[2 * row + 1])
        if of_mask[0] >= 0:
            stated.setdefault(image, set()).add(of_mask)
        elif max(rows.outlines[4 * row + 2] - size[1], rows.outlines[4 * row + 3] - size[0]) > _BEYOND:
            beyond.add(image)
    turned = {image for image, found in stated.items() if found == {sizes[image][::-1]}}
    turned |= {image for image in beyond if image not in stated}
    return [image for image in sizes if image in turned and _of_file(images.names[image], folder) == sizes[image][::-1]]


def _of_file(name: str, folder: Path | None) -> tuple[int, int] | None:
    try:
        return None if folder is None else header(folder / name)[2]
    except DataError:
        return None
