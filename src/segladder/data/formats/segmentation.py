"""What COCO's files say of an object's place, looked at before use: polygons, run lengths as text or list, boxes."""

from __future__ import annotations

import math
from typing import Any

from segladder import masks
from segladder.data.formats.annotations import Box, box_of_polygons
from segladder.masks.written import FARTHEST
from segladder.types import Rle, UserError


def run_lengths_of(segmentation: Any, size: tuple[int, int]) -> Rle:
    """The mask of a `{"size": [height, width], "counts": …}`.

    Args:
        segmentation: as the file has it; counts are COCO's text or a list of run lengths.
        size: height and width of the image.

    Raises:
        UserError: a mask of another size, or none at all.
    """
    stated = segmentation.get("size")
    height, width = size
    if not isinstance(stated, list) or len(stated) != 2:
        raise UserError(f"The size of a mask is {stated!r}. Write [height, width].")
    if stated != [height, width]:
        raise UserError(
            f"The mask is of {stated[0]}x{stated[1]} pixels, but the image is {height}x{width} (height x width). Give"
            " the mask of this image."
        )
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        return masks.from_compressed(counts, size)
    if isinstance(counts, list):
        return masks.from_uncompressed(counts, size)
    raise UserError(f"The counts of a mask are {counts!r}. Write run lengths, as a list or as COCO's text.")


def mask_of(segmentation: Any, size: tuple[int, int]) -> Rle:
    """The mask of polygons or of run lengths.

    Raises:
        UserError: it is neither, or makes no sense.
    """
    if isinstance(segmentation, dict):
        return run_lengths_of(segmentation, size)
    if isinstance(segmentation, list) and segmentation and all(isinstance(part, list) for part in segmentation):
        return masks.from_polygons(segmentation, size)
    raise UserError("The segmentation is neither a list of polygons nor run lengths. Correct it.")


def shape_of(segmentation: Any, size: tuple[int, int]) -> tuple[list[list[float]] | None, Rle | None]:
    """The polygons or the mask of an annotation; neither where it has its box alone.

    Raises:
        UserError: it makes no sense.
    """
    if not segmentation:
        return None, None
    if isinstance(segmentation, dict):
        mask = run_lengths_of(segmentation, size)
        if not masks.areas([mask])[0]:
            raise UserError("Its mask holds no pixel. Take it away.")
        return None, mask
    if not isinstance(segmentation, list) or not all(isinstance(part, list) for part in segmentation):
        raise UserError("Its segmentation is neither a list of polygons nor run lengths. Correct it.")
    for part in segmentation:
        if len(part) < 6 or len(part) % 2:
            raise UserError(f"A polygon of it has {len(part)} values, not x and y of three points or more. Correct it.")
        _require_coordinates(part, "A polygon of it")
    x1, y1, x2, y2 = box_of_polygons(segmentation)
    if x1 == x2 or y1 == y2:
        raise UserError(f"Its polygons enclose no area: x is {x1:g} to {x2:g}, y {y1:g} to {y2:g}. Take it away.")
    if x2 <= 0 or y2 <= 0 or x1 >= size[1] or y1 >= size[0]:
        raise UserError(
            f"Its polygons lie outside the image: x is {x1:g} to {x2:g}, y {y1:g} to {y2:g}, in {size[0]}x{size[1]}"
            " pixels (height x width). Correct them, or take it away."
        )
    return segmentation, None


def box_of(bbox: Any, polygons: list[list[float]] | None, mask: Rle | None) -> Box:
    """x1 y1 x2 y2 of the annotated box, else the one around the shape.

    Raises:
        UserError: there is neither, or the box is no box.
    """
    if bbox:
        if not isinstance(bbox, list) or len(bbox) != 4:
            raise UserError(f"Its bbox is {bbox!r}, not [x, y, width, height]. Correct it.")
        _require_coordinates(bbox, "Its bbox")
        x, y, width, height = bbox
        return x, y, x + width, y + height
    if polygons is not None:
        return box_of_polygons(polygons)
    if mask is not None:
        x1, y1, x2, y2 = masks.boxes([mask])[0].tolist()
        return x1, y1, x2, y2
    raise UserError("It has neither bbox nor segmentation. Give it one of them.")


def _require_coordinates(values: list[Any], what: str) -> None:
    # no loop in Python: a large set has a hundred million of them
    if set(map(type, values)) <= {int, float} and math.isfinite(sum(values)) and max(map(abs, values)) < FARTHEST:
        return
    wrong = next(value for value in values if type(value) not in (int, float) or not abs(value) < FARTHEST)
    raise UserError(f"{what} holds {wrong!r}, which is no coordinate in pixels. Correct it.")
