"""A colour for each object, so that those side by side can be told apart."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segladder.viz.colorize import Color

GOLDEN = (5**0.5 - 1) / 2
"""Steps of this share of the circle of hues leave each new hue as far from the earlier ones as can be."""

CYCLE = 8
"""Colours that are told apart at a glance: more of them, and the nearest two look alike."""

_SHADES = ((0.72, 1.0), (0.45, 1.0), (0.85, 0.75))
"""Saturation and value of one cycle after the other."""


def instance_color(number: int) -> Color:
    """The colour of that number, 0 and up."""
    saturation, value = _SHADES[number // CYCLE % len(_SHADES)]
    channels = colorsys.hsv_to_rgb((0.09 + number * GOLDEN) % 1, saturation, value)
    red, green, blue = (round(255 * channel) for channel in channels)
    return red, green, blue


def color_numbers(
    boxes: NDArray[np.float64], *, margin: float, wishes: Sequence[int] | None = None
) -> NDArray[np.int64]:
    """Numbers for `instance_color`, so that no two objects near each other have one colour.

    Objects take their wish, or the next number that no neighbour has: the same objects have the same colours in every
    picture of them.

    Args:
        boxes: around all that is drawn of each object, `(N, 4)` x1 y1 x2 y2 in pixels.
        margin: objects are neighbours where their boxes come that near.
        wishes: number that each would like, below 0 for none; those with a wish choose first.

    Returns:
        `(N,)` int64, `CYCLE` different numbers unless that many neighbours need more.
    """
    wished = np.full(len(boxes), -1) if wishes is None else np.asarray(wishes, dtype=np.int64)
    near = _neighbours(boxes, margin)
    numbers = np.full(len(boxes), -1, dtype=np.int64)
    for index in np.argsort(wished < 0, kind="stable").tolist():
        around = numbers[near[index]]
        taken = {instance_color(number) for number in around[around >= 0].tolist()}
        wish = int(wished[index]) if wished[index] >= 0 else index % CYCLE
        rest = ((wish + step) % CYCLE for step in range(1, CYCLE))
        more = range(CYCLE, CYCLE * (len(taken) + 2))
        free = (number for number in (wish, *rest, *more) if instance_color(number) not in taken)
        numbers[index] = next(free, wish)
    return numbers


def _neighbours(boxes: NDArray[np.float64], margin: float) -> NDArray[np.bool_]:
    """`(N, N)`, True where two boxes come within `margin` of each other."""
    low, high = boxes[:, :2], boxes[:, 2:] + margin
    meet = (low[:, None] <= high[None]) & (low[None] <= high[:, None])
    return meet[..., 0] & meet[..., 1]
