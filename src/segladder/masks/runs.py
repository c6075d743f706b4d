"""The runs of a mask: where it starts and ends, column by column, and COCO's string of their lengths.

Pixels are numbered down the columns: row + column * H. The bounds of a mask are the pixel each run starts at and the
one after its end, in turn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from faster_coco_eval.core import mask as coco_mask
from numpy.typing import NDArray

from segladder.types import Rle

Bounds = NDArray[np.int64]
_MORE, _SIGN, _FIVE = 0x20, 0x10, 0x1F


def rle_of_bounds(bounds: Bounds, size: tuple[int, int]) -> Rle:
    """The mask with these runs.

    Args:
        bounds: `(2 R,)`, rising; no run starts where another ends.
        size: height and width.
    """
    height, width = size
    counts = np.empty(len(bounds) + 1, dtype=np.int64)
    counts[:-1] = bounds
    counts[-1] = height * width
    counts[1:] -= bounds
    # a mask that holds the last pixel ends with it: no run of length 0 follows, unless there is no run at all
    lengths = counts.tolist() if counts[-1] or not len(bounds) else counts[:-1].tolist()
    return rle_of_lengths(lengths, size)


def rle_of_lengths(lengths: list[int], size: tuple[int, int]) -> Rle:
    """The mask of run lengths that begin with the pixels before the first run."""
    height, width = size
    [rle] = coco_mask.frPyObjects([{"size": [height, width], "counts": lengths}], height, width)
    return Rle(size=[height, width], counts=rle["counts"])


def rle_of_crop(crop: NDArray[Any], size: tuple[int, int], *, top: int = 0, left: int = 0) -> Rle:
    """The mask that is `crop` where it lies and empty elsewhere.

    Args:
        crop: `(h, w)`, the pixels of the mask are not 0; may be empty.
        size: height and width of the mask.
        top: row of the crop's first.
        left: column of the crop's first.
    """
    h, w = crop.shape
    # a pixel of nothing before all and after each column: every run has an end within its column
    flat = np.zeros(w * (h + 1) + 1, dtype=bool)
    np.not_equal(crop.T, 0, out=flat[1:].reshape(w, h + 1)[:, :h])
    bounds = np.flatnonzero(flat[1:] != flat[:-1])
    bounds += (size[0] - h - 1) * (bounds // (h + 1)) + left * size[0] + top
    if h == size[0] and len(bounds):
        # runs go on from the bottom of a column to the top of the next
        inner = bounds[1:-1].reshape(-1, 2)
        bounds = np.concatenate([bounds[:1], inner[inner[:, 0] != inner[:, 1]].ravel(), bounds[-1:]])
    return rle_of_bounds(bounds, size)


def run_lengths(counts: bytes) -> NDArray[np.int64]:
    """The lengths that COCO's string stands for: five bits a character, and from the fourth on the difference to the
    length before the last.

    Raises:
        ValueError: it breaks off, or holds a character that no such string has.
    """
    digits = np.frombuffer(counts, dtype=np.uint8).astype(np.int64) - ord("0")
    if not len(digits) or (digits < 0).any() or (digits >= 2 * _MORE).any():
        raise ValueError("no string of run lengths")
    ends = np.flatnonzero(digits < _MORE)
    if not len(ends) or ends[-1] != len(digits) - 1:
        raise ValueError("the string breaks off")
    starts = np.concatenate([[0], ends[:-1] + 1])
    places = np.arange(len(digits)) - np.repeat(starts, ends - starts + 1)
    if places.max() > 11:
        raise ValueError("a run length beyond all pixels")
    lengths: NDArray[np.int64] = np.add.reduceat((digits & _FIVE) << 5 * places, starts)
    negative = (digits[ends] & _SIGN) > 0
    lengths[negative] -= 1 << 5 * (places[ends][negative] + 1)
    lengths[1::2] = np.cumsum(lengths[1::2])
    lengths[2::2] = np.cumsum(lengths[2::2])
    return lengths
