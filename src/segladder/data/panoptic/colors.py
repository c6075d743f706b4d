"""Numbers of segments in the colours of a panoptic PNG, as COCO and Cityscapes write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 256**3 - 1
"""The largest number that three bytes hold."""

_SHADE = 7 * (1 + 256 + 256**2)
"""A step to a lighter colour; odd, so that enough steps come by every number."""


def ids_of_rgb(rgb: NDArray[Any]) -> NDArray[np.int32]:
    """The number of each pixel's segment: `R + 256 G + 256² B`.

    Args:
        rgb: `(H, W, 3)` uint8.

    Returns:
        `(H, W)` int32, 0 on black: no segment.

    Raises:
        ValueError: it is no colour image of 8 bits.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"A panoptic PNG holds 8-bit colours (H, W, 3); this is {rgb.dtype} {rgb.shape}.")
    height, width, _ = rgb.shape
    pixels = height * width
    if pixels == 0:
        return np.zeros((height, width), dtype=np.int32)
    flat = np.ascontiguousarray(rgb).reshape(-1)
    ids = np.empty(pixels, dtype=np.int32)
    # four bytes from each pixel on, without the last, which is the next pixel's: one pass instead of three
    four: NDArray[np.int32] = np.ndarray((pixels - 1,), dtype="<i4", buffer=flat.data, strides=(3,))
    np.bitwise_and(four, MOST, out=ids[:-1])
    ids[-1] = int.from_bytes(flat[-3:].tobytes(), "little")
    return ids.reshape(height, width)


def rgb_of_ids(ids: NDArray[Any]) -> NDArray[np.uint8]:
    """The opposite of `ids_of_rgb`: `(H, W)` integer to `(H, W, 3)` uint8.

    Raises:
        ValueError: a number is below 0 or needs more than three bytes.
    """
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) <= MOST:
        raise ValueError(
            f"Numbers of segments lie in 0..{MOST} in a panoptic PNG; these in {int(ids.min())}..{int(ids.max())}."
        )
    return np.stack([(ids >> shift & 255).astype(np.uint8) for shift in (0, 8, 16)], axis=-1)


def numbers_like(colors: Sequence[tuple[int, int, int]]) -> NDArray[np.int64]:
    """A number for each segment, which as a colour of the PNG is the wanted one, or a shade of it where that is taken.

    Args:
        colors: N times red, green, blue.

    Returns:
        `(N,)`, from 1 to `MOST`, each once; equal for equal colours.
    """
    taken = {0}
    last: dict[int, int] = {}
    numbers = []
    for red, green, blue in colors:
        wanted = red + 256 * green + 256**2 * blue
        number = last.get(wanted, wanted)
        while number in taken:
            number = (number + _SHADE) % (MOST + 1)
        taken.add(number)
        last[wanted] = number
        numbers.append(number)
    return np.array(numbers, dtype=np.int64)
