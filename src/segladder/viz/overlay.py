"""Classes laid over their image in transparent colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.viz.colorize import Color, class_map, colorize
from segladder.viz.image import to_rgb


def overlay(
    image: ArrayLike,
    classes: ArrayLike,
    palette: Sequence[Color],
    *,
    alpha: float = 0.5,
    ignore_index: int = 255,
    layout: str = "auto",
) -> NDArray[np.uint8]:
    """The image tinted with each pixel's class colour; ignored pixels show the image alone.

    Args:
        image: anything that `to_rgb` reads, of the class map's size.
        classes: `(H, W)` integer.
        palette: one colour per class.
        alpha: share of the colour, 0 (image alone) to 1 (colours alone).
        layout: of the image, see `to_rgb`.

    Returns:
        `(H, W, 3)` uint8.

    Raises:
        ValueError: sizes differ, or `alpha` is outside [0, 1].
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; give a share from 0 to 1.")
    labels = class_map(classes)
    rgb = to_rgb(image, layout=layout, size=labels.shape)
    if rgb.shape[:2] != labels.shape:
        raise ValueError(f"The image is {rgb.shape[:2]} and its class map {labels.shape} (height, width).")
    colors = colorize(labels, palette, ignore_index=ignore_index)
    mixed = np.rint((1 - alpha) * rgb + alpha * colors.astype(np.float64)).astype(np.uint8)
    return np.where((labels == ignore_index)[..., None], rgb, mixed)
