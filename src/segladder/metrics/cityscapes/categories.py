"""IoU of groups of classes: a car taken for a truck is right, for it is a vehicle."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def category_iou(matrix: Tensor, categories: Sequence[str]) -> dict[str, float]:
    """IoU of each category over a data set, as cityscapesScripts computes it.

    Args:
        matrix: `(C, C)` int64, rows are true classes, columns predicted ones; or `(C + 1, C + 1)`, where the last
            stands for pixels of no class.
        categories: C names, the category of each class.

    Returns:
        Category -> IoU in [0, 1], in the order in which categories first occur; NaN for one that is neither true nor
        predicted.
    """
    C = len(categories)
    matrix = matrix.cpu()
    values = {}
    for name in dict.fromkeys(categories):
        member = torch.tensor([category == name for category in categories])
        tp = matrix[:C, :C][member][:, member].sum().double()
        fn = matrix[:C][member].sum() - tp
        fp = matrix[:C, :C][~member][:, member].sum()
        values[name] = float(tp / (tp + fn + fp))
    return values
