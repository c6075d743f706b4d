"""Values that are no class: found in predictions and labels, and told to the user with their pixel counts."""

from __future__ import annotations

from typing import NoReturn

import torch
from torch import Tensor

from segladder.metrics.blocks import boxes
from segladder.types import UserError

_NAMED = 8
"""So many values are named; a photograph read as labels holds hundreds."""


def plain_integers(labels: Tensor) -> Tensor:
    """`labels` as uint8 or a signed type of 16 bits or more: others lack operations or overflow."""
    if labels.is_floating_point() or labels.is_complex():
        raise ValueError(f"Class maps are integers; got {labels.dtype}.")
    wider = {
        torch.bool: torch.uint8,
        torch.int8: torch.int16,
        torch.uint16: torch.int32,
        torch.uint32: torch.int64,
        torch.uint64: torch.int64,
    }
    return labels.to(wider.get(labels.dtype, labels.dtype))


def clamped(labels: Tensor, num_classes: int) -> Tensor:
    """Values in 0..num_classes as int16, where num_classes stands for all that is no class."""
    labels = labels.to(torch.int16) if labels.dtype == torch.uint8 else labels
    labels = labels.clamp(-1, num_classes).to(torch.int16)
    return labels.add_((labels >> 15).bitwise_and_(num_classes + 1))


def outside(pred: Tensor, target: Tensor, *, num_classes: int, ignore_index: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where pixels count for nothing, where the target is no class, and where the prediction is none.

    What is predicted at an ignored pixel does not matter.

    Returns:
        Three disjoint bool maps in the shape of `target`: ignored, bad target, bad prediction.
    """
    ignored = target == ignore_index
    bad_target = ((target < 0) | (target >= num_classes)) & ~ignored
    bad_pred = ((pred < 0) | (pred >= num_classes)) & ~(ignored | bad_target)
    return ignored, bad_target, bad_pred


def check(pred: Tensor, target: Tensor, *, num_classes: int, ignore_index: int) -> None:
    """Raises where a value of two `(B, H, W)` maps is no class. Looks at the values: for the CPU.

    Raises:
        UserError: names the values and how many pixels hold each.
    """
    if all(_all_known(pred[box], target[box], num_classes, ignore_index) for box in boxes(target.shape)):
        return
    _, bad_target, bad_pred = outside(pred, target, num_classes=num_classes, ignore_index=ignore_index)
    classes = f"none of the {num_classes} classes 0..{num_classes - 1}"
    if bad_target.any():
        raise UserError(
            f"The labels hold {_named(target[bad_target])}, which is {classes} and not the ignored value"
            f" {ignore_index}. Map these values to a class or to {ignore_index} where the labels are read."
        )
    if bad_pred.any():
        raise UserError(
            f"The prediction holds {_named(pred[bad_pred])}, which is {classes}. Predict with a model of"
            f" this data"
            f" set's classes, or map the predicted values to them."
        )


def _all_known(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int) -> bool:
    """A look that costs little where all is well: comparisons into bool are not vectorised, these are.

    It may say False where only ignored pixels are out of range.
    """
    low, high = (int(v) for v in pred.aminmax())
    if low < 0 or high >= num_classes:
        return False
    low, high = (int(v) for v in target.aminmax())
    if low < 0 or high < num_classes:
        return low >= 0
    if high != ignore_index:
        return False
    # 0 for every class, `ignored` for the ignored value: of these alone the smaller of both is 0 everywhere
    above, ignored = target.clamp(min=num_classes - 1).sub_(num_classes - 1), ignore_index - num_classes + 1
    return int(torch.minimum(above, above ^ ignored).max()) == 0


def raise_counted(bad: Tensor, *, num_classes: int, ignore_index: int) -> None:
    """Raises where `bad`, the pixels counted on the device as `[target, prediction]`, is not zero.

    Raises:
        UserError: names how many pixels; their values were not kept.
    """
    in_target, in_pred = (int(n) for n in bad)
    if in_target == in_pred == 0:
        return
    where = [f"{n:,} pixels of the {what}" for what, n in (("labels", in_target), ("predictions", in_pred)) if n]
    raise UserError(
        f"{' and '.join(where)} hold values that are none of the {num_classes} classes 0..{num_classes - 1}"
        f" nor the"
        f" ignored value {ignore_index}. Evaluate with trainer.accelerator=cpu to see which values, or map"
        f" them where"
        f" the labels are read."
    )


def same_maps(pred: Tensor, target: Tensor) -> None:
    """Raises ValueError unless both are `(B, H, W)` of one shape."""
    if pred.ndim != 3 or pred.shape != target.shape:
        raise ValueError(
            f"Predicted classes {tuple(pred.shape)} and target {tuple(target.shape)} must be (B, H, W) of one shape."
        )


def _named(values: Tensor) -> str:
    found, pixels = torch.unique(values, return_counts=True)
    pairs = list(zip(found.tolist(), pixels.tolist(), strict=True))
    named = [f"{value} ({n:,} pixel{'s' if n > 1 else ''})" for value, n in pairs[:_NAMED]]
    rest = len(pairs) - _NAMED
    return ", ".join(named) + (f" and {rest} more values" if rest > 0 else "")


def never() -> NoReturn:
    """For the end of a branch in which a check must have raised."""
    raise AssertionError("a value outside the classes was counted but not found")
