"""A term's value with its derivatives, what a term gives to the pass that computes several at once."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """A term's value and what it changes with; None where it does not."""

    value: Tensor
    """0-dim."""
    log_p: Tensor | None = None
    """Derivative by the true class's log-probability at each pixel, `(B, N)`; 0 where a pixel does not count."""
    inside: Tensor | None = None
    """Derivative by the probability inside each true region, `(C,)`."""
    predicted: Tensor | None = None
    """Derivative by all the probability given to each class, `(C,)`."""
    spread: Tensor | None = None
    """Derivative by -log p of each class, `(C,)`, the same at every pixel that counts."""
