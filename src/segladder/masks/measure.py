"""Area, box and overlap of run-length masks, without a pixel of them being drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as coco_mask
from numpy.typing import NDArray

from segladder.types import Rle


def areas(rles: Sequence[Rle]) -> NDArray[np.float64]:
    """Pixels of each mask, `(N,)` float64."""
    if not rles:
        return np.zeros(0)
    return np.asarray(coco_mask.area(list(rles)), dtype=np.float64)


def boxes(rles: Sequence[Rle]) -> NDArray[np.float64]:
    """The box around each mask, `(N, 4)` float64: x1 y1 x2 y2, where x2 is the last column + 1; zeros if empty."""
    if not rles:
        return np.zeros((0, 4))
    found = np.array(coco_mask.toBbox(list(rles)), dtype=np.float64).reshape(-1, 4)
    found[:, 2:] += found[:, :2]
    return found


def iou(
    a: Sequence[Rle], b: Sequence[Rle], iscrowd: Sequence[bool] | NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Intersection over union of every mask with every other.

    Args:
        a: N masks.
        b: M masks of the same size.
        iscrowd: M of them; against a crowd it is the share of the mask of `a` that the crowd covers, as COCO counts.

    Returns:
        `(N, M)` float64 in [0, 1].

    Raises:
        ValueError: a mask has another size than the others, or there are not M flags.
    """
    sizes = {tuple(rle["size"]) for rle in (*a, *b)}
    if len(sizes) > 1:
        raise ValueError(f"Masks of sizes {sorted(sizes)} do not overlap: give masks of one image.")
    return overlaps(list(a), list(b), iscrowd)


def box_iou(
    a: NDArray[np.float64], b: NDArray[np.float64], iscrowd: Sequence[bool] | NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """`iou` of boxes: `(N, 4)` and `(M, 4)` float64, x1 y1 x2 y2."""
    return overlaps(_with_sides(a), _with_sides(b), iscrowd)


def overlaps(a: Any, b: Any, iscrowd: Sequence[bool] | NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """What pycocotools' `iou` gives for two lists of masks, or two arrays of boxes x y w h."""
    crowd = [0] * len(b) if iscrowd is None else [int(flag) for flag in iscrowd]
    if len(crowd) != len(b):
        raise ValueError(f"{len(crowd)} crowd flags for {len(b)} objects.")
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    return np.asarray(coco_mask.iou(a, b, crowd), dtype=np.float64).reshape(len(a), len(b))


def _with_sides(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
