"""Weights per class, for the terms that take them: their check, their look-up, and what `auto` becomes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from segladder.types import UserError


def checked_weights(values: Sequence[float] | Tensor, where: str) -> Tensor:
    """The weights as a tensor.

    Args:
        values: one weight per class, finite, none negative, not all 0.
        where: the setting they come from, for messages.

    Returns:
        `(C,)` float64.

    Raises:
        UserError: a weight is negative or not finite, or none is positive.
    """
    weights = [float(value) for value in values]
    if any(not math.isfinite(weight) or weight < 0 for weight in weights) or not any(weights):
        raise UserError(
            f"{where} is {[round(weight, 6) for weight in weights]}. Give finite weights, none negative, not all 0."
        )
    return torch.tensor(weights, dtype=torch.float64)


def check_length(weights: Tensor | None, num_classes: int, where: str) -> None:
    """Refuse weights that are not one per class.

    Raises:
        UserError: their number differs from `num_classes`.
    """
    if weights is not None and weights.numel() != num_classes:
        raise UserError(
            f"{where} has {weights.numel()} values for {num_classes} classes. Give one value per class, in the order"
            f" of the data set's classes."
        )


def at_labels(weights: Tensor, target: Tensor) -> Tensor:
    """Weight of each pixel's class, in the shape of `target`."""
    return weights.index_select(0, target.reshape(-1)).view(target.shape)


def median_frequency_weights(pixels: Tensor) -> Tensor:
    """Median-frequency balancing (Eigen & Fergus, ICCV 2015): what `class_weights: auto` stands for.

    A class with the median count weighs 1, a rarer one more. The paper's frequency counts only the images that
    hold the class; here it is the share of all pixels, which needs no more than the data set's counts.

    Args:
        pixels: pixels of each class in the training set, `(C,)`.

    Returns:
        `(C,)` float64; 0 for a class without pixels, which no label will ever ask for.

    Raises:
        UserError: no class has a pixel.
    """
    counts = pixels.double()
    _require_pixels(counts)
    seen = counts > 0
    weights = counts[seen].quantile(0.5) / counts.clamp_min(1)
    return weights.where(seen, torch.zeros_like(weights))


def inverse_log_weights(pixels: Tensor) -> Tensor:
    """`1 / ln(1.02 + p)` of each class's share `p` of the pixels: ENet's weighting (Paszke et al., 2016).

    Milder than median frequency: the weights stay between 1.4 and 50.5.

    Args:
        pixels: pixels of each class in the training set, `(C,)`.

    Returns:
        `(C,)` float64; 0 for a class without pixels, which no label will ever ask for.

    Raises:
        UserError: no class has a pixel.
    """
    counts = pixels.double()
    _require_pixels(counts)
    weights = (counts / counts.sum() + 1.02).log().reciprocal()
    return weights.where(counts > 0, torch.zeros_like(weights))


RULES = {"median_frequency": median_frequency_weights, "inverse_log": inverse_log_weights}
"""What `class_weights` may be instead of numbers; `auto` is the first."""


def weights_by_rule(rule: str, pixels: Tensor) -> Tensor:
    """The weights that a rule gives for these counts, `(C,)` float64."""
    return (median_frequency_weights if rule == "auto" else RULES[rule])(pixels)


def _require_pixels(counts: Tensor) -> None:
    if not bool((counts > 0).any()):
        raise UserError(
            "Class weights by a rule need labelled pixels and the training set has none."
            " Check the data set's labels and its ignore value."
        )
