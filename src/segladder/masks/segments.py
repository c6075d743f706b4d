"""Maps of numbers read as runs: a row of an image changes its segment a few times, not at every pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.types import Segments


def joint_runs(*maps: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stretches of pixels, read row by row, over which none of the maps changes.

    Args:
        maps: at least one, all of one shape.

    Returns:
        The place of each stretch's first pixel in the flattened maps, rising, and its length in pixels: `(R,)` int64
        each.

    Raises:
        ValueError: the shapes differ.
    """
    flat = [one.reshape(-1) for one in maps]
    if len({one.shape for one in maps}) != 1:
        raise ValueError(f"Maps of shapes {', '.join(str(one.shape) for one in maps)} have no pixels in common.")
    n = len(flat[0])
    if n == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    changes = flat[0][1:] != flat[0][:-1]
    for one in flat[1:]:
        changes |= one[1:] != one[:-1]
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return starts, np.diff(starts, append=n)


def pixels_of_ids(id_map: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The numbers that occur in a map, rising, and how many pixels hold each: `np.unique` of runs, not of pixels."""
    starts, lengths = joint_runs(id_map)
    ids, place = np.unique(id_map.reshape(-1)[starts], return_inverse=True)
    # float64 counts are exact up to 2**53 pixels
    return ids, np.bincount(place.reshape(-1), weights=lengths, minlength=len(ids)).astype(np.int64)


def segments_of(
    id_map: NDArray[Any], ids: ArrayLike, labels: ArrayLike, *, iscrowd: ArrayLike | None = None
) -> Segments:
    """The segments of one image, with their pixels counted.

    Args:
        id_map: `(H, W)` integer, 0 where no segment is.
        ids: `(N,)`, the segments' numbers.
        labels: `(N,)`, indices into `DatasetInfo.classes`.
        iscrowd: `(N,)`; else no segment is a crowd.

    Raises:
        ValueError: the parts differ in length, or the map is not of one image.
    """
    numbers = np.asarray(ids, dtype=np.int64).reshape(-1)
    present, pixels = pixels_of_ids(id_map)
    areas = np.zeros(len(numbers), dtype=np.int64)
    if len(present):
        place = np.searchsorted(present, numbers).clip(max=len(present) - 1)
        areas = np.where(present[place] == numbers, pixels[place], 0)
    return Segments(
        id_map=id_map,
        ids=numbers,
        labels=np.asarray(labels, dtype=np.int64).reshape(-1),
        iscrowd=np.zeros(len(numbers), dtype=bool) if iscrowd is None else np.asarray(iscrowd, dtype=bool).reshape(-1),
        areas=areas,
    )


def class_map(segments: Segments, *, void: int) -> NDArray[np.int32]:
    """The class of each pixel's segment, `(H, W)` int32, and `void` where there is none.

    The numbers of the map must be in the table.
    """
    ids = np.concatenate([[0], segments.ids])
    order = np.argsort(ids)
    labels = np.concatenate([[void], segments.labels]).astype(np.int32)[order]
    most = int(ids[order[-1]])
    if most < 2**16:
        # a table from number to class is several times as quick as a search
        table = np.full(most + 1, void, dtype=np.int32)
        table[ids[order]] = labels
        mapped: NDArray[np.int32] = table[segments.id_map]
        return mapped
    found: NDArray[np.int32] = labels[np.searchsorted(ids[order], segments.id_map)]
    return found
