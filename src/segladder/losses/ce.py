"""Cross-entropy with class weights and label smoothing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segladder.losses.class_weights import RULES, at_labels, check_length, checked_weights
from segladder.losses.scores import Scores
from segladder.losses.slopes import Slopes
from segladder.types import UserError

_WEIGHTS = "loss.terms.ce.class_weights"


class CrossEntropy(nn.Module):
    """Cross-entropy, the weighted mean over the pixels that count: equal to `F.cross_entropy`, except that a batch
    without such pixels gives 0 instead of NaN. Binary masks: the classes are background and foreground.
    """

    class_weights: Tensor | None

    def __init__(self, *, class_weights: Sequence[float] | str | None = None, label_smoothing: float = 0.0) -> None:
        """
        Args:
            class_weights: one weight per class; or a rule, which waits for `resolve_class_weights`:
                `median_frequency` (also `auto`), `inverse_log`.
            label_smoothing: share of the truth spread over all classes, in [0, 1) (Szegedy et al., CVPR 2016).

        Raises:
            UserError: a value is out of range.
        """
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise UserError(
                f"loss.terms.ce.label_smoothing is {label_smoothing:g}. Give a share in [0, 1), such as 0.1."
            )
        if isinstance(class_weights, str) and class_weights not in ("auto", *RULES):
            raise UserError(
                f"{_WEIGHTS} is '{class_weights}'. Give one number per class, or a rule: auto, {', '.join(RULES)}."
            )
        self.label_smoothing = float(label_smoothing)
        self.class_weights_rule = class_weights if isinstance(class_weights, str) else None
        self.needs_class_weights = self.class_weights_rule is not None
        listed = None if class_weights is None or isinstance(class_weights, str) else class_weights
        # not in checkpoints: the weights belong to the config, and `auto` follows the data
        self.register_buffer(
            "class_weights",
            None if listed is None else checked_weights(listed, _WEIGHTS).float(),
            persistent=False,
        )

    def resolve_class_weights(self, weights: Tensor) -> None:
        """Put numbers in place of a rule.

        Args:
            weights: `(C,)`, finite, none negative, not all 0.

        Raises:
            UserError: the weights are not so.
        """
        self.class_weights = checked_weights(weights, _WEIGHTS).float().to(weights.device)
        self.needs_class_weights = False

    def check(self, num_classes: int) -> None:
        """Refuse settings that do not fit the number of classes.

        Raises:
            UserError: the weights are not one per class, or still a rule's name.
        """
        if self.needs_class_weights:
            raise UserError(
                f"{_WEIGHTS} is '{self.class_weights_rule}' and nobody has counted the classes."
                f" Train through `segladder train`, which counts them, or call resolve_class_weights() first."
            )
        check_length(self.class_weights, num_classes, _WEIGHTS)

    def forward(self, scores: Scores, target: Tensor, valid: Tensor) -> Tensor:
        """Cross-entropy, 0-dim, 0 or more. `target` and `valid` are `(B, H, W)`."""
        self.check(scores.num_classes)
        sums = None
        if self.label_smoothing:
            sums = (scores.class_log_probabilities() * valid.unsqueeze(1)).sum((0, 2, 3))
        return self.from_log_p(scores.log_likelihood(target), target, valid, sums=sums).value

    def from_log_p(self, log_p: Tensor, target: Tensor, valid: Tensor, *, sums: Tensor | None) -> Slopes:
        """The loss from log-probabilities already computed.

        Args:
            log_p: log-probability of each pixel's true class, finite where a pixel does not count.
            target: class of each pixel, same shape.
            valid: pixels that count, same shape.
            sums: for label smoothing, each class's log-probability summed over the pixels that count, `(C,)`.
        """
        mass = valid.to(log_p.dtype)
        if self.class_weights is not None:
            mass = mass * at_labels(self.class_weights.to(log_p), target)
        total = mass.sum()
        # without a pixel that counts the mass is 0 everywhere, and so is the loss
        slope = mass * ((self.label_smoothing - 1) / torch.where(total > 0, total, 1))
        value = (slope * log_p).sum()
        if not self.label_smoothing or sums is None:
            return Slopes(value=value, log_p=slope)
        share = self.label_smoothing / sums.numel() / torch.where(total > 0, total, 1)
        spread = share.expand(sums.numel()) if self.class_weights is None else share * self.class_weights.to(share)
        return Slopes(value=value - (spread * sums).sum(), log_p=slope, spread=spread)

    def extra_repr(self) -> str:
        weights = self.class_weights_rule if self.needs_class_weights else self.class_weights
        return f"class_weights={weights}, label_smoothing={self.label_smoothing:g}"
