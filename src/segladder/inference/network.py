"""What an inference protocol asks of a network."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Network(Protocol):
    """Raw images in, logits out, in two steps: in between, images can be resized. `Segmenter` is one."""

    def images(self, raw: Tensor) -> Tensor:
        """Raw images `(B, C, h, w)` normalised, float, on the network's device."""
        ...

    def logits(self, images: Tensor) -> Tensor:
        """Logits `(B, K, h, w)` of normalised images `(B, C, h, w)`, of any floating point type."""
        ...
