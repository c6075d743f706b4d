"""What a class map holds, counted: pixels and share of each class, and its IoU against a truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.viz.colorize import class_map


@dataclass(frozen=True, kw_only=True)
class ClassStatistics:
    """One class in one map."""

    pixels: int
    share: float
    """Of the pixels that are not ignored, in [0, 1]; 0 where all are ignored."""

    @property
    def present(self) -> bool:
        return self.pixels > 0


def class_statistics(classes: ArrayLike, num_classes: int, *, ignore_index: int = 255) -> list[ClassStatistics]:
    """Pixels and share of each class, in the order of the classes.

    Args:
        classes: `(H, W)` integer.

    Raises:
        ValueError: a pixel is neither ignored nor a class from 0 to `num_classes - 1`.
    """
    labels = class_map(classes)
    counts = _counts(labels[labels != ignore_index], num_classes)
    total = int(counts.sum())
    return [ClassStatistics(pixels=int(n), share=int(n) / total if total else 0.0) for n in counts]


def class_iou(pred: ArrayLike, target: ArrayLike, num_classes: int, *, ignore_index: int = 255) -> NDArray[np.float64]:
    """IoU of each class in one image, `(num_classes,)`; NaN where neither map has the class.

    Pixels whose truth is `ignore_index` count for neither side.

    Raises:
        ValueError: sizes differ, or a pixel is outside the classes.
    """
    predicted, true = class_map(pred), class_map(target)
    if predicted.shape != true.shape:
        raise ValueError(f"The prediction is {predicted.shape} and the truth {true.shape} (height, width).")
    known = true != ignore_index
    predicted, true = predicted[known], true[known]
    intersection = _counts(true[predicted == true], num_classes)
    union = _counts(predicted, num_classes) + _counts(true, num_classes) - intersection
    iou = np.full(num_classes, np.nan)
    np.divide(intersection, union, out=iou, where=union > 0)
    return iou


def _counts(labels: NDArray[np.integer], num_classes: int) -> NDArray[np.int64]:
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"A pixel has class {wrong}; the classes are 0 to {num_classes - 1}.")
    return np.bincount(labels, minlength=num_classes).astype(np.int64)
