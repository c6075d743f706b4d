"""Overlap scores read from a confusion matrix of a data set.

All are fractions in [0, 1]. A class that occurs neither in truth nor in prediction (tp + fp + fn = 0) is NaN
and left out of the means, as in the official evaluators.
"""

from __future__ import annotations

import torch
from torch import Tensor


def per_class(matrix: Tensor, *, none: bool = False) -> dict[str, Tensor]:
    """What each class scores.

    Args:
        matrix: `(C, C)` int64, rows are true classes, columns predicted ones.
        none: it is `(C + 1, C + 1)`, and the last stands for what was predicted as no class.

    Returns:
        `(C,)` float64 each, NaN where nothing defines the value:
        `iou` tp / (tp + fp + fn), `dice` 2 tp / (2 tp + fp + fn), `accuracy` tp / (tp + fn) (recall),
        `precision` tp / (tp + fp), `support` true pixels, `predicted` predicted pixels, `share` of the true
        pixels.
    """
    matrix = matrix.cpu().double()
    C = len(matrix) - none
    tp, true, predicted = matrix.diagonal()[:C], matrix.sum(1)[:C], matrix.sum(0)[:C]
    return {
        "iou": tp / (true + predicted - tp),
        "dice": 2 * tp / (true + predicted),
        "accuracy": tp / true,
        "precision": tp / predicted,
        "support": true,
        "predicted": predicted,
        "share": true / true.sum(),
    }


def scores(matrix: Tensor, *, none: bool = False) -> dict[str, float]:
    """The scores of a data set.

    Args:
        matrix: `(C, C)` int64, rows are true classes, columns predicted ones.
        none: see `per_class`.

    Returns:
        `miou` mean IoU over classes, `dice` mean Dice over classes, `pixel_accuracy` share of pixels that are
        right, `mean_accuracy` mean over the classes that occur in truth of the share of their pixels found,
        `fw_iou` IoU weighted by the classes' share of the true pixels. NaN where nothing was counted.
    """
    values = per_class(matrix, none=none)
    total = values["support"].sum()
    right = matrix.diagonal().sum().cpu().double()
    weighted = (values["share"] * values["iou"].nan_to_num(0.0)).sum()
    return {
        "miou": float(values["iou"].nanmean()),
        "dice": float(values["dice"].nanmean()),
        "pixel_accuracy": float(right / total),
        "mean_accuracy": float(values["accuracy"].nanmean()),
        "fw_iou": float(torch.where(total > 0, weighted, torch.nan)),
    }
