"""A table as colours: the cells of a matrix with their names beside it, and their numbers where there is room."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segladder.report.pictures.lettering import width
from segladder.report.pictures.style import MAP, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

EMPTY = "#E4E4E4"
"""Where there is no value."""
ROOM = 0.26
"""Inches that a cell must be wide to hold its number."""
LEAST, MOST = 0.13, 0.9
"""Width of a cell in inches."""
_LETTER = 0.062
"""Width of a letter in a row's or column's name in inches."""
_LINES = 4
"""Of a column's name that does not stand upright."""
_BAR = 0.95
"""Inches that the colour bar takes with its numbers and words."""
_BREAKS = re.compile(r"[^ _+=/.·-]*[ _+=/.·-]?")
"""The pieces that a name can be broken into."""


def cell_width(columns: int, *, room: float = 6.0) -> float:
    """In inches, where so many columns share so much room."""
    return min(MOST, max(LEAST, room / max(columns, 1)))


def room_beside(rows: Sequence[str]) -> float:
    """Inches that the names of the rows leave for cells in a picture as wide as it may be."""
    return WIDTH - _BAR - _LETTER * max(map(width, rows), default=0)


def figure_size(rows: Sequence[str], columns: Sequence[str], *, wide: float) -> tuple[float, float]:
    """Width and height in inches of a figure with one matrix, its names and a colour bar."""
    return (
        _BAR + _LETTER * max(map(width, rows)) + max(wide * len(columns), 1.2),
        max(1.9, 0.5 + 0.2 * len(rows) + names_height(columns, wide)),
    )


def names_height(columns: Sequence[str], wide: float) -> float:
    """Inches below the cells."""
    flat = _flat(columns, wide)
    return 0.12 * max(name.count("\n") for name in flat) if flat else _LETTER * max(map(width, columns), default=0)


def draw_cells(
    axes: Axes,
    values: NDArray[np.float64],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    norm: Normalize,
    wide: float,
    percent: bool = False,
    zeros: bool = True,
) -> AxesImage:
    """Draws the matrix into the axes.

    Args:
        axes: gets names at the left and below.
        values: `(R, C)`; NaN where there is none.
        rows: R names.
        columns: C names, upright where they are long or the cells narrow.
        norm: which values have the first and the last colour.
        wide: width of a cell in inches; with room enough it holds its number.
        percent: numbers as percents with one digit instead of fractions with three.
        zeros: whether a cell of exactly zero has its number.

    Returns:
        What a colour bar can be made of.
    """
    import matplotlib

    colors = matplotlib.colormaps[MAP].with_extremes(bad=EMPTY)
    shown = axes.imshow(np.ma.masked_invalid(values), cmap=colors, norm=norm, aspect="auto", interpolation="nearest")
    flat = _flat(columns, wide)
    axes.set_xticks(range(len(columns)), labels=flat or list(columns), rotation=0 if flat else 90, fontsize=7)
    axes.set_yticks(range(len(rows)), labels=list(rows), fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if wide >= ROOM:
        for row, column in np.ndindex(values.shape):
            value = float(values[row, column])
            if math.isnan(value) or (value == 0 and not zeros):
                continue
            text = _number(value, percent=percent)
            ink = _ink(*colors(float(norm(value)))[:3])
            axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=6.5)
    # white lines between the cells
    if min(values.shape) and max(values.shape) <= 60:
        axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=0.8, alpha=1.0)
        axes.tick_params(which="minor", length=0)
    return shown


def color_bar(figure: Figure, shown: AxesImage, label: str) -> None:
    """The colours' meaning, at the right of all axes."""
    bar = figure.colorbar(shown, ax=figure.axes, fraction=0.22 / figure.get_figwidth(), pad=0.02)
    # it stands upright: what is longer than the picture is high would be cut
    bar.set_label(textwrap.fill(label, max(12, int(8 * figure.get_figheight()))))
    bar.outline.set_visible(False)


def limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """The range of colours for values, never empty."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high - low > 1e-9 else (low - 0.005, high + 0.005)


def all_flat(columns: Sequence[str], wide: float) -> bool:
    """Whether the names of all columns have room below cells so wide, in a few lines each."""
    return bool(_flat(columns, wide))


def _flat(columns: Sequence[str], wide: float) -> list[str]:
    """The names of the columns in a few lines each, where they have room side by side; else nothing."""
    room = int(wide / _LETTER)
    names = [broken(name, room) for name in columns]
    fit = all(name.count("\n") < _LINES and max(map(width, name.split("\n"))) <= room for name in names)
    return names if fit else []


def broken(name: str, room: int) -> str:
    """In lines of so many letters, where the name has pieces so short."""
    lines = [""]
    for piece in _BREAKS.findall(name):
        if lines[-1] and width(f"{lines[-1]}{piece}".rstrip()) > room:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _number(value: float, *, percent: bool) -> str:
    if not percent:
        return f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.2f}"
    percents = 100 * value
    return "<.1" if 0 < percents < 0.05 else f"{percents:.0f}" if value in (0.0, 1.0) else f"{percents:.1f}"


def _ink(red: float, green: float, blue: float) -> str:
    """Black or white, whichever stands out."""
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
