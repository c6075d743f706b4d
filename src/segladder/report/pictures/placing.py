"""Names beside points so that none covers another or a point; a thin line leads to those further off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in pixels."""

_REACH = (5.0, 10.0, 17.0, 26.0, 38.0, 52.0, 68.0)
"""How far from its point a name may stand, in points of 1/72 inch."""
_NEAR = 4
"""So many of these before a name covers what it need not."""
_LINE_FROM = 12.0
"""From here on a line leads to the name."""
_TURNS = [0, 180, 45, 315, 135, 225, 90, 270, 22, 338, 158, 202, 67, 293, 113, 247]
"""Directions in degrees, those that read best first."""
_MARGIN = 1.5


def name_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    order: Sequence[int],
    avoided: Sequence[Box] = (),
    size: float = 7.0,
) -> dict[int, Annotation]:
    """Writes names beside points.

    Args:
        axes: laid out for good: its limits and place do not change afterwards.
        points: in data coordinates.
        names: one per point.
        order: which points get a name, the most important first.
        avoided: places in pixels that are left free as long as there are others near by.
        size: of the letters, in points.

    Returns:
        Index of a point -> its name; those for which there was no room are missing.
    """
    figure = axes.figure
    pixel = figure.dpi / 72
    frame = axes.get_window_extent()
    spots = axes.transData.transform(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    marker = 4.5 * pixel
    busy: list[Box] = [(x - marker, y - marker, x + marker, y + marker) for x, y in spots]
    placed: dict[int, Annotation] = {}
    for index in order:
        label = axes.annotate(
            names[index],
            points[index],
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=size,
            ha="center",
            va="center",
            annotation_clip=False,
            # a ground instead of an outline: outlined letters are wider than what is measured
            bbox={"boxstyle": "square,pad=0.08", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            zorder=2.5,
        )
        label.set_in_layout(False)
        extent = label.get_window_extent()
        x, y = spots[index]
        extents, size_of = np.asarray(frame.extents), (extent.width, extent.height)
        found = _place(x, y, *size_of, np.array([*busy, *avoided]), extents, pixel, reaches=_REACH[:_NEAR])
        found = found or _place(x, y, *size_of, np.array(busy), extents, pixel, reaches=_REACH)
        if found is None:
            label.remove()
            continue
        dx, dy, reach = found
        label.set_position((dx / pixel, dy / pixel))
        half = (extent.width / 2 + _MARGIN * pixel, extent.height / 2 + _MARGIN * pixel)
        busy.append((x + dx - half[0], y + dy - half[1], x + dx + half[0], y + dy + half[1]))
        if reach >= _LINE_FROM:
            end = _edge(dx, dy, extent.width / 2, extent.height / 2)
            (line,) = axes.plot(
                *zip(*axes.transData.inverted().transform([(x, y), (x + end[0], y + end[1])]), strict=True),
                color="#8A8A8A",
                linewidth=0.5,
                zorder=1.5,
                scalex=False,
                scaley=False,
                clip_on=False,
            )
            line.set_in_layout(False)
            busy += _along(x, y, x + end[0], y + end[1], pixel)[3:]
        placed[index] = label
    return placed


def _place(
    x: float,
    y: float,
    width: float,
    height: float,
    busy: NDArray[np.float64],
    frame: NDArray[np.float64],
    pixel: float,
    *,
    reaches: Sequence[float],
) -> tuple[float, float, float] | None:
    """Where the middle of a name goes, relative to its point, and how far off that is; None: nowhere."""
    for reach in reaches:
        for turn in _TURNS:
            across, up = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            dx = across * reach * pixel + max(-1.0, min(1.0, 1.5 * across)) * width / 2
            dy = up * reach * pixel + max(-1.0, min(1.0, 1.5 * up)) * height / 2
            box = (x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2)
            if box[0] < frame[0] or box[1] < frame[1] or box[2] > frame[2] or box[3] > frame[3]:
                continue
            if _covers(box, busy):
                continue
            if reach >= _LINE_FROM:
                end = _edge(dx, dy, width / 2, height / 2)
                steps = _along(x, y, x + end[0], y + end[1], pixel)[3:]
                if any(_covers(step, busy) for step in steps):
                    continue
            return dx, dy, reach
    return None


def _covers(box: Box, busy: NDArray[np.float64]) -> bool:
    if not len(busy):
        return False
    apart = (busy[:, 0] >= box[2]) | (busy[:, 2] <= box[0]) | (busy[:, 1] >= box[3]) | (busy[:, 3] <= box[1])
    return bool((~apart).any())


def _edge(dx: float, dy: float, half_width: float, half_height: float) -> tuple[float, float]:
    """Where the line from a point to the middle of its name meets the name."""
    outside = max(abs(dx) / half_width if half_width else 0.0, abs(dy) / half_height if half_height else 0.0)
    share = 1 - 1 / outside if outside > 1 else 0.0
    return dx * share, dy * share


def _along(x0: float, y0: float, x1: float, y1: float, pixel: float) -> list[Box]:
    """The line as small boxes, from its start to its end."""
    steps = max(2, int(math.hypot(x1 - x0, y1 - y0) / (2 * pixel)))
    half = 0.5 * pixel
    return [
        (x - half, y - half, x + half, y + half)
        for x, y in zip(np.linspace(x0, x1, steps), np.linspace(y0, y1, steps), strict=True)
    ]
