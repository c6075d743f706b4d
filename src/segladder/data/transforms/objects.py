"""Objects on their way through augmentation: a few maps of ids move instead of a mask for each object.

One nearest-neighbour transform of a map of ids is that of every mask on it, so an image of 375 nuclei costs what an
image of one costs.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.masks.runs import run_lengths
from segladder.types import Objects, Sample


def layers_of(objects: Objects) -> Tensor:
    """The objects of an image as maps of ids; objects that overlap lie on different maps.

    Returns:
        `(L, H, W)` int32, 0 = no object, n = the object of index n - 1. L is at least 1, and as small as taking the
        objects in turn makes it.
    """
    height, width = objects.size
    starts, ends, owner = _runs(objects)
    layer_of = _colors(starts, ends, owner, len(objects))
    layers = np.zeros((int(layer_of.max(initial=0)) + 1, height * width + 1), dtype=np.int32)
    # the ids as their changes from pixel to pixel; on one map no two runs begin or end at the same pixel
    layer = layer_of[owner]
    layers[layer, starts] += owner + 1
    layers[layer, ends] -= owner + 1
    np.cumsum(layers, axis=1, out=layers)
    columns = layers[:, :-1].reshape(-1, width, height)
    return torch.from_numpy(np.ascontiguousarray(columns.transpose(0, 2, 1)))


def from_layers(layers: Tensor, objects: Objects, *, min_area: int = 1) -> Sample:
    """What a network learns of an image from its transformed maps of ids.

    Args:
        layers: `(L, h, w)` int32, see `layers_of`.
        objects: those that the maps were made of.
        min_area: objects of which fewer pixels are left are dropped.

    Returns:
        `masks` `(n, h, w)` bool, `boxes` `(n, 4)` float32 around them (x2 is the last column + 1), `labels` `(n,)` and
        `iscrowd` `(n,)`, in the order of the objects.
    """
    height, width = layers.shape[-2:]
    found = layers.reshape(-1, width).numpy()
    changes = found[:, 1:] != found[:, :-1]
    edge = np.ones((len(found), 1), dtype=bool)
    # runs along the rows: a hundredth as many as pixels
    begin = np.flatnonzero(np.concatenate([edge, changes], axis=1))
    end = np.flatnonzero(np.concatenate([changes, edge], axis=1)) + 1
    which = found.reshape(-1)[begin] - 1
    inside = which >= 0
    begin, end, which = begin[inside], end[inside], which[inside]
    kept = np.flatnonzero(np.bincount(which, end - begin, minlength=len(objects)) >= max(1, min_area))
    place = np.full(len(objects), -1)
    place[kept] = np.arange(len(kept))
    mask_of = place[which]
    begin, end, mask_of = begin[mask_of >= 0], end[mask_of >= 0], mask_of[mask_of >= 0]
    return {
        "masks": torch.from_numpy(_filled(mask_of, begin, end, (len(kept), height, width))),
        "boxes": torch.from_numpy(_boxes(mask_of, begin, end, (len(kept), height, width))),
        "labels": torch.from_numpy(objects.labels[kept]),
        "iscrowd": torch.from_numpy(objects.iscrowd[kept]),
    }


def _filled(
    mask_of: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """The masks of these runs."""
    count, height, width = shape
    lengths = end - begin
    first = mask_of * (height * width) + begin % (height * width)
    pixels = np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    masks = np.zeros(count * height * width, dtype=bool)
    masks[pixels] = True
    return masks.reshape(shape)


def _boxes(
    mask_of: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64], shape: tuple[int, int, int]
) -> NDArray[np.float32]:
    """The box around each mask."""
    count, height, width = shape
    row, left = begin // width % height, begin % width
    x1, y1 = np.full(count, width), np.full(count, height)
    x2, y2 = np.zeros((2, count), dtype=np.int64)
    np.minimum.at(x1, mask_of, left)
    np.minimum.at(y1, mask_of, row)
    np.maximum.at(x2, mask_of, left + end - begin)
    np.maximum.at(y2, mask_of, row + 1)
    return np.stack([x1, y1, x2, y2], axis=1).astype(np.float32)


def _runs(objects: Objects) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of every mask begins and ends, counted down the columns, and whose it is."""
    starts, ends, owner = [], [], []
    for index, rle in enumerate(objects.masks):
        bounds = np.cumsum(run_lengths(rle["counts"]))
        begin, end = bounds[:-1:2], bounds[1::2]
        # a mask may write runs of no length
        real = end > begin
        starts.append(begin[real])
        ends.append(end[real])
        owner.append(np.full(int(real.sum()), index))
    if not owner:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(owner)


def _colors(
    starts: NDArray[np.int64], ends: NDArray[np.int64], owner: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """A number for each object such that objects that overlap have different ones, `(count,)` from 0."""
    order = np.argsort(starts, kind="stable")
    starts, ends, owner = starts[order], ends[order], owner[order]
    neighbours: dict[int, set[int]] = {}
    # runs by their beginnings: if a run does not reach the one k places on, it reaches none beyond
    for k in range(1, len(starts)):
        over = ends[:-k] > starts[k:]
        if not over.any():
            break
        for one, other in {*zip(owner[:-k][over].tolist(), owner[k:][over].tolist(), strict=True)}:
            neighbours.setdefault(max(one, other), set()).add(min(one, other))
    colors = np.zeros(count, dtype=np.int64)
    for index in sorted(neighbours):
        taken = {int(colors[other]) for other in neighbours[index]}
        colors[index] = next(color for color in range(len(taken) + 1) if color not in taken)
    return colors
