"""Run-length masks back to maps of pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segladder.masks.runs import run_lengths
from segladder.types import Instances, Rle


def decode(rle: Rle) -> NDArray[np.bool_]:
    """The mask's pixels, `(H, W)` bool; laid out by columns."""
    height, width = rle["size"]
    return np.repeat(*_alternating(rle)).reshape(width, height).T


def paint(rles: Sequence[Rle], values: Sequence[int], size: tuple[int, int], *, fill: int) -> NDArray[np.int32]:
    """Masks on one map, later ones over earlier ones.

    Args:
        rles: N masks.
        values: what each is painted with.
        size: height and width.
        fill: the value of pixels that are in no mask.

    Returns:
        `(H, W)` int32.

    Raises:
        ValueError: a mask has another size, or there are not N values.
    """
    height, width = size
    flat = np.full(height * width, fill, dtype=np.int32)
    for rle, value in zip(rles, values, strict=True):
        if tuple(rle["size"]) != (height, width):
            raise ValueError(f"A mask of {rle['size'][0]}x{rle['size'][1]} cannot be painted on {height}x{width}.")
        first, inside = stretch(rle)
        flat[first : first + len(inside)][inside] = value
    return np.ascontiguousarray(flat.reshape(width, height).T)


def paint_found(found: Instances, *, score: float, fill: int) -> NDArray[np.int32]:
    """The semantic readout of found objects: each one's class in its pixels, better scores over worse.

    Args:
        found: the objects of one image, with masks.
        score: least score of an object that is painted.
        fill: the value of pixels where no object is.

    Returns:
        `(H, W)` int32.

    Raises:
        ValueError: boxes alone are known.
    """
    if found.masks is None:
        raise ValueError("Boxes alone cannot be painted: these objects have no masks.")
    order = [int(i) for i in np.argsort(found.scores, kind="stable") if found.scores[i] >= score]
    return paint([found.masks[i] for i in order], [int(found.labels[i]) for i in order], found.size, fill=fill)


def stretch(rle: Rle) -> tuple[int, NDArray[np.bool_]]:
    """A mask from its first pixel to its last, down the columns: what lies before and after is most of an image.

    Returns:
        The number of the first pixel, and whether that and each later one is of the mask.
    """
    flags, lengths = _alternating(rle)
    inside = np.repeat(flags[1:], lengths[1:]) if flags[-1] else np.repeat(flags[1:-1], lengths[1:-1])
    return int(lengths[0]), inside


def _alternating(rle: Rle) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether each run is of the mask, and how long it is."""
    lengths = run_lengths(rle["counts"])
    flags = np.zeros(len(lengths), dtype=bool)
    flags[1::2] = True
    return flags, lengths
