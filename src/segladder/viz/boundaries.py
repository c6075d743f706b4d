"""The lines between classes, as a mask and drawn on an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.viz.colorize import Color, class_map
from segladder.viz.image import to_rgb


def boundaries(classes: ArrayLike, *, ignore_index: int = 255) -> NDArray[np.bool_]:
    """True at both sides of each line between two classes: where one of four neighbours has another class.

    Ignored pixels are never boundary, and make none of their neighbours boundary.

    Args:
        classes: `(H, W)` integer.

    Returns:
        `(H, W)` bool.
    """
    labels = class_map(classes)
    known = labels != ignore_index
    across = (labels[:, 1:] != labels[:, :-1]) & known[:, 1:] & known[:, :-1]
    down = (labels[1:] != labels[:-1]) & known[1:] & known[:-1]
    edge = np.zeros(labels.shape, dtype=np.bool_)
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge


def draw_boundaries(
    image: ArrayLike,
    classes: ArrayLike,
    *,
    color: Color = (255, 255, 0),
    ignore_index: int = 255,
    layout: str = "auto",
) -> NDArray[np.uint8]:
    """The image with the lines between classes drawn in one colour, `(H, W, 3)` uint8.

    Raises:
        ValueError: sizes differ.
    """
    edge = boundaries(classes, ignore_index=ignore_index)
    rgb = to_rgb(image, layout=layout, size=edge.shape)
    if rgb.shape[:2] != edge.shape:
        raise ValueError(f"The image is {rgb.shape[:2]} and its class map {edge.shape} (height, width).")
    return np.where(edge[..., None], np.asarray(color, dtype=np.uint8), rgb)
