"""Boundary F1: do predicted outlines lie where the true ones do, to within a few pixels?

Four counts per class are pooled over the data set: predicted boundary pixels, those of them with a true
boundary pixel of the same class within the tolerance, and the same two from the truth's side. Csurka et al.
average a score per image instead, which is another number.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from segladder.metrics.blocks import GRAIN, stretches
from segladder.metrics.counting import count
from segladder.metrics.labels import check, clamped, outside, plain_integers, raise_counted, same_maps


class BoundaryF1(Metric):
    """Boundary F1 per class over everything seen and over all processes, as `boundary_counts` defines it."""

    is_differentiable = False
    full_state_update = False
    higher_is_better = True
    counts: Tensor
    bad: Tensor

    def __init__(self, num_classes: int, ignore_index: int = 255, *, tolerance: float = 2, **kwargs: Any) -> None:
        """
        Args:
            num_classes: C.
            ignore_index: target value of pixels that count for nothing.
            tolerance: Euclidean distance in pixels up to which two boundary pixels match.
            kwargs: torchmetrics' own.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.tolerance = tolerance
        self.add_state("counts", torch.zeros(4, num_classes, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("bad", torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, pred: Tensor, target: Tensor) -> None:
        """Counts a batch of class maps, both `(B, H, W)` integer.

        Raises:
            ValueError: the maps differ in shape.
            UserError: a value is no class (on a GPU told by `compute`).
        """
        same_maps(pred, target)
        pred, target = plain_integers(pred), plain_integers(target)
        if target.device.type != "cpu":
            _, bad_target, bad_pred = outside(
                pred, target, num_classes=self.num_classes, ignore_index=self.ignore_index
            )
            self.bad += torch.stack([bad_target.sum(), bad_pred.sum()])
        self.counts += boundary_counts(
            pred,
            target,
            num_classes=self.num_classes,
            ignore_index=self.ignore_index,
            tolerance=self.tolerance,
        )

    def compute(self) -> Tensor:
        """F1 per class, `(C,)` float64 in [0, 1]; NaN where a class has no boundary in either map.

        Raises:
            UserError: a GPU batch held a value that is no class.
        """
        raise_counted(self.bad, num_classes=self.num_classes, ignore_index=self.ignore_index)
        return f1_of(self.counts)


def boundary_f1(
    pred: Tensor, target: Tensor, *, num_classes: int, ignore_index: int = 255, tolerance: float = 2
) -> Tensor:
    """Boundary F1 of class maps against others (after Csurka et al., BMVC 2013), pooled over the batch.

    Args:
        pred: predicted classes, `(B, H, W)` integer.
        target: true classes, `(B, H, W)` integer; pixels equal to `ignore_index` count for neither side.
        num_classes: C.
        ignore_index: the target value that counts for nothing.
        tolerance: how far apart two boundary pixels may lie and still match, in pixels.

    Returns:
        Per-class F1 in [0, 1], `(C,)` float64; NaN where a class has no boundary in either map.

    Raises:
        ValueError: the maps differ in shape, or the tolerance is negative.
        UserError: a value is no class (CPU).
    """
    same_maps(pred, target)
    return f1_of(boundary_counts(pred, target, num_classes=num_classes, ignore_index=ignore_index, tolerance=tolerance))


def f1_of(counts: Tensor) -> Tensor:
    """F1 per class, `(C,)` float64, from `boundary_counts`.

    0 where only one side has a boundary, NaN where none has.
    """
    predicted, predicted_near, true, true_near = counts.cpu().double().unbind()
    precision, recall = predicted_near / predicted, true_near / true
    f1: Tensor = (2 * precision * recall / (precision + recall)).nan_to_num(0.0)
    return f1.masked_fill(predicted + true == 0, torch.nan)


def boundary_counts(
    pred: Tensor, target: Tensor, *, num_classes: int, ignore_index: int = 255, tolerance: float = 2
) -> Tensor:
    """The four counts that boundary F1 is made of.

    A boundary pixel of class c is a pixel of class c with a pixel of another class above, below, left or
    right of it. The border of the image is no boundary: nothing is known beyond it. Nor is the rim of an
    ignored area, for the same reason: pixels that the target ignores are taken out of both maps before
    boundaries are drawn. Two boundary pixels match where their class is the same and the Euclidean distance
    of their centres is at most `tolerance` (so 0 asks for the same pixel).

    Every offset within the tolerance is one pass over the flattened maps, padded so that no shift runs from a
    row or image into the next: exclusive or is 0 where the classes agree, and the minimum over the offsets is
    0 where any did. Bytes only, no distance transform, no data-dependent shape, nothing read back from a GPU.

    Args:
        pred: predicted classes, `(B, H, W)` integer.
        target: true classes, `(B, H, W)` integer.
        num_classes: C, at most 32,000.
        ignore_index: the target value that counts for nothing.
        tolerance: in pixels, at least 0; the cost grows with its square.

    Returns:
        `(4, C)` int64: predicted boundary pixels, those with a match, true boundary pixels, those with a
        match.

    Raises:
        ValueError: the tolerance is negative.
        UserError: a value is no class (CPU only; elsewhere such pixels count for nothing).
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance is {tolerance}; it is a distance in pixels, at least 0.")
    pred, target = plain_integers(pred), plain_integers(target)
    C = num_classes
    if target.numel() == 0:
        return torch.zeros(4, C, dtype=torch.int64, device=target.device)
    if target.device.type == "cpu":
        check(pred, target, num_classes=C, ignore_index=ignore_index)
    margin = max(int(tolerance), 1)
    pixels = (target.shape[1] + margin) * (target.shape[2] + margin)
    images = max(1, GRAIN // pixels) if target.device.type == "cpu" else len(target)
    parts = [
        _counts(pred[b : b + images], target[b : b + images], C, ignore_index, tolerance)
        for b in range(0, len(target), images)
    ]
    return torch.stack(parts).sum(0)


def _counts(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int, tolerance: float) -> Tensor:
    """`boundary_counts` of maps whose values were looked at."""
    reach = int(tolerance)
    # two values that are no class: one for "no boundary" in the prediction, one in the truth, so that they
    # never match
    dtype, none = (torch.uint8, 255) if num_classes <= 254 else (torch.int16, 32_767)
    width = target.shape[2] + max(reach, 1)
    pred, target, known = _padded(
        pred, target, num_classes, ignore_index, padding=max(reach, 1), dtype=dtype, none=none
    )
    p = _only_boundaries(pred, known, width, none)
    t = _only_boundaries(target, known, width, none).clamp_(max=none - 1)
    p_far, t_far = torch.full_like(p, none), torch.full_like(t, none)
    differ = torch.empty_like(p)
    disk = [
        dy * width + dx
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
        if dy * dy + dx * dx <= tolerance * tolerance
    ]
    for start, end in stretches(p):
        for shift in disk:
            here = slice(max(start, -shift), min(end, len(p) - shift))
            there = slice(here.start + shift, max(here.start, here.stop) + shift)
            x = differ[here]
            torch.bitwise_xor(p[here], t[there], out=x)
            torch.minimum(p_far[here], x, out=p_far[here])
            torch.minimum(t_far[there], x, out=t_far[there])
    return torch.cat([_total_and_matched(p, p_far, num_classes), _total_and_matched(t, t_far, num_classes)])


def _padded(
    pred: Tensor,
    target: Tensor,
    num_classes: int,
    ignore_index: int,
    *,
    padding: int,
    dtype: torch.dtype,
    none: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Both maps flat with `padding` unknown pixels after each row and image, and all bits set where known."""
    B, H, W = target.shape
    shape = (B, H + padding, W + padding)
    maps = [torch.full(shape, num_classes, dtype=dtype, device=target.device) for _ in range(2)]
    for room, labels in zip(maps, (pred, target), strict=True):
        room[:, :H, :W] = clamped(labels, num_classes)
    flat_pred, flat_target = (m.flatten() for m in maps)
    if 0 <= ignore_index < num_classes:
        flat_target.masked_fill_(flat_target == ignore_index, num_classes)
    # (labels - (num_classes - 1)) clamped to 0..1 is 1 where no class is; a comparison would not be
    # vectorised
    unknown = flat_target.clamp(min=num_classes - 1).sub_(num_classes - 1)
    unknown |= flat_pred.clamp(min=num_classes - 1).sub_(num_classes - 1)
    known = unknown.neg_().add_(1).mul_(none)
    return flat_pred, flat_target, known


def _only_boundaries(labels: Tensor, known: Tensor, width: int, none: int) -> Tensor:
    """`labels` at boundary pixels, `none` elsewhere; all flat, rows `width` apart."""
    other = torch.zeros_like(labels)
    for start, end in stretches(labels):
        for shift in (1, width):
            here = slice(start, max(start, min(end, len(labels) - shift)))
            there = slice(here.start + shift, here.stop + shift)
            differ = labels[here] ^ labels[there]
            differ.bitwise_and_(known[here]).bitwise_and_(known[there])
            other[here] |= differ
            other[there] |= differ
    for start, end in stretches(labels):
        other[start:end].clamp_(max=1).neg_().add_(1).mul_(none).bitwise_or_(labels[start:end])
    return other


def _total_and_matched(labels: Tensor, far: Tensor, num_classes: int) -> Tensor:
    """Boundary pixels of each class, and those of them that are not `far`: `(2, C)` int64."""
    half = int(torch.iinfo(labels.dtype).max) + 1
    index = far.clamp_(max=1).to(torch.int16 if half == 256 else torch.int32).mul_(half).add_(labels.to(torch.int16))
    near, not_near = count(index, 2 * half).view(2, half)[:, :num_classes]
    return torch.stack([near + not_near, near])
