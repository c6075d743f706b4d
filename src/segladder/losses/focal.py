"""Focal loss: cross-entropy that turns away from pixels already right."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segladder.losses.class_weights import at_labels, check_length, checked_weights
from segladder.losses.scores import Scores
from segladder.losses.slopes import Slopes
from segladder.types import UserError

_ALPHA = "loss.terms.focal.alpha"


class Focal(nn.Module):
    """Focal loss (Lin et al., ICCV 2017), in its softmax form: the mean over the pixels that count of
    -alpha (1 - p)^gamma log p, p the probability of the true class.
    """

    alpha: Tensor | None

    def __init__(self, *, alpha: float | Sequence[float] | None = None, gamma: float = 2.0) -> None:
        """
        Args:
            alpha: one weight per class (binary masks: background, foreground), or one factor for all classes;
                for binary masks a single number in [0, 1] is the paper's: alpha for foreground, 1 - alpha for
                background. The paper's own is 0.25; none: 1 everywhere.
            gamma: how fast the attention falls with p; 0 is cross-entropy, the paper's best is 2.

        Raises:
            UserError: a value is out of range.
        """
        super().__init__()
        if not math.isfinite(gamma) or gamma < 0:
            raise UserError(f"loss.terms.focal.gamma is {gamma:g}. Give a finite number, 0 or more.")
        self.gamma = float(gamma)
        self.factor = float(alpha) if isinstance(alpha, (int, float)) else None
        listed = [alpha] if isinstance(alpha, (int, float)) else alpha
        # not in checkpoints: the weights belong to the config
        self.register_buffer(
            "alpha", None if listed is None else checked_weights(listed, _ALPHA).float(), persistent=False
        )

    def check(self, num_classes: int) -> None:
        """Refuse settings that do not fit the number of classes.

        Raises:
            UserError: alpha is a list and not one weight per class.
        """
        if self.factor is None:
            check_length(self.alpha, num_classes, _ALPHA)

    def forward(self, scores: Scores, target: Tensor, valid: Tensor) -> Tensor:
        """Focal loss, 0-dim, 0 or more. `target` and `valid` are `(B, H, W)`."""
        self.check(scores.num_classes)
        log_p = scores.log_likelihood(target)
        return self.from_log_p(log_p, target, valid, binary=scores.binary).value

    def from_log_p(self, log_p: Tensor, target: Tensor, valid: Tensor, *, binary: bool = False) -> Slopes:
        """The loss from log-probabilities already computed.

        Args:
            log_p: log-probability of each pixel's true class, finite where a pixel does not count.
            target: class of each pixel, same shape.
            valid: pixels that count, same shape.
            binary: classes are background and foreground.
        """
        mass = valid.to(log_p.dtype) / valid.sum().clamp_min(1)
        if self.alpha is not None:
            weights = self.alpha.to(log_p)
            if binary and self.factor is not None:
                if self.factor > 1:
                    raise UserError(f"{_ALPHA} is {self.factor:g}. For binary masks a single alpha lies in [0, 1].")
                weights = torch.cat((1 - weights, weights))
            mass = mass * (weights if weights.numel() == 1 else at_labels(weights, target))
        miss = -torch.expm1(log_p)
        # the floor keeps autograd's derivative of miss^gamma finite at p = 1 for gamma below 1
        value = -(mass * miss.clamp_min(torch.finfo(log_p.dtype).tiny).pow(self.gamma) * log_p).sum()
        with torch.no_grad():
            # log p / (1 - p) tends to -1 where p reaches 1
            ratio = torch.where(miss > 0, log_p / miss, -1)
            slope = mass * miss.pow(self.gamma) * (self.gamma * log_p.exp() * ratio - 1)
        return Slopes(value=value, log_p=slope)

    def extra_repr(self) -> str:
        alpha = None if self.alpha is None else [round(value, 6) for value in self.alpha.tolist()]
        return f"alpha={alpha}, gamma={self.gamma:g}"
