"""Which true object each found one matches, image by image: COCO's rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from segladder.metrics.overlaps import ImageOverlaps

THRESHOLDS = np.linspace(0.5, 0.95, 10)


def matches_of(image: ImageOverlaps, *, index: int, num_classes: int) -> dict[str, NDArray[Any]]:
    """What an image adds to a `MatchTable`, as that has the given index in it."""
    D = len(image.labels)
    matched, ignored = np.zeros((D, len(THRESHOLDS)), dtype=bool), np.zeros((D, len(THRESHOLDS)), dtype=bool)
    for label, iou in image.iou[image.kind()].items():
        rows = image.labels == label
        matched[rows], ignored[rows] = match(iou, image.iscrowd[image.true_labels == label])
    return {
        "truths": np.bincount(image.true_labels[~image.iscrowd], minlength=num_classes)[None],
        "det_image": np.full(D, index, dtype=np.int64),
        "det_class": image.labels,
        "det_score": image.scores,
        "det_matched": matched,
        "det_ignored": ignored,
    }


def match(iou: NDArray[np.float64], iscrowd: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What each found object of an image and class matches, in turn: the true object still free that it overlaps
    most, else a crowd.

    Args:
        iou: `(D, G)`, best score first.
        iscrowd: `(G,)`.

    Returns:
        Two `(D, T)`: a true object is matched, and a crowd is.
    """
    D, T = len(iou), len(THRESHOLDS)
    matched, ignored = np.zeros((D, T), dtype=bool), np.zeros((D, T), dtype=bool)
    least = np.minimum(THRESHOLDS, 1 - 1e-10)
    # of equal overlaps COCO takes the last
    objects, crowds = iou[:, ~iscrowd][:, ::-1], iou[:, iscrowd]
    free = np.ones((T, objects.shape[1]), dtype=bool)
    every = np.arange(T)
    for d in np.flatnonzero(iou.max(1, initial=0) >= least[0]).tolist():
        if objects.shape[1]:
            overlap = np.where(free, objects[d], -1)
            best = overlap.argmax(1)
            matched[d] = overlap[every, best] >= least
            free[every[matched[d]], best[matched[d]]] = False
        ignored[d] = ~matched[d] & (crowds[d].max(initial=0) >= least)
    return matched, ignored
