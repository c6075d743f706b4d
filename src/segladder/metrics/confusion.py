"""The confusion matrix over a data set, from which every overlap score is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from segladder.metrics.argmax import classes_of
from segladder.metrics.blocks import boxes
from segladder.metrics.counting import count
from segladder.metrics.labels import check, never, outside, plain_integers, raise_counted, same_maps

_BYTE = 256


class ConfusionMatrix(Metric):
    """Pixels of each true class by predicted class, summed over everything seen and over all processes.

    Counts are int64: exact beyond the 16,777,216 pixels at which float32 counts stand still.
    """

    is_differentiable = False
    full_state_update = False
    matrix: Tensor
    bad: Tensor

    def __init__(self, num_classes: int, ignore_index: int = 255, **kwargs: Any) -> None:
        """
        Args:
            num_classes: C, at least 1.
            ignore_index: target value of pixels that count for nothing.
            kwargs: torchmetrics' own (`dist_sync_fn`, `sync_on_compute`, ...).
        """
        super().__init__(**kwargs)
        if num_classes < 1:
            raise ValueError(f"num_classes is {num_classes}; a confusion matrix needs at least one class.")
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.add_state("matrix", torch.zeros(num_classes, num_classes, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("bad", torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, pred: Tensor, target: Tensor, *, per_image: Callable[[Tensor], None] | None = None) -> None:
        """Counts a batch.

        Args:
            pred: logits `(B, C, H, W)` floating point, or classes `(B, H, W)` integer.
            target: `(B, H, W)` integer.
            per_image: called with the batch's own matrices, `(B, C, C)` int64, where given.

        Raises:
            ValueError: the shapes do not fit each other or the number of classes.
            UserError: a value is no class (on a GPU told by `compute`: looking at values there would make the
                host wait for every batch).
        """
        sure = pred.is_floating_point()
        if sure:
            if pred.ndim == 4 and pred.shape[1] != self.num_classes:
                raise ValueError(
                    f"Logits {tuple(pred.shape)} have {pred.shape[1]} channels for {self.num_classes} classes."
                )
            pred = classes_of(pred)
        same_maps(pred, target)
        if per_image is None:
            pred, target = pred.reshape(1, 1, -1), target.reshape(1, 1, -1)
        matrices, bad = _count(pred, target, self.num_classes, self.ignore_index, sure=sure)
        self.matrix += matrices.sum(0)
        if bad is not None:
            self.bad += bad
        if per_image is not None:
            per_image(matrices)

    def compute(self) -> Tensor:
        """The matrix, `(C, C)` int64: rows are true classes, columns predicted ones.

        Raises:
            UserError: a GPU batch held a value that is no class.
        """
        raise_counted(self.bad, num_classes=self.num_classes, ignore_index=self.ignore_index)
        return self.matrix.clone()


def confusion_matrices(pred: Tensor, target: Tensor, *, num_classes: int, ignore_index: int = 255) -> Tensor:
    """One confusion matrix per image.

    Args:
        pred: predicted classes, `(B, H, W)` integer.
        target: true classes, `(B, H, W)` integer; pixels equal to `ignore_index` are not counted.
        num_classes: C.
        ignore_index: the target value that counts for nothing.

    Returns:
        `(B, C, C)` int64, rows are true classes.

    Raises:
        ValueError: the maps differ in shape.
        UserError: a value is no class.
    """
    same_maps(pred, target)
    matrices, bad = _count(pred, target, num_classes, ignore_index, sure=False)
    if bad is not None:
        raise_counted(bad, num_classes=num_classes, ignore_index=ignore_index)
    return matrices


def _count(
    pred: Tensor, target: Tensor, num_classes: int, ignore_index: int, *, sure: bool
) -> tuple[Tensor, Tensor | None]:
    """Matrices `(B, C, C)`, and how many pixels were out of range `(2,)` where that is not raised at once.

    `sure` says that every prediction is known to be a class.
    """
    pred, target = plain_integers(pred), plain_integers(target)
    if target.numel() == 0:
        return torch.zeros(len(target), num_classes, num_classes, dtype=torch.int64, device=target.device), None
    if target.device.type != "cpu":
        return _masked(pred, target, num_classes, ignore_index)
    if not 0 <= ignore_index < _BYTE or num_classes > _BYTE:
        check(pred, target, num_classes=num_classes, ignore_index=ignore_index)
        return _masked(pred, target, num_classes, ignore_index)[0], None
    return _unmasked(pred, target, num_classes, ignore_index, sure=sure), None


def _unmasked(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int, *, sure: bool) -> Tensor:
    """On the CPU: a row for each of 256 label values, so that ignoring needs no mask, only a row cut off."""
    bins = _BYTE * num_classes
    table = torch.zeros(len(target), bins, dtype=torch.int64)
    for box in boxes(target.shape):
        labels, guess = target[box], pred[box]
        if not sure:
            low, high = (int(v) for v in guess.aminmax())
            if low < 0 or high >= num_classes:
                check(pred, target, num_classes=num_classes, ignore_index=ignore_index)
                guess = guess.clamp(0, num_classes - 1)  # only ignored pixels are out of range
        low, high = (int(v) for v in labels.aminmax())
        if low < 0 or high >= _BYTE:
            check(pred, target, num_classes=num_classes, ignore_index=ignore_index)
            never()
        images = len(labels)
        dtype = torch.int16 if images * bins < 2**15 else torch.int32
        # an addition of two types is not vectorised: convert first
        # a copy even where the type fits: the labels are the caller's
        index = labels.to(dtype, copy=True).mul_(num_classes).add_(guess.to(dtype))
        if images > 1:
            index += torch.arange(0, images * bins, bins, dtype=dtype).view(-1, 1, 1)
        table[box[0]] += count(index, images * bins).view(images, bins)
    table = table.view(-1, _BYTE, num_classes)
    strangers = table[:, num_classes:].sum()
    if ignore_index >= num_classes:
        strangers -= table[:, ignore_index].sum()
    if strangers > 0:
        check(pred, target, num_classes=num_classes, ignore_index=ignore_index)
        never()
    matrices = table[:, :num_classes].clone()
    if ignore_index < num_classes:
        matrices[:, ignore_index] = 0
    return matrices


def _masked(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int) -> tuple[Tensor, Tensor]:
    """On any device, for any ignored value: what does not count gets a bin of its own. Reads nothing back."""
    ignored, bad_target, bad_pred = outside(pred, target, num_classes=num_classes, ignore_index=ignore_index)
    B, bins = len(target), num_classes * num_classes + 1
    dtype = torch.int32 if B * bins < 2**31 else torch.int64
    index = target.to(dtype) * num_classes + pred.to(dtype)
    index = index.masked_fill(ignored | bad_target | bad_pred, num_classes * num_classes).reshape(B, -1)
    index = index + torch.arange(0, B * bins, bins, dtype=dtype, device=index.device).unsqueeze(1)
    matrices = count(index, B * bins).view(B, bins)[:, :-1].reshape(B, num_classes, num_classes)
    return matrices, torch.stack([bad_target.sum(), bad_pred.sum()])
