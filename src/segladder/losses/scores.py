"""A network's raw scores, read as logits, log-probabilities or probabilities, each computed once for all terms."""

from __future__ import annotations

from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """float32, or float64 where the network itself computes in it: in half precision sums of pixels are wrong."""
    return torch.float64 if dtype == torch.float64 else torch.float32


class Scores:
    """What a network says of each pixel; the first argument of every term.

    Scores at ignored pixels are 0 and cut off from the gradient, so a term that forgets to look at `valid` still
    learns nothing there, and NaN or infinity there reaches nobody.
    """

    def __init__(self, logits: Tensor, valid: Tensor, *, binary: bool = False) -> None:
        """
        Args:
            logits: raw scores, any floating type: `(B, C, H, W)`, or for binary masks `(N, H, W)` or
                `(N, 1, H, W)`.
            valid: pixels that count, `(B, H, W)` or `(N, H, W)` bool.
            binary: each score is one mask's foreground (sigmoid) instead of one class among C (softmax).
        """
        self.binary = binary
        self._raw = logits.reshape(valid.shape) if binary else logits
        self._valid = valid
        self._likelihood: tuple[Tensor, Tensor] | None = None

    @property
    def num_classes(self) -> int:
        """C; 2 for binary masks, background and foreground."""
        return 2 if self.binary else int(self._raw.shape[1])

    @cached_property
    def logits(self) -> Tensor:
        """`(B, C, H, W)`, binary `(N, H, W)`; float32, or float64 if the network's are."""
        hidden = ~self._valid if self.binary else ~self._valid.unsqueeze(1)
        return self._raw.to(working_dtype(self._raw.dtype)).masked_fill(hidden, 0)

    @cached_property
    def log_probabilities(self) -> Tensor:
        """Logarithms of `probabilities`, exact where those round to 0; same shape as `logits`."""
        return F.logsigmoid(self.logits) if self.binary else F.log_softmax(self.logits, dim=1)

    @cached_property
    def probabilities(self) -> Tensor:
        """Softmax over the classes, or the foreground's sigmoid; in [0, 1], same shape as `logits`."""
        return self.logits.sigmoid() if self.binary else self.log_probabilities.exp()

    def log_likelihood(self, target: Tensor) -> Tensor:
        """Log-probability of each pixel's true class.

        Args:
            target: `(B, H, W)` int64 class, or 0/1 for binary masks, in range at every pixel.

        Returns:
            `(B, H, W)`, at most 0.
        """
        if self._likelihood is None or self._likelihood[0] is not target:
            if self.binary:
                value = F.logsigmoid(torch.where(target == 1, self.logits, -self.logits))
            else:
                value = self.log_probabilities.gather(1, target.unsqueeze(1)).squeeze(1)
            self._likelihood = target, value
        return self._likelihood[1]

    def class_log_probabilities(self) -> Tensor:
        """Log-probability of every class, `(B, C, H, W)`; for binary masks of background and foreground."""
        if self.binary:
            return torch.stack((F.logsigmoid(-self.logits), self.log_probabilities), dim=1)
        return self.log_probabilities
