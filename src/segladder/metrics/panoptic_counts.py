"""What an image adds to panoptic quality, and the qualities that such counts come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCounts:
    """What one image adds to each of C classes."""

    iou: NDArray[np.float64]
    """`(C,)`, sum over the pairs that match."""
    tp: NDArray[np.int64]
    """`(C,)`, pairs that match."""
    fp: NDArray[np.int64]
    """`(C,)`, found segments without a match that void and crowds do not forgive."""
    fn: NDArray[np.int64]
    """`(C,)`, true segments without a match, crowds left out."""


def qualities(
    iou: NDArray[np.float64], tp: NDArray[Any], fp: NDArray[Any], fn: NDArray[Any]
) -> dict[str, NDArray[np.float64]]:
    """PQ, SQ and RQ from their counts, all of one shape; NaN where tp + fp + fn = 0, which no mean may count.

    SQ of a class without a match is 0, as in panopticapi.
    """
    occurs = tp + fp + fn > 0
    whole = tp + 0.5 * fp + 0.5 * fn

    def ratio(part: NDArray[Any], of: NDArray[Any]) -> NDArray[np.float64]:
        value: NDArray[np.float64] = np.divide(part, of, out=np.where(occurs, 0.0, np.nan), where=occurs & (of > 0))
        return value

    return {"pq": ratio(iou, whole), "sq": ratio(iou, tp), "rq": ratio(tp, whole)}


def mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis of what is defined; NaN where nothing is."""
    known = ~np.isnan(values)
    total, number = np.where(known, values, 0.0).sum(-1), known.sum(-1)
    mean: NDArray[np.float64] = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    return mean
