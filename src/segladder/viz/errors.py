"""Where a prediction is wrong, and how: one picture with the correct pixels dimmed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.viz.colorize import Color, class_map
from segladder.viz.image import to_rgb

ERROR_COLORS: dict[str, Color] = {
    "false positive": (213, 94, 0),
    "false negative": (86, 180, 233),
    "wrong class": (240, 228, 66),
    "ignored": (128, 128, 128),
}
"""Okabe and Ito's colours, which colour-blind readers tell apart."""

CORRECT: Color = (40, 40, 40)
"""Correct pixels where no image is given."""

CORRECT_OBJECT: Color = (80, 80, 80)
"""Correct pixels of a class other than the background, where no image is given."""

DIMMED = 0.35
"""Share of the image's brightness that correct pixels keep."""


def error_map(
    pred: ArrayLike,
    target: ArrayLike,
    *,
    ignore_index: int = 255,
    background: int | None = None,
    image: ArrayLike | None = None,
    layout: str = "auto",
) -> NDArray[np.uint8]:
    """Errors in colour on the dimmed image.

    With a `background` class an error is a *false positive* (a class where there is background), a *false
    negative* (background where there is a class) or a *wrong class* (one class for another). Without one
    every error is a *wrong class*. Ignored pixels are grey, correct ones dimmed.

    Args:
        pred: predicted classes, `(H, W)` integer.
        target: true classes, `(H, W)` integer.
        background: the class that stands for "nothing here", where the data set has one.
        image: anything that `to_rgb` reads, of the same size; without it correct pixels are dark grey.
        layout: of the image, see `to_rgb`.

    Returns:
        `(H, W, 3)` uint8.

    Raises:
        ValueError: sizes differ.
    """
    predicted, true = class_map(pred), class_map(target)
    if predicted.shape != true.shape:
        raise ValueError(f"The prediction is {predicted.shape} and the truth {true.shape} (height, width).")
    if image is not None:
        rgb = to_rgb(image, layout=layout, size=true.shape)
        if rgb.shape[:2] != true.shape:
            raise ValueError(f"The image is {rgb.shape[:2]} and the truth {true.shape} (height, width).")
        picture = np.rint(DIMMED * rgb.astype(np.float64)).astype(np.uint8)
    else:
        picture = np.full((*true.shape, 3), CORRECT, dtype=np.uint8)
        if background is not None:
            picture[true != background] = CORRECT_OBJECT

    wrong = predicted != true
    picture[wrong] = ERROR_COLORS["wrong class"]
    if background is not None:
        picture[wrong & (true == background)] = ERROR_COLORS["false positive"]
        picture[wrong & (predicted == background)] = ERROR_COLORS["false negative"]
    picture[true == ignore_index] = ERROR_COLORS["ignored"]
    return picture
