"""Boundary IoU (Cheng et al., CVPR 2021): the IoU of what lies near the outlines, where large objects go wrong unseen.

A mask's boundary region is what an erosion by a square takes away from it. Of all classes at once that is one question
to the class map: does the square around a pixel hold another class? The counts of each class are pooled over the data
set, as for mIoU.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from segladder.metrics.blocks import GRAIN, boxes, stretches
from segladder.metrics.counting import count
from segladder.metrics.labels import check, clamped, outside, plain_integers, raise_counted, same_maps

RATIO = 0.02
"""Width of the boundary region as a share of the image's diagonal, as published."""


class BoundaryIoU(Metric):
    """Boundary IoU per class over everything seen and over all processes, as `boundary_iou_counts` defines it."""

    is_differentiable = False
    full_state_update = False
    higher_is_better = True
    counts: Tensor
    bad: Tensor

    def __init__(self, num_classes: int, ignore_index: int = 255, **kwargs: Any) -> None:
        """
        Args:
            num_classes: C.
            ignore_index: target value of pixels that count for nothing.
            kwargs: torchmetrics' own.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.add_state("counts", torch.zeros(3, num_classes, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("bad", torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, pred: Tensor, target: Tensor) -> None:
        """Counts a batch of class maps, both `(B, H, W)` integer.

        Raises:
            ValueError: the maps differ in shape.
            UserError: a value is no class (on a GPU told by `compute`).
        """
        same_maps(pred, target)
        if target.device.type != "cpu":
            _, bad_target, bad_pred = outside(
                plain_integers(pred),
                plain_integers(target),
                num_classes=self.num_classes,
                ignore_index=self.ignore_index,
            )
            self.bad += torch.stack([bad_target.sum(), bad_pred.sum()])
        self.counts += boundary_iou_counts(pred, target, num_classes=self.num_classes, ignore_index=self.ignore_index)

    def compute(self) -> Tensor:
        """Boundary IoU per class, `(C,)` float64 in [0, 1]; NaN where a class has no pixel near an outline in either.

        Raises:
            UserError: a GPU batch held a value that is no class.
        """
        raise_counted(self.bad, num_classes=self.num_classes, ignore_index=self.ignore_index)
        both, predicted, true = self.counts.cpu().double().unbind()
        return both / (predicted + true - both)


def boundary_width(height: int, width: int) -> int:
    """How many pixels wide the boundary region of an image is."""
    return max(1, round(RATIO * math.sqrt(height**2 + width**2)))


def boundary_iou_counts(pred: Tensor, target: Tensor, *, num_classes: int, ignore_index: int = 255) -> Tensor:
    """The three counts that boundary IoU is made of.

    A pixel is in the boundary region of its class where a pixel of another class, or one outside of the image, lies
    within `boundary_width` of it, along rows and columns (Chebyshev). An ignored pixel counts as outside of the image,
    for prediction and truth alike: it is in no region, and what lies around it is near a boundary in both.

    Args:
        pred: predicted classes, `(B, H, W)` integer.
        target: true classes, `(B, H, W)` integer.
        num_classes: C, at most 32,000.
        ignore_index: the target value that counts for nothing.

    Returns:
        `(3, C)` int64: pixels in both regions of the class, in the predicted one, in the true one.

    Raises:
        ValueError: the maps differ in shape.
        UserError: a value is no class (CPU only; elsewhere such pixels count as ignored).
    """
    same_maps(pred, target)
    pred, target = plain_integers(pred), plain_integers(target)
    _, H, W = target.shape
    C = num_classes
    if target.numel() == 0:
        return torch.zeros(3, C, dtype=torch.int64, device=target.device)
    if target.device.type == "cpu":
        check(pred, target, num_classes=C, ignore_index=ignore_index)
    reach = boundary_width(H, W)
    pred, target = _framed(pred, target, C, ignore_index)
    near_pred, near_target = (_near_others(labels, reach, row=W + 1) for labels in (pred, target))
    found, true = (torch.zeros(shape, dtype=torch.int64, device=target.device) for shape in ((2, C + 1), C + 1))
    for start, end in stretches(target):
        p = _keep(pred[start:end], near_pred[start:end].clamp_(max=1), C)
        t = _keep(target[start:end], near_target[start:end].clamp_(max=1), C)
        # exclusive or is 0 where the classes agree
        wide = torch.int16 if C < 2**13 else torch.int32
        # an addition of two types is not vectorised: convert first
        index = (p ^ t).clamp_(max=1).to(wide).mul_(C + 1).add_(p.to(wide))
        found += count(index, 2 * (C + 1)).view(2, C + 1)
        true += count(t, C + 1)
    return torch.stack([found[0], found.sum(0), true])[:, :C]


def _framed(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Both maps flat, with the value C for all that is no class or ignored, after each row, and around each image.

    A window that runs out of its row or image meets C there, as at the image's border.
    """
    B, H, W = target.shape
    C = num_classes
    dtype = torch.uint8 if C < 2**8 else torch.int16
    flats = []
    for labels in (pred, target):
        flat = torch.empty((1 + B * (H + 1)) * (W + 1), dtype=dtype, device=target.device)
        flat[: W + 1] = C
        room = flat[W + 1 :].view(B, H + 1, W + 1)
        room[:, H], room[:, :, W] = C, C
        for box in boxes(target.shape, GRAIN if target.device.type == "cpu" else target.numel()):
            room[:, :H, :W][box] = clamped(labels[box], C)
        flats.append(flat)
    for start, end in stretches(flats[1]):
        p, t = (flat[start:end] for flat in flats)
        if 0 <= ignore_index < C:
            t.masked_fill_(t == ignore_index, C)
        # 1 where both are classes: a comparison into bool would not be vectorised
        known = torch.maximum(p, t).clamp_(min=C - 1).sub_(C).neg_()
        _keep(p, known, C)
        _keep(t, known, C)
    return flats[0], flats[1]


def _near_others(labels: Tensor, reach: int, *, row: int) -> Tensor:
    """Not 0 where another value lies within `reach` rows and columns; `labels` as `_framed` gives them.

    On the CPU by NumPy, which stays on the calling thread (see `blocks`).
    """
    if labels.device.type == "cpu":
        return torch.from_numpy(differing(labels.numpy(), reach, row=row, lib=np))
    near: Tensor = differing(labels, reach, row=row, lib=torch)
    return near


def differing(values: Any, reach: int, *, row: int, lib: Any) -> Any:
    """Not 0 where the square of `reach` values to each side is of several values.

    A square is of one value where each of its rows is, and the column through its centre: pairs of neighbours that
    differ are spread along rows, then those rows along columns.

    Args:
        values: rows of an image one after another, one-dimensional, an array of `lib`.
        reach: how far to each side.
        row: values in a row.
        lib: numpy or torch.
    """
    pairs = lib.zeros_like(values)
    lib.bitwise_xor(values[:-1], values[1:], out=pairs[:-1])
    along_row = _spread(pairs, 2 * reach, step=1, lib=lib)
    lib.bitwise_xor(values[:-row], values[row:], out=pairs[:-row])
    pairs |= along_row
    near = _spread(pairs, 2 * reach, step=row, lib=lib)
    # the last row of the square, which no pair starts from
    near[: -reach * row] |= along_row[reach * row :]
    return near


def _spread(values: Any, length: int, *, step: int, lib: Any) -> Any:
    """At each place the bits of `length` values, `step` apart, half of them before it: put together by doubling.

    Where they begin before the first value the result is 1: that near to the border every pixel is in the region.
    """
    size, n = 1, len(values)
    while size < length:
        more = min(size, length - size)
        spread = lib.empty_like(values)
        shift = min(more * step, n)
        lib.bitwise_or(values[: n - shift], values[shift:], out=spread[: n - shift])
        spread[n - shift :] = values[n - shift :]
        values, size = spread, size + more
    shift = min(length // 2 * step, n)
    placed = lib.empty_like(values)
    placed[:shift] = 1
    placed[shift:] = values[: n - shift]
    return placed


def _keep(labels: Tensor, flags: Tensor, num_classes: int) -> Tensor:
    """`labels`, changed in place: C where `flags` is 0, as they are where it is 1."""
    # bytes wrap around, back and forth
    return labels.sub_(num_classes).mul_(flags).add_(num_classes)
