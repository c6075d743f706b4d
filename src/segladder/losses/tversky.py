"""Tversky loss: Dice with a price of its own for false positives and false negatives."""

from __future__ import annotations

import math

from torch import Tensor, nn

from segladder.losses.overlap import Regions, overlap_loss, regions
from segladder.losses.scores import Scores
from segladder.losses.slopes import Slopes
from segladder.types import UserError


class Tversky(nn.Module):
    """Tversky loss (Salehi et al., MLMI 2017).

    Per class, over all pixels of the batch that count: (TP + smooth) / (TP + alpha FP + beta FN + smooth) with
    soft counts; the loss is 1 - the mean over the classes that the batch's truth holds. Binary masks: each mask
    is a class of its own, and masks without a true pixel are left out.
    """

    def __init__(self, *, alpha: float = 0.3, beta: float = 0.7, smooth: float = 0.0) -> None:
        """
        Args:
            alpha: price of false positives, as in the paper (some libraries swap the two).
            beta: price of false negatives; the paper's best is alpha 0.3, beta 0.7. Both at 0.5 is Dice.
            smooth: pixels added above and below the line, see `Dice`.

        Raises:
            UserError: a value is negative or not finite, or both prices are 0.
        """
        super().__init__()
        for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth)):
            if not math.isfinite(value) or value < 0:
                raise UserError(f"loss.terms.tversky.{name} is {value:g}. Give a finite number, 0 or more.")
        if alpha == 0 and beta == 0:
            raise UserError(
                "loss.terms.tversky has alpha 0 and beta 0: no error costs anything and the loss is always 0."
                " Give at least one of them a positive value."
            )
        self.alpha, self.beta, self.smooth = float(alpha), float(beta), float(smooth)

    def forward(self, scores: Scores, target: Tensor, valid: Tensor) -> Tensor:
        """Tversky loss in [0, 1], 0-dim; 0 where no pixel counts. `target` and `valid` are `(B, H, W)`."""
        value = self.from_regions(regions(scores, target, valid)).value
        return value.to(scores.probabilities.dtype)

    def from_regions(self, areas: Regions) -> Slopes:
        """The loss from areas already summed."""
        return overlap_loss(areas, alpha=self.alpha, beta=self.beta, smooth=self.smooth)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:g}, beta={self.beta:g}, smooth={self.smooth:g}"
