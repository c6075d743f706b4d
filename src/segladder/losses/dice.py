"""Soft Dice over the whole batch: the overlap of predicted and true regions, per class."""

from __future__ import annotations

import math

from torch import Tensor, nn

from segladder.losses.overlap import Regions, overlap_loss, regions
from segladder.losses.scores import Scores
from segladder.losses.slopes import Slopes
from segladder.types import UserError


class Dice(nn.Module):
    """Soft Dice (Milletari et al., 3DV 2016, with first powers below the line).

    Per class, over all pixels of the batch that count: (2 sum(p t) + smooth) / (sum(p) + sum(t) + smooth); the
    loss is 1 - the mean over the classes that the batch's truth holds. Binary masks: each mask is a class of its
    own, and masks without a true pixel are left out.
    """

    def __init__(self, *, smooth: float = 0.0) -> None:
        """
        Args:
            smooth: pixels added above and below the line. 0 keeps a class of 5 pixels as important as one of
                50,000; smoothing is otherwise needed only for absent classes, which are left out here anyway.

        Raises:
            UserError: `smooth` is negative or not finite.
        """
        super().__init__()
        if not math.isfinite(smooth) or smooth < 0:
            raise UserError(f"loss.terms.dice.smooth is {smooth:g}. Give a number of pixels, 0 or more.")
        self.smooth = float(smooth)

    def forward(self, scores: Scores, target: Tensor, valid: Tensor) -> Tensor:
        """Dice loss in [0, 1], 0-dim; 0 where no pixel counts. `target` and `valid` are `(B, H, W)`."""
        value = self.from_regions(regions(scores, target, valid)).value
        return value.to(scores.probabilities.dtype)

    def from_regions(self, areas: Regions) -> Slopes:
        """The loss from areas already summed."""
        # Dice is the Tversky index with both errors at one half
        return overlap_loss(areas, alpha=0.5, beta=0.5, smooth=self.smooth / 2)

    def extra_repr(self) -> str:
        return f"smooth={self.smooth:g}"
