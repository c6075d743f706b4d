"""A table as colours: the cells of a matrix with their names beside it, and their numbers where there is room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segladder.report.pictures.style import MAP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

EMPTY = "#E4E4E4"
"""Where there is no value."""
ROOM = 0.3
"""Inches that a cell must be wide to hold its number."""
LEAST, MOST = 0.17, 0.64
"""Width of a cell in inches."""
_LETTER = 0.062
"""Width of a letter in a column's name in inches."""


def cell_width(columns: int, *, room: float = 6.0) -> float:
    """In inches, where so many columns share so much room."""
    return min(MOST, max(LEAST, room / max(columns, 1)))


def figure_size(rows: Sequence[str], columns: Sequence[str], *, wide: float) -> tuple[float, float]:
    """Width and height in inches of a figure with one matrix, its names and a colour bar."""
    names = 0.0 if _flat(columns, wide) else _LETTER * max(map(len, columns))
    return (
        0.9 + _LETTER * max(map(len, rows)) + max(wide * len(columns), 1.2),
        max(1.7, 0.5 + 0.2 * len(rows) + names),
    )


def draw_cells(
    axes: Axes,
    values: NDArray[np.float64],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    norm: Normalize,
    wide: float,
    percent: bool = False,
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

    Returns:
        What a colour bar can be made of.
    """
    import matplotlib

    colors = matplotlib.colormaps[MAP].with_extremes(bad=EMPTY)
    shown = axes.imshow(np.ma.masked_invalid(values), cmap=colors, norm=norm, aspect="auto", interpolation="nearest")
    turned = 0 if _flat(columns, wide) else 90
    axes.set_xticks(range(len(columns)), labels=list(columns), rotation=turned, fontsize=7)
    axes.set_yticks(range(len(rows)), labels=list(rows), fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if wide >= ROOM:
        for row, column in np.ndindex(values.shape):
            value = float(values[row, column])
            if math.isnan(value):
                continue
            text = _number(value, percent=percent)
            ink = _ink(*colors(float(norm(value)))[:3])
            axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=6)
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
    bar.set_label(label)
    bar.outline.set_visible(False)


def limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """The range of colours for values, never empty."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high - low > 1e-9 else (low - 0.005, high + 0.005)


def _flat(columns: Sequence[str], wide: float) -> bool:
    """Whether the names of the columns have room side by side."""
    return max(map(len, columns), default=0) * _LETTER < wide


def _number(value: float, *, percent: bool) -> str:
    if not percent:
        return f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.2f}"
    percents = 100 * value
    return "<.1" if 0 < percents < 0.05 else f"{percents:.0f}" if value in (0.0, 1.0) else f"{percents:.1f}"


def _ink(red: float, green: float, blue: float) -> str:
    """Black or white, whichever stands out."""
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
