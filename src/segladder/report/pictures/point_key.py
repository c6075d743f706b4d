"""What the numbers beside points mean: a list of names below a plot."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from segladder.report.pictures.lettering import width
from segladder.report.pictures.style import BLUE, WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINE = 0.155
"""Inches from one name to the next."""
_LETTER = 0.06
_NUMBER = 0.3
"""Inches for a number and what is left free beside it."""
_LEFT = 0.1
_SIZE = 7.0


def key_height(names: Sequence[str]) -> float:
    """Inches that the list needs."""
    return _LINE * math.ceil(len(names) / _columns(names)) + 0.1


def draw_key(figure: Figure, names: Mapping[int, str], *, strong: Collection[int] = ()) -> None:
    """Writes number and name, column by column, at the foot of a figure.

    Args:
        figure: as wide as pictures are.
        names: by number.
        strong: numbers of those in blue.
    """
    columns = _columns(list(names.values()))
    rows = math.ceil(len(names) / columns)
    width_of, height = (WIDTH - _LEFT) / columns, figure.get_figheight()
    for position, (number, name) in enumerate(names.items()):
        column, row = divmod(position, rows)
        x, y = _LEFT + column * width_of + _NUMBER, _LINE * (rows - row - 0.5) + 0.05
        color = BLUE if number in strong else "black"
        for text, off, side in ((str(number), -0.07, "right"), (name, 0.0, "left")):
            label = figure.text((x + off) / WIDTH, y / height, text, ha=side, va="center", fontsize=_SIZE, color=color)
            label.set_in_layout(False)


def _columns(names: Sequence[str]) -> int:
    longest = max(map(width, names), default=1)
    return max(1, min(4, int((WIDTH - _LEFT) / (_NUMBER + 0.1 + _LETTER * longest))))
