"""Pictures at a size for people: small ones enlarged by whole pixels, large ones reduced."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def fitted(picture: NDArray[np.uint8], *, small: int, large: int) -> Image.Image:
    """Enlarged by a whole number with hard pixels, or reduced by averaging: thin errors stay visible.

    Args:
        picture: `(H, W, 3)` uint8.
        small: longest side, in pixels, to which a smaller picture is enlarged at most.
        large: longest side to which a larger picture is reduced.
    """
    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest > large:
        size = (max(1, round(image.width * large / longest)), max(1, round(image.height * large / longest)))
        return image.resize(size, Image.Resampling.BOX)
    factor = max(1, small // longest)
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
