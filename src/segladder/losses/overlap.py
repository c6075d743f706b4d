"""Soft overlap of predicted and true regions, the part that Dice and Tversky share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from segladder.losses.scores import Scores
from segladder.losses.slopes import Slopes


@dataclass(frozen=True)
class Regions:
    """Soft areas, one entry per class (binary: per mask), in pixels; `(C,)` or `(N,)`, float64 where there is one."""

    inside: Tensor
    """Probability that falls on the true region: the soft count of true positives."""
    predicted: Tensor
    """All probability given to the class, over the pixels that count."""
    true: Tensor
    """Pixels of the class."""


def sum_dtype(device: torch.device) -> torch.dtype:
    """Type for sums over pixels: float32 loses whole pixels from 2^24 on; Apple's GPUs have nothing better."""
    return torch.float32 if device.type == "mps" else torch.float64


def regions(scores: Scores, target: Tensor, valid: Tensor) -> Regions:
    """Sum up the areas of every class over the whole batch, or of every binary mask.

    Args:
        scores: what the network says.
        target: `(B, H, W)` int64 class; 0/1 for binary masks.
        valid: `(B, H, W)` bool, pixels that count.

    Returns:
        Areas, differentiable by the scores.
    """
    wide = sum_dtype(target.device)
    if scores.binary:
        probability = scores.probabilities * valid
        mask = (target == 1) & valid
        dims = tuple(range(1, target.ndim))
        return Regions(
            inside=(probability * mask).sum(dims, dtype=wide),
            predicted=probability.sum(dims, dtype=wide),
            true=mask.sum(dims, dtype=wide),
        )
    flat = target.reshape(-1)
    on_truth = (scores.log_likelihood(target).exp() * valid).reshape(-1)
    empty = torch.zeros(scores.num_classes, dtype=wide, device=target.device)
    return Regions(
        inside=empty.index_add(0, flat, on_truth.to(wide)),
        predicted=(scores.probabilities * valid.unsqueeze(1)).sum((0, 2, 3), dtype=wide),
        true=empty.index_add(0, flat, valid.reshape(-1).to(wide)),
    )


def overlap_loss(areas: Regions, *, alpha: float, beta: float, smooth: float) -> Slopes:
    """1 minus the mean Tversky index over the classes (binary: masks) that the truth holds.

    index = (TP + smooth) / (TP + alpha FP + beta FN + smooth). A class without a true pixel has nothing to
    overlap: counting it as 0 would shrink everyone's gradient, so it is left out; without any class the loss is 0.

    Args:
        areas: the areas.
        alpha: weight of false positives.
        beta: weight of false negatives.
        smooth: pixels added above and below the line.

    Returns:
        The loss in [0, 1], differentiable by `areas`, and its derivatives.
    """
    above = areas.inside + smooth
    # a class that is true somewhere but predicted nowhere, with beta = 0: 0 / 0, meant is no overlap
    below = ((1 - alpha - beta) * areas.inside + alpha * areas.predicted + beta * areas.true + smooth).clamp_min(1e-12)
    present = (areas.true > 0).to(above.dtype)
    share = present / present.sum().clamp_min(1)
    value = (share * (1 - above / below)).sum()
    with torch.no_grad():
        steep = share / below
        ratio = above / below
        return Slopes(
            value=value,
            inside=-steep * (1 - ratio * (1 - alpha - beta)),
            predicted=steep * ratio * alpha,
        )
