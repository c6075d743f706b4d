"""Networks small enough to reason about, as the protocol sees them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn


class Toy:
    """A module as a `Network`: raw images are shifted and scaled; counts what it is asked."""

    def __init__(self, module: Callable[[Tensor], Tensor], *, dtype: torch.dtype = torch.float32) -> None:
        self.module = module
        self.dtype = dtype
        self.seen: list[tuple[int, ...]] = []
        """Shape of the images of each forward pass."""

    def images(self, raw: Tensor) -> Tensor:
        return (raw.float() - 100) / 50

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        self.seen.append(tuple(images.shape))
        return self.module(images).to(self.dtype)


def raw_images(*shape: int, dtype: torch.dtype = torch.uint8, seed: int = 0) -> Tensor:
    raw = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed))
    return raw.to(dtype)


def pointwise(channels: int = 3, classes: int = 4, **options: torch.dtype) -> Toy:
    """The score of a pixel hangs on that pixel alone."""
    torch.manual_seed(0)
    return Toy(nn.Conv2d(channels, classes, 1), **options)


def padded_convolutions(*, layers: int = 2, channels: int = 3, classes: int = 4) -> Toy:
    """3x3 convolutions padded with zeros: the score of a pixel hangs on the pixels up to `layers` away."""
    torch.manual_seed(0)
    widths = [channels, *[6] * (layers - 1), classes]
    stack: list[nn.Module] = []
    for first, second in pairwise(widths):
        stack += [nn.Conv2d(first, second, 3, padding=1), nn.Tanh()]
    return Toy(nn.Sequential(*stack[:-1]))
