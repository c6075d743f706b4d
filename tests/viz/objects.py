"""Drawn objects for the tests of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segladder.masks import encode, objects_of
from segladder.types import DatasetInfo, Instances, Objects

INFO = DatasetInfo(
    name="cells",
    classes=("background", "cell", "nucleus"),
    palette=((0, 0, 0), (230, 159, 0), (86, 180, 233)),
    things=(False, True, True),
)


def rectangle(size: tuple[int, int], x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    mask[y1:y2, x1:x2] = True
    return mask


def true_objects(
    masks: Sequence[np.ndarray],
    labels: Sequence[int] | None = None,
    iscrowd: Sequence[bool] | None = None,
    *,
    size: tuple[int, int] = (40, 40),
) -> Objects:
    dense = np.array(masks, dtype=bool).reshape(-1, *size)
    return objects_of(encode(dense), [1] * len(dense) if labels is None else labels, size=size, iscrowd=iscrowd)


def found_objects(
    masks: Sequence[np.ndarray],
    scores: Sequence[float] | None = None,
    labels: Sequence[int] | None = None,
    *,
    size: tuple[int, int] = (40, 40),
    boxes_alone: bool = False,
) -> Instances:
    objects = true_objects(masks, labels, size=size)
    return Instances(
        masks=None if boxes_alone else objects.masks,
        boxes=objects.boxes,
        labels=objects.labels,
        scores=np.ones(len(objects)) if scores is None else np.asarray(scores, dtype=np.float64),
        size=size,
    )
