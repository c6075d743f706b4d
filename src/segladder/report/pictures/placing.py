"""Names beside points so that none covers another or a point; a thin line leads to those further off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

LEADER = "leader"
"""What the lines to names are called."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in pixels."""

_REACH = (5.0, 10.0, 17.0, 26.0, 38.0, 52.0, 68.0, 88.0)
"""How far from its point a name may stand, in points of 1/72 inch."""
_NEAR = 6
"""So many of these before a name covers what it need not."""
_LINE_FROM = 9.0
"""From here on a line leads to the name."""
_ALONE = 6.0
"""So much farther than from its own point a name without a line is from any other, in points."""
_TURNS = [0, 180, 45, 315, 135, 225, 90, 270, 22, 338, 158, 202, 67, 293, 113, 247]
"""Directions in degrees, those that read best first."""
_MARGIN = 1.5
_MARKER = 4.5
"""Half the width of a point, in points."""


def name_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Mapping[int, str],
    *,
    avoided: Sequence[Box] = (),
    size: float = 7.0,
) -> dict[int, Annotation]:
    """Writes names beside points, so that each is seen to belong to its own.

    Args:
        axes: laid out for good: its limits and place do not change afterwards.
        points: in data coordinates.
        names: index of a point -> its name, the most important first.
        avoided: places in pixels that are left free as long as there are others near by.
        size: of the letters, in points.

    Returns:
        Index of a point -> its name; those for which there was no room are missing.
    """
    pixel = axes.figure.dpi / 72
    spots = axes.transData.transform(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    marker = _MARKER * pixel
    room = _Room(
        frame=np.asarray(axes.get_window_extent().extents),
        spots=spots,
        busy=[(x - marker, y - marker, x + marker, y + marker) for x, y in spots],
        pixel=pixel,
    )
    placed: dict[int, Annotation] = {}
    for index, text in names.items():
        label = axes.annotate(
            text,
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
        size_of = extent.width, extent.height
        found = room.place(index, *size_of, avoided=avoided, reaches=_REACH[:_NEAR])
        found = found or room.place(index, *size_of, avoided=(), reaches=_REACH)
        if found is None:
            label.remove()
            continue
        dx, dy, reach = found
        label.set_position((dx / pixel, dy / pixel))
        room.take(index, dx, dy, *size_of, line=reach >= _LINE_FROM)
        if reach >= _LINE_FROM:
            x, y = spots[index]
            end = _edge(dx, dy, extent.width / 2, extent.height / 2)
            name_at = axes.transData.inverted().transform((x + end[0], y + end[1]))
            _lead(axes, points[index], name_at, pinned=room.shared(index))
        placed[index] = label
    return placed


def _lead(axes: Axes, point: tuple[float, float], name: NDArray[np.float64], *, pinned: bool) -> None:
    """A thin line from a point; pinned to its very middle, above others that it shares its place with."""
    line = axes.plot(*zip(point, name, strict=True), color="#444444", linewidth=0.6, scalex=False, scaley=False)
    if pinned:
        line += axes.plot(*zip(point, strict=True), ".", markersize=2.5, color="white", scalex=False, scaley=False)
    for artist in line:
        artist.set(clip_on=False, zorder=4.0 if pinned else 1.5, gid=LEADER)
        artist.set_in_layout(False)


@dataclass(kw_only=True)
class _Room:
    """What is free within the axes."""

    frame: NDArray[np.float64]
    spots: NDArray[np.float64]
    """The points in pixels, `(N, 2)`."""
    busy: list[Box]
    """The points first, in their order."""
    pixel: float

    def place(
        self, index: int, width: float, height: float, *, avoided: Sequence[Box], reaches: Sequence[float]
    ) -> tuple[float, float, float] | None:
        """Where the middle of a name goes, relative to its point, and how far off that is; None: nowhere."""
        x, y = self.spots[index]
        busy = np.array([*self.busy, *avoided])
        for reach in reaches:
            for turn in _TURNS:
                across, up = math.cos(math.radians(turn)), math.sin(math.radians(turn))
                dx = across * reach * self.pixel + max(-1.0, min(1.0, 1.5 * across)) * width / 2
                dy = up * reach * self.pixel + max(-1.0, min(1.0, 1.5 * up)) * height / 2
                box = (x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2)
                if box[0] < self.frame[0] or box[1] < self.frame[1] or box[2] > self.frame[2] or box[3] > self.frame[3]:
                    continue
                if _covers(np.array([box]), busy):
                    continue
                if reach >= _LINE_FROM:
                    end = _edge(dx, dy, width / 2, height / 2)
                    if self._crosses(index, *end):
                        continue
                    if _covers(_along(x, y, x + end[0], y + end[1], self.pixel), busy[len(self.spots) :]):
                        continue
                elif not self._alone(index, box):
                    continue
                return dx, dy, reach
        return None

    def take(self, index: int, dx: float, dy: float, width: float, height: float, *, line: bool) -> None:
        """Room for a name, and for the line to it."""
        x, y = self.spots[index]
        half = (width / 2 + _MARGIN * self.pixel, height / 2 + _MARGIN * self.pixel)
        self.busy.append((x + dx - half[0], y + dy - half[1], x + dx + half[0], y + dy + half[1]))
        if line:
            end = _edge(dx, dy, width / 2, height / 2)
            steps = _along(x, y, x + end[0], y + end[1], self.pixel)
            self.busy += [(float(a), float(b), float(c), float(d)) for a, b, c, d in steps]

    def shared(self, index: int) -> bool:
        """Whether another point covers a part of this one."""
        off = np.hypot(*(self.spots - self.spots[index]).T)
        return bool((np.delete(off, index) < 2 * _MARKER * self.pixel).any())

    def _crosses(self, index: int, dx: float, dy: float) -> bool:
        """Whether the line from a point comes near another, other than by beginning near it."""
        others = np.delete(self.spots - self.spots[index], index, axis=0)
        length = max(dx * dx + dy * dy, 1e-9)
        along = np.clip((others[:, 0] * dx + others[:, 1] * dy) / length, 0.0, 1.0)
        off = np.hypot(others[:, 0] - along * dx, others[:, 1] - along * dy)
        return bool((off < np.minimum(1.3 * _MARKER * self.pixel, 0.75 * np.hypot(*others.T))).any())

    def _alone(self, index: int, box: Box) -> bool:
        """Whether a name there can be taken for that of no other point."""
        x, y = self.spots.T
        off = np.hypot(
            np.maximum(0, np.maximum(box[0] - x, x - box[2])), np.maximum(0, np.maximum(box[1] - y, y - box[3]))
        )
        return not (np.delete(off, index) < off[index] + _ALONE * self.pixel).any()


def _covers(boxes: NDArray[np.float64], busy: NDArray[np.float64]) -> bool:
    """Whether any of `(B, 4)` has to do with any of `(C, 4)`."""
    if not len(busy):
        return False
    left, bottom, right, top = boxes.T[:, :, None]
    apart = (busy[:, 0] >= right) | (busy[:, 2] <= left) | (busy[:, 1] >= top) | (busy[:, 3] <= bottom)
    return bool((~apart).any())


def _edge(dx: float, dy: float, half_width: float, half_height: float) -> tuple[float, float]:
    """Where the line from a point to the middle of its name meets the name."""
    outside = max(abs(dx) / half_width if half_width else 0.0, abs(dy) / half_height if half_height else 0.0)
    share = 1 - 1 / outside if outside > 1 else 0.0
    return dx * share, dy * share


def _along(x0: float, y0: float, x1: float, y1: float, pixel: float) -> NDArray[np.float64]:
    """The line as small boxes, `(S, 4)`, from the rim of its point to its end."""
    length = math.hypot(x1 - x0, y1 - y0)
    begin = min(1.0, _MARKER * pixel / length) if length else 1.0
    steps = np.linspace(begin, 1.0, max(2, int(length / (2 * pixel))))
    x, y, half = x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps, 0.5 * pixel
    return np.stack([x - half, y - half, x + half, y + half], axis=1)
