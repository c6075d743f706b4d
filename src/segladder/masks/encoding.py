"""Whole maps of pixels to run-length masks: one map per object, or one map of ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segladder.masks.runs import rle_of_bounds, rle_of_crop
from segladder.types import Rle

if TYPE_CHECKING:
    from torch import Tensor


def encode(masks: NDArray[Any] | Tensor) -> list[Rle]:
    """Each map as runs. Only the box around an object's pixels is turned into columns.

    Args:
        masks: `(N, H, W)` bool or integer; the pixels of an object are not 0.

    Returns:
        N masks.

    Raises:
        ValueError: the maps are of another shape or type.
    """
    maps = masks if isinstance(masks, np.ndarray) else masks.detach().cpu().numpy()
    if maps.ndim != 3 or maps.dtype.kind not in "biu":
        raise ValueError(f"Masks are (N, H, W) bool or integer; got {maps.shape} {maps.dtype}.")
    size = (maps.shape[1], maps.shape[2])
    rles = []
    for one in maps:
        # three times as fast as any(0)
        columns = np.flatnonzero(np.bitwise_or.reduce(one, axis=0))
        if not len(columns):
            rles.append(rle_of_crop(one[:0, :0], size))
            continue
        left, right = int(columns[0]), int(columns[-1]) + 1
        rows = np.flatnonzero(one[:, left:right].any(1))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        rles.append(rle_of_crop(one[top:bottom, left:right], size, top=top, left=left))
    return rles


def from_id_map(ids: NDArray[Any], *, ignore: Sequence[int] = (0,)) -> tuple[list[Rle], NDArray[np.int64]]:
    """Every object of an id map, in one pass over its pixels however many there are.

    Args:
        ids: `(H, W)` integer.
        ignore: values that are no objects.

    Returns:
        N masks, and their ids `(N,)` int64, rising.

    Raises:
        ValueError: the map is of another shape or type.
    """
    if ids.ndim != 2 or ids.dtype.kind not in "biu":
        raise ValueError(f"An id map is (H, W) integer; got {ids.shape} {ids.dtype}.")
    if not ids.size:
        return [], np.zeros(0, dtype=np.int64)
    size = (ids.shape[0], ids.shape[1])
    flat = ids.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate([[0], changes])
    ends = np.concatenate([changes, [len(flat)]])
    values = flat[starts].astype(np.int64)
    kept = np.flatnonzero(~np.isin(values, list(ignore)))
    order = kept[np.argsort(values[kept], kind="stable")]
    present, first = np.unique(values[order], return_index=True)
    bounds = np.stack([starts[order], ends[order]], axis=1)
    return [rle_of_bounds(part.ravel(), size) for part in np.split(bounds, first[1:])][: len(present)], present
