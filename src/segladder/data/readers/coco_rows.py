"""The annotations of a COCO file as columns of numbers: each entry is checked by itself and then forgotten."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

from segladder.data.formats.annotations import image_size
from segladder.data.formats.segmentation import mask_of
from segladder.masks import boxes
from segladder.types import UserError


class CocoRows:
    """The columns of `annotations` as they are read; NaN and -1 for what an entry leaves out."""

    def __init__(self) -> None:
        self.ids, self.at, self.categories, self.sizes = array("q"), array("q"), array("q"), array("q")
        self.crowds = array("b")
        self.areas, self.boxes, self.outlines = array("d"), array("d"), array("d")
        self.images: list[Any] = []

    def add(self, entry: dict[str, Any], at: int) -> None:
        """
        Raises:
            UserError: it makes no sense by itself.
        """
        number, category, image = entry.get("id"), entry.get("category_id"), entry.get("image_id")
        if type(number) is not int:
            raise UserError(f"Its id is {number!r}. Give it a whole number of its own.")
        if type(category) is not int:
            raise UserError(f"Its category_id is {category!r}. Give the id of one of 'categories'.")
        if type(image) not in (int, str):
            raise UserError(f"Its image_id is {image!r}. Give the id of one of 'images'.")
        crowd = entry.get("iscrowd", 0)
        if crowd not in (0, 1):
            raise UserError(f"Its iscrowd is {crowd!r}. Write 0 or 1.")
        box, area = entry.get("bbox"), entry.get("area")
        if box is not None and (not isinstance(box, list) or len(box) != 4 or not _numeric(box)):
            raise UserError(f"Its bbox is {box!r}, not [x, y, width, height] in pixels. Correct it.")
        if area is not None and (not _numeric([area]) or area < 0):
            raise UserError(f"Its area is {area!r}. Write its pixels, or leave the key out.")
        outline, size = _looked_at(entry.get("segmentation"))
        self.ids.append(number)
        self.at.append(at)
        self.categories.append(category)
        self.images.append(image)
        self.crowds.append(bool(crowd))
        self.areas.append(math.nan if area is None else area)
        self.boxes.extend((math.nan,) * 4 if box is None else (box[0], box[1], box[0] + box[2], box[1] + box[3]))
        self.outlines.extend(outline)
        self.sizes.extend(size)


def _looked_at(segmentation: Any) -> tuple[Sequence[float], tuple[int, int]]:
    """The box around polygons, or the height and width that run lengths state.

    Raises:
        UserError: it is neither, or makes no sense by itself.
    """
    if not segmentation:
        raise UserError("It has no segmentation, and a box alone is no mask. Give polygons or run lengths.")
    if isinstance(segmentation, dict):
        stated = segmentation.get("size")
        if not isinstance(stated, list) or image_size(*stated[:2], *[None] * (2 - len(stated))) is None:
            raise UserError(f"The size of its mask is {stated!r}. Write [height, width].")
        height, width = stated
        # a mask without a pixel has a box without area
        x1, y1, x2, y2 = boxes([mask_of(segmentation, (height, width))])[0].tolist()
        return (x1, y1, x2, y2), (height, width)
    if not isinstance(segmentation, list) or not all(isinstance(part, list) for part in segmentation):
        raise UserError("Its segmentation is neither a list of polygons nor run lengths. Correct it.")
    for part in segmentation:
        if len(part) < 6 or len(part) % 2:
            raise UserError(f"A polygon of it has {len(part)} values, not x and y of three points or more. Correct it.")
        if not _numeric(part):
            raise UserError("A polygon of it holds values that are no numbers. Give x and y in pixels.")
    edges = [(min(part[::2]), min(part[1::2]), max(part[::2]), max(part[1::2])) for part in segmentation]
    x1, y1, x2, y2 = zip(*edges, strict=True)
    return (min(x1), min(y1), max(x2), max(y2)), (-1, -1)


def _numeric(values: list[Any]) -> bool:
    return {*map(type, values)} <= {int, float} and all(map(math.isfinite, values))
