"""Masks as annotation files write them: polygons, lists of run lengths and their strings, looked at before use."""

from __future__ import annotations

import math
from collections.abc import Sequence

from faster_coco_eval.core import mask as coco_mask

from segladder.masks.runs import rle_of_lengths, run_lengths
from segladder.types import Rle, UserError

FARTHEST = 100_000
"""Coordinates beyond this many pixels are no coordinates; rasterising takes time and memory along each edge."""


def from_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> Rle:
    """The union of polygons, rasterised as COCO does; what lies outside the image is cut off.

    Args:
        polygons: x1 y1 x2 y2 ... in pixels each.
        size: height and width of the image.

    Raises:
        UserError: there is no polygon, or one has fewer than three points or values that are no coordinates.
    """
    height, width = size
    if not polygons:
        raise UserError("There is no polygon. Give at least one, or leave the object out.")
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise UserError(
                f"A polygon has {len(polygon)} values. Three points or more are needed, an x and a y for each."
            )
        for value in polygon:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f"A polygon holds {value!r}, which is no number. Give x and y in pixels.")
            if not math.isfinite(value) or abs(value) > FARTHEST:
                raise UserError(
                    f"A polygon holds the coordinate {value:g}, but the image is {height}x{width} (height x width)."
                    " Give x and y in pixels."
                )
    parts = coco_mask.frPyObjects([[float(value) for value in polygon] for polygon in polygons], height, width)
    merged = parts[0] if len(parts) == 1 else coco_mask.merge(parts)
    return Rle(size=[height, width], counts=merged["counts"])


def from_uncompressed(counts: Sequence[int], size: tuple[int, int]) -> Rle:
    """Run lengths as a list, COCO's `{"counts": [...], "size": [...]}`.

    Args:
        counts: lengths, column by column, beginning with the pixels before the first run.
        size: height and width of the mask.

    Raises:
        UserError: a length is no whole number from 0, or together they are not the image.
    """
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in counts):
        wrong = next(n for n in counts if isinstance(n, bool) or not isinstance(n, int) or n < 0)
        raise UserError(f"A run length is {wrong!r}. They are whole numbers, 0 or more.")
    _must_fill(sum(counts), size)
    return rle_of_lengths(list(counts), size)


def from_compressed(counts: str | bytes, size: tuple[int, int]) -> Rle:
    """Run lengths as COCO's string.

    Args:
        counts: the string.
        size: height and width of the mask.

    Raises:
        UserError: it is no such string, or of a mask of another size.
    """
    string = counts.encode("utf-8") if isinstance(counts, str) else bytes(counts)
    try:
        lengths = run_lengths(string)
    except ValueError as error:
        shown = string[:20].decode("utf-8", "replace")
        raise UserError(f"The run lengths '{shown}' cannot be read: {error}. Write the file again.") from None
    if (lengths < 0).any():
        raise UserError(f"A run length is {int(lengths.min())}. They are whole numbers, 0 or more.")
    _must_fill(int(lengths.sum()), size)
    return Rle(size=[size[0], size[1]], counts=string)


def _must_fill(pixels: int, size: tuple[int, int]) -> None:
    height, width = size
    if pixels != height * width:
        raise UserError(
            f"The run lengths are of a mask of {pixels:,} pixels, but their size is {height}x{width} (height x width),"
            f" {height * width:,} pixels. Give the mask of this image."
        )
