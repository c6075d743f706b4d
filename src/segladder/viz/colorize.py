"""A class map as a picture: each class in its colour of the palette."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Color = tuple[int, int, int]
"""Red, green, blue, 0..255."""


def colorize(
    classes: ArrayLike,
    palette: Sequence[Color],
    *,
    ignore_index: int = 255,
    ignore_color: Color = (255, 255, 255),
) -> NDArray[np.uint8]:
    """Each pixel in the colour of its class.

    Args:
        classes: `(H, W)` integer, array or tensor on the CPU.
        palette: one colour per class.
        ignore_index: the label that gets `ignore_color`; it wins over a class of the same number.

    Returns:
        `(H, W, 3)` uint8.

    Raises:
        ValueError: not `(H, W)` integers, or a class has no colour.
    """
    labels = class_map(classes)
    ignored = labels == ignore_index
    known = np.where(ignored, 0, labels)
    if known.size and (known.min() < 0 or known.max() >= max(len(palette), 1)):
        wrong = known.min() if known.min() < 0 else known.max()
        raise ValueError(f"Class {wrong} has no colour: the palette has {len(palette)}.")
    table = np.asarray(palette if len(palette) else [ignore_color], dtype=np.uint8)
    picture: NDArray[np.uint8] = table[known]
    picture[ignored] = ignore_color
    return picture


def class_map(classes: ArrayLike) -> NDArray[np.integer]:
    """The map as a NumPy array of integers.

    Raises:
        ValueError: not `(H, W)` integers.
    """
    labels = np.asarray(classes)
    if labels.dtype == np.bool_:
        labels = labels.astype(np.uint8)
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"A class map is (H, W) integers; this is {labels.shape} {labels.dtype}.")
    return labels
