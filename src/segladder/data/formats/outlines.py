"""Masks into polygons and back, without moving a pixel under COCO's way of filling polygons.

A polygon along the edges of pixels, filled by COCO's rule, gives those pixels again; and a line that is walked there
and back encloses nothing. So one closed line can tell any mask, with its separate parts and its holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder import masks
from segladder.data.formats.annotations import AnnotatedObject
from segladder.types import Rle


def rle_of(shape: AnnotatedObject, size: tuple[int, int]) -> Rle:
    """The pixels of an object; of one that has its box alone, that box filled."""
    if shape.mask is not None:
        return shape.mask
    if shape.polygons is not None:
        return masks.from_polygons(shape.polygons, size)
    x1, y1, x2, y2 = shape.box
    return masks.from_polygons([[x1, y1, x2, y1, x2, y2, x1, y2]], size)


def one_outline(shape: AnnotatedObject, size: tuple[int, int]) -> tuple[list[float], bool]:
    """One polygon that fills to the object's pixels.

    Args:
        shape: with polygons or a mask.
        size: height and width of the image.

    Returns:
        x y x y …, and whether it had to be joined from several loops by lines without width.
    """
    if shape.polygons is not None:
        if len(shape.polygons) == 1:
            return shape.polygons[0], False
        line = joined([np.array(part, dtype=np.float64).reshape(-1, 2) for part in shape.polygons])
        target = masks.from_polygons(shape.polygons, size)
        # parts that overlap would cancel out where they do
        if masks.from_polygons([line], size)["counts"] == target["counts"]:
            return line, True
    else:
        target = rle_of(shape, size)
    loops = trace(target)
    return joined(loops), len(loops) > 1


def trace(mask: Rle) -> list[NDArray[np.float64]]:
    """The borders of a mask along the edges of its pixels, outer ones and those of holes.

    Returns:
        Loops of corners, each `(n, 2)` x y in whole pixels, without the first repeated at the end; none for a mask
        without pixels. Pixels are inside where a ray crosses the loops an odd number of times.
    """
    x1, y1, x2, y2 = (int(side) for side in masks.boxes([mask])[0])
    if x2 <= x1 or y2 <= y1:
        return []
    inside = np.pad(masks.decode(mask)[y1:y2, x1:x2], 1)
    a, b, c, d = inside[:-1, :-1], inside[:-1, 1:], inside[1:, :-1], inside[1:, 1:]
    # two pixels that touch by a corner alone have a corner each there
    corners = (a ^ b ^ c ^ d) + 2 * ((a == d) & (b == c) & (a != b))
    ys, xs = np.nonzero(corners)
    times = corners[ys, xs]
    ys, xs = np.repeat(ys, times), np.repeat(xs, times)
    # along every row and every column, corners are the ends of edges in turn
    across = np.arange(len(xs)) ^ 1
    column = np.lexsort((ys, xs))
    along = np.empty_like(column)
    along[column] = column.reshape(-1, 2)[:, ::-1].reshape(-1)
    points = np.stack([xs + x1, ys + y1], axis=1).astype(np.float64)
    return [points[loop] for loop in _loops(across.tolist(), along.tolist())]


def _loops(across: list[int], along: list[int]) -> list[list[int]]:
    """Walks from corner to corner, a row and a column in turn, until all are seen."""
    seen = [False] * len(across)
    loops = []
    for first in range(len(across)):
        if seen[first]:
            continue
        loop, at = [], first
        while not seen[at]:
            beside = across[at]
            seen[at] = seen[beside] = True
            loop += [at, beside]
            at = along[beside]
        loops.append(loop)
    return loops


def joined(loops: Sequence[NDArray[np.float64]]) -> list[float]:
    """One closed line through all loops, x y x y …: each is reached and left again between its nearest points."""
    line: NDArray[Any] = loops[0]
    for loop in loops[1:]:
        distances = ((line[:, None] - loop[None]) ** 2).sum(-1)
        here, there = np.unravel_index(int(distances.argmin()), distances.shape)
        around = np.concatenate([loop[there:], loop[: there + 1]])
        line = np.concatenate([line[: here + 1], around, line[here:]])
    flat: list[float] = line.reshape(-1).tolist()
    return flat
