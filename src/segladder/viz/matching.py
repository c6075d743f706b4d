"""Which found object is which true one, for pictures: hits, misses and false alarms at one IoU threshold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segladder import masks
from segladder.masks.measure import box_iou
from segladder.types import Instances, Objects


class Matching(NamedTuple):
    """N found objects against M true ones."""

    hit: NDArray[np.int64]
    """`(N,)` index of the true object that each found one hits; -1 where it hits none."""
    false: NDArray[np.bool_]
    """`(N,)` found where there is nothing: no hit, and not on a crowd either."""
    missed: NDArray[np.bool_]
    """`(M,)` true objects that nothing hits; never a crowd."""

    @property
    def f1(self) -> float:
        """2 hits / (2 hits + false alarms + misses); NaN where there is nothing and nothing was found."""
        hits = 2 * int((self.hit >= 0).sum())
        total = hits + int(self.false.sum()) + int(self.missed.sum())
        return hits / total if total else float("nan")


def match(found: Instances, truth: Objects, *, iou: float = 0.5) -> Matching:
    """Found objects, surest first, each take the true one of their class that they overlap most.

    As in COCO's evaluation a crowd is never missed, and what lies on one by at least `iou` of its own area is no false
    alarm. Masks are compared where they were found, boxes else.

    Args:
        found: of any order; equal scores count in the order given.
        truth: of the same image.
        iou: least overlap of a hit, in (0, 1].
    """
    if found.masks is None:
        overlap = box_iou(found.boxes, truth.boxes, truth.iscrowd)
    else:
        overlap = masks.iou(found.masks, truth.masks, truth.iscrowd)
    overlap[found.labels[:, None] != truth.labels[None, :]] = 0
    hit = np.full(len(found), -1, dtype=np.int64)
    free = ~truth.iscrowd
    for index in np.argsort(-found.scores, kind="stable").tolist():
        open_overlap = np.where(free, overlap[index], 0)
        best = int(open_overlap.argmax()) if len(truth) else 0
        if len(truth) and open_overlap[best] >= iou:
            hit[index] = best
            free[best] = False
    on_crowd = (overlap[:, truth.iscrowd] >= iou).any(axis=1)
    return Matching(hit=hit, false=(hit < 0) & ~on_crowd, missed=free)


def confident(found: Instances, threshold: float) -> Instances:
    """The found objects of at least this score, the surest first."""
    order = np.argsort(-found.scores, kind="stable")
    order = order[found.scores[order] >= threshold]
    return Instances(
        masks=None if found.masks is None else [found.masks[index] for index in order.tolist()],
        boxes=found.boxes[order],
        labels=found.labels[order],
        scores=found.scores[order],
        size=found.size,
    )
