"""Where the names of objects stand in a picture: readable on any background, never over each other, never a crowd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

from segladder.viz.colorize import Color
from segladder.viz.text import font, text_width, writable

_DARK, _LIGHT = (0, 0, 0), (255, 255, 255)


Place = tuple[int, int, int, int]


class Plate(NamedTuple):
    """A text on a ground of its object's colour."""

    owner: int
    """Index of the object."""
    text: str
    place: Place
    """x1 y1 x2 y2 in pixels, x2 and y2 excluded."""


def placed_plates(
    texts: Sequence[Sequence[str]], boxes: NDArray[np.float64], ids: NDArray[np.int32], *, font_size: int
) -> list[Plate]:
    """A plate for each object that has room for one, those that come first choosing first.

    A plate stands above its box, below it, or inside at the top, wherever it hides least of the objects; it lies in
    the picture, covers no other plate and takes no more room than the box itself.

    Args:
        texts: what may be said of each object, the best first.
        boxes: `(N, 4)` x1 y1 x2 y2 in pixels of the picture.
        ids: `(h, w)`, number from 1 of the object at each pixel, 0 where there is none.
        font_size: height of the letters in pixels.
    """
    plates: list[Plate] = []
    for index, (wordings, box) in enumerate(zip(texts, boxes.tolist(), strict=True)):
        for wording in wordings:
            text = writable(wording)
            places = _places(box, text_width(text, font_size) + 4, font_size + 2, ids.shape)
            places = [place for place in places if all(_apart(place, plate.place) for plate in plates)]
            if places:
                hidden = [_hidden(ids, place) for place in places]
                plates.append(Plate(index, text, places[hidden.index(min(hidden))]))
                break
    return plates


def draw_plates(draw: ImageDraw.ImageDraw, plates: Sequence[Plate], colors: Sequence[Color], *, font_size: int) -> None:
    """Draws the plates, each in its object's colour with letters that stand out from it."""
    for plate in plates:
        x1, y1, x2, y2 = plate.place
        color = colors[plate.owner]
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=color)
        draw.text((x1 + 2, (y1 + y2) // 2), plate.text, fill=_ink(color), font=font(font_size), anchor="lm")


def _places(box: Sequence[float], wide: int, high: int, size: tuple[int, ...]) -> list[Place]:
    """Where a plate may stand, the best first; nowhere if it is larger than its box."""
    x1, y1, x2, y2 = box
    if wide * high > (x2 - x1) * (y2 - y1) or wide > size[1]:
        return []
    left = min(max(round(x1), 0), size[1] - wide)
    tops = (round(y1) - high, round(y2), round(y1))
    return [(left, top, left + wide, top + high) for top in tops if 0 <= top <= size[0] - high]


def _apart(one: Place, other: Place) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def _hidden(ids: NDArray[np.int32], place: Place) -> int:
    """Pixels of objects below a plate."""
    return int((ids[place[1] : place[3], place[0] : place[2]] > 0).sum())


def _ink(ground: Color) -> Color:
    """Black or white, whichever stands out more (ITU-R BT.601 luma)."""
    red, green, blue = ground
    return _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else _LIGHT
