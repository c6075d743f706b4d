"""Masks that tests draw: objects of every awkward kind."""

from __future__ import annotations

import numpy as np


def drawn(rng: np.random.Generator, count: int, height: int, width: int) -> np.ndarray:
    """`(count, height, width)` bool: ellipses, some beyond the border, some empty, whole, noisy or of one pixel."""
    masks = np.zeros((count, height, width), dtype=bool)
    rows, columns = np.mgrid[:height, :width]
    for mask in masks:
        kind = rng.integers(8)
        if kind == 0:
            mask[rng.integers(height), rng.integers(width)] = True
        elif kind == 1:
            mask[:] = rng.random((height, width)) < rng.random()
        elif kind == 2:
            mask[:] = rng.random() < 0.5
        elif kind == 3:
            mask[:, rng.integers(width) :] = True
        else:
            row, column = rng.integers(-2, height + 2), rng.integers(-2, width + 2)
            a, b = 1 + rng.random(2) * (height, width)
            mask[:] = ((rows - row) / a) ** 2 + ((columns - column) / b) ** 2 < 0.3
    return masks
