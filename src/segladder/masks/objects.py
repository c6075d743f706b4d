"""True objects from their masks: what an annotation leaves out follows from the pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from segladder.masks.measure import areas as areas_of
from segladder.masks.measure import boxes as boxes_of
from segladder.types import Objects, Rle


def objects_of(
    masks: Sequence[Rle],
    labels: ArrayLike,
    *,
    size: tuple[int, int],
    boxes: ArrayLike | None = None,
    iscrowd: ArrayLike | None = None,
    areas: ArrayLike | None = None,
    ids: ArrayLike | None = None,
) -> Objects:
    """The objects of one image.

    Args:
        masks: N, of the image's size.
        labels: `(N,)`, indices into `DatasetInfo.classes`.
        size: height and width of the image.
        boxes: `(N, 4)`, x1 y1 x2 y2; else those around the masks.
        iscrowd: `(N,)`; else no object is a crowd.
        areas: `(N,)`; else the masks' pixels.
        ids: `(N,)`; else 1 to N.

    Raises:
        ValueError: a mask has another size, or the parts differ in length.
    """
    for rle in masks:
        if tuple(rle["size"]) != tuple(size):
            raise ValueError(f"A mask of {rle['size'][0]}x{rle['size'][1]} in an image of {size[0]}x{size[1]}.")
    N = len(masks)
    return Objects(
        masks=masks,
        boxes=boxes_of(masks) if boxes is None else np.asarray(boxes, dtype=np.float64).reshape(-1, 4),
        labels=np.asarray(labels, dtype=np.int64).reshape(-1),
        iscrowd=np.zeros(N, dtype=bool) if iscrowd is None else np.asarray(iscrowd, dtype=bool),
        areas=areas_of(masks) if areas is None else np.asarray(areas, dtype=np.float64),
        ids=np.arange(1, N + 1, dtype=np.int64) if ids is None else np.asarray(ids, dtype=np.int64),
        size=(int(size[0]), int(size[1])),
    )
