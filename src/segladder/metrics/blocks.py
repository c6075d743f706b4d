"""Cutting maps into blocks that fit the cache and stay on the calling thread.

PyTorch splits an operation over threads from 32,768 elements on. Counting is many short operations: each fork costs
about what it gains, and where data workers want the same cores a barrier waits for a scheduler tick (measured: 12 ms
an operation). Blocks below that size cost the same on a quiet machine and keep their speed on a busy one.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

GRAIN = 32_767
"""The most elements that an operation takes without forking (`at::internal::GRAIN_SIZE` - 1)."""


def boxes(shape: torch.Size, pixels: int = GRAIN) -> Iterator[tuple[slice, slice, slice]]:
    """Slices that cut `(B, H, W)` into boxes of at most `pixels` pixels: images, else rows, else columns.

    A box holds several images only where it holds them whole.
    """
    B, H, W = shape
    images = max(1, pixels // (H * W))
    rows = min(H, max(1, pixels // W))
    columns = min(W, pixels)
    for b in range(0, B, images):
        for y in range(0, H, rows):
            for x in range(0, W, columns):
                yield slice(b, b + images), slice(y, y + rows), slice(x, x + columns)


def stretches(flat: Tensor) -> Iterator[tuple[int, int]]:
    """Start and end of pieces of a one-dimensional tensor; all of it at once where it is not on the CPU."""
    n = len(flat)
    step = GRAIN if flat.device.type == "cpu" else max(n, 1)
    for start in range(0, n, step):
        yield start, min(start + step, n)
