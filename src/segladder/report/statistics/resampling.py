"""Scores of a run on resampled test images: of the whole set each time, never means of single images' scores.

A data set's mIoU or AP is no mean over images, so that its spread cannot be read off theirs. Here images are drawn
again (Efron, 1979), each as often as a column of weights says, their counts are added up, and the score is computed
from the sums. All runs that were tested on the same images see the same draws, which is what pairs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.cityscapes.image_counts import ImageCounts, resampled_categories, resampled_weighted
from segladder.metrics.cityscapes.match_counts import MatchCounts, resampled_cityscapes
from segladder.metrics.match_table import resampled_precision
from segladder.metrics.panoptic_table import ARRAYS, resampled_quality

FROM_COUNTS = ("miou", "dice", "pixel_accuracy", "mean_accuracy", "fw_iou")
"""Scores that follow from true and false positives and false negatives."""
FROM_MATCHES = ("ap", "ap50", "ap75")
"""Scores that follow from the matches of found objects, after `mask_` or `box_`."""
FROM_SEGMENTS = ("pq", "sq", "rq")
"""Scores that follow from the counts of segments."""
FROM_CATEGORIES = ("category_iou", "iiou", "category_iiou")
"""Scores that follow from the counts of categories and the weighted pixels of objects."""
FROM_CITYSCAPES_MATCHES = ("cityscapes_ap", "cityscapes_ap50")

Arrays = Mapping[str, NDArray[Any]]


def draws(images: int, *, resamples: int, seed: int = 0) -> NDArray[np.int64]:
    """How often each image counts in each resample, `(B, N)`; each row adds up to N."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, images, size=(resamples, images))
    drawn += np.arange(resamples)[:, None] * images
    counts = np.bincount(drawn.ravel(), minlength=resamples * images)
    return counts.reshape(resamples, images).astype(np.int64)


def can_resample(metric: str, arrays: Arrays) -> bool:
    """Whether the statistics of single images hold what the metric is made of."""
    if metric in FROM_COUNTS:
        return True
    if metric in FROM_SEGMENTS:
        return all(name in arrays for name in ARRAYS)
    if metric in FROM_CATEGORIES:
        known = bool(ImageCounts.shapes(dict(arrays)))
        return known and (metric == "category_iou" or len(arrays["weighted_classes"]) > 0)
    if metric in FROM_CITYSCAPES_MATCHES:
        return bool(MatchCounts.shapes(dict(arrays)))
    kind, _, name = metric.partition("_")
    return name in FROM_MATCHES and str(arrays.get("kind", "")) == kind


def is_precision(metric: str) -> bool:
    """Whether a metric is an average precision, whose resamples are slow to come by."""
    return metric in FROM_CITYSCAPES_MATCHES or metric.partition("_")[2] in FROM_MATCHES


def resampled(metric: str, arrays: Arrays, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """The metric of the whole set under each row of weights.

    Args:
        metric: see `can_resample`.
        arrays: of `per_image.npz`, N images.
        weights: `(B, N)`, how often each image counts.

    Returns:
        `(B,)`; NaN where nothing defines the score.

    Raises:
        ValueError: the arrays do not hold what the metric is made of.
    """
    if not can_resample(metric, arrays):
        raise ValueError(f"'{metric}' does not follow from the arrays {', '.join(arrays)}.")
    if metric in FROM_COUNTS:
        return _from_counts(metric, *_summed(arrays, weights))
    if metric in FROM_SEGMENTS:
        return mean_over_classes(resampled_quality(dict(arrays), weights)[metric])
    if metric == "category_iou":
        return mean_over_classes(resampled_categories(dict(arrays), weights))
    if metric in FROM_CATEGORIES:
        of_categories = metric == "category_iiou"
        return mean_over_classes(resampled_weighted(dict(arrays), weights, of_categories=of_categories))
    return mean_over_classes(resampled_ap(metric, arrays, weights))


def resampled_ap(metric: str, arrays: Arrays, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each class's average precision under each row of weights, `(B, C)`; NaN where the class does not occur.

    Args:
        metric: such as `mask_ap`, `box_ap50` or `cityscapes_ap`, which `can_resample`.
        arrays: see `resampled`.
        weights: see `resampled`.
    """
    if metric in FROM_CITYSCAPES_MATCHES:
        return resampled_cityscapes(dict(arrays), weights, names=[metric])[metric]
    name = metric.partition("_")[2]
    return resampled_precision(dict(arrays), weights, names=[name])[name]


def resampled_iou(arrays: Arrays, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each class's IoU under each row of weights, `(B, C)`; NaN where the class does not occur."""
    tp, fp, fn = _summed(arrays, weights)
    return _ratio(tp, tp + fp + fn)


def _summed(arrays: Arrays, weights: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    # counts of pixels stay below 2**53, so that the fast product of floats is exact
    factors = weights.astype(np.float64)
    return tuple(factors @ np.asarray(arrays[name], dtype=np.float64) for name in ("tp", "fp", "fn"))


def _from_counts(
    metric: str, tp: NDArray[np.float64], fp: NDArray[np.float64], fn: NDArray[np.float64]
) -> NDArray[np.float64]:
    true = tp + fn
    if metric == "dice":
        return mean_over_classes(_ratio(2 * tp, 2 * tp + fp + fn))
    if metric == "pixel_accuracy":
        return _ratio(tp.sum(1), true.sum(1))
    if metric == "mean_accuracy":
        return mean_over_classes(_ratio(tp, true))
    iou = _ratio(tp, tp + fp + fn)
    if metric == "miou":
        return mean_over_classes(iou)
    return _ratio((true * np.nan_to_num(iou)).sum(1), true.sum(1))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return ratio


def mean_over_classes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0.0).sum(-1), defined.sum(-1).astype(np.float64))
