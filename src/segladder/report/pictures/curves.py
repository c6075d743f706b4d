"""Learning curves: the monitored validation score and the training loss over optimizer steps, a band over seeds."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segladder.report.boards.board import Board, Place
from segladder.report.pictures.lettering import lettered, plain, text_width
from segladder.report.pictures.names import in_common, in_full, names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.style import COLORS, DASHES, WIDTH, new_figure, panels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 10
"""Methods drawn, by rank: more lines are told apart by nobody."""
_POINTS = 400
"""Points of a line; of more, as many neighbours are averaged as it takes."""
_LOSS = "train/loss"
_LOG_FROM = 30.0
_HANDLE, _SIDES = 0.65, 0.2
"""Inches that a line of a legend takes beside its name, and that stay free beside the legend."""

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Optimizer steps, rising, and values."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """The runs of a method at S steps."""

    steps: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    """Of all runs the lowest."""
    high: NDArray[np.float64]
    runs: int


def read_curves(path: Path, columns: Sequence[str]) -> dict[str, Curve]:
    """Columns of `metrics.csv` by the number of optimizer steps done; what is empty or undefined is left out.

    Returns:
        Those that hold a value; nothing where there is no such file.
    """
    found: dict[str, dict[int, float]] = {}
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            for row in csv.DictReader(file):
                for name in columns:
                    try:
                        # the row of the first step says 0
                        step, value = int(row["step"]) + 1, float(row[name])
                    except (KeyError, TypeError, ValueError):
                        continue
                    if math.isfinite(value):
                        found.setdefault(name, {})[step] = value
    except (OSError, csv.Error):
        return {}
    return {
        name: (np.array(sorted(values), dtype=np.float64), np.array([values[step] for step in sorted(values)]))
        for name, values in found.items()
    }


def band(curves: Sequence[Curve]) -> Band | None:
    """Mean, lowest and highest of several runs, interpolated where they were measured at different steps.

    Returns:
        None where there is no step that all runs have reached or passed.
    """
    if not curves:
        return None
    start, stop = max(steps[0] for steps, _ in curves), min(steps[-1] for steps, _ in curves)
    steps = np.unique(np.concatenate([steps for steps, _ in curves]))
    steps = steps[(steps >= start) & (steps <= stop)]
    if not len(steps):
        return None
    values = np.stack([np.interp(steps, *curve) for curve in curves])
    return Band(steps=steps, mean=values.mean(0), low=values.min(0), high=values.max(0), runs=len(curves))


def learning_curves(board: Board) -> Picture:
    """A panel of the validation score and one of the training loss, each where it was logged more than once.

    Raises:
        NothingToDraw: no run has a curve.
    """
    from matplotlib.ticker import MaxNLocator

    score = f"val/{board.metric}"
    places = board.places[:MOST]
    names = names_of(places, longest=60)
    bands: dict[str, dict[str, Band]] = {score: {}, _LOSS: {}}
    apart: list[str] = []
    for place, name in zip(places, names, strict=True):
        for column, curves in _curves_of(place, (score, _LOSS)).items():
            found = band(curves)
            if found is not None:
                bands[column][name] = found
            elif curves:
                apart.append(name)
    shown = {column: of for column, of in bands.items() if any(len(one.steps) > 1 for one in of.values())}
    if not shown:
        raise NothingToDraw(f"Learning curves: no metrics.csv has more than one value of {plain(score)} or {_LOSS}.")
    wide = WIDTH if len(shown) > 1 else 5.0
    across = _across([name for name in names if any(name in of for of in shown.values())], room=wide)
    figure = new_figure(wide, 3.0 + 0.17 * math.ceil(len(names) / across))
    for axes, (column, of) in zip(panels(figure, len(shown)), shown.items(), strict=True):
        for index, name in enumerate(names):
            if name in of:
                _draw(axes, of[name], name=name, index=index, opacity=0.18 if len(of) <= 5 else 0.1)
        axes.set(xlabel="optimizer steps", ylabel=lettered(column.replace("/", " ")))
        # there are no half steps
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True))
        axes.grid()
        if column == _LOSS:
            _logarithmic(axes, of)
    _legend(figure, across)
    return Picture(
        kind="curves",
        figure=figure,
        caption=_caption(board, shown, score, apart, most=len(places)) + in_full(places, names),
        alt=_alt(board, shown, score),
    )


def _curves_of(place: Place, columns: Sequence[str]) -> dict[str, list[Curve]]:
    runs = [read_curves(run.folder.metrics, columns) for run in place.method.runs]
    return {column: [run[column] for run in runs if column in run] for column in columns}


def _draw(axes: Axes, found: Band, *, name: str, index: int, opacity: float) -> None:
    found = _thinned(found)
    color, dash = COLORS[index % len(COLORS)], DASHES[index // len(COLORS) % len(DASHES)]
    marker = "o" if len(found.steps) <= 20 else None
    axes.plot(
        found.steps, found.mean, color=color, linestyle=dash, linewidth=1.4, marker=marker, markersize=3, label=name
    )
    if found.runs > 1:
        axes.fill_between(found.steps, found.low, found.high, color=color, alpha=opacity, linewidth=0)


def _thinned(found: Band) -> Band:
    times = math.ceil(len(found.steps) / _POINTS)
    if times < 2:
        return found
    starts = np.arange(0, len(found.steps), times)
    count = np.diff([*starts, len(found.steps)])

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, starts) / count, dtype=np.float64)

    return Band(
        steps=mean(found.steps), mean=mean(found.mean), low=mean(found.low), high=mean(found.high), runs=found.runs
    )


def _logarithmic(axes: Axes, of: dict[str, Band]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    least, most = min(one.low.min() for one in of.values()), max(one.high.max() for one in of.values())
    if least > 0 and most > _LOG_FROM * least:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if most > 1000 * least else (1.0, 3.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _across(names: Sequence[str], *, room: float) -> int:
    """How many columns of names have room side by side in so many inches."""
    widths = [_HANDLE + text_width(name, 8) for name in names]
    for columns in range(min(4, len(names)), 1, -1):
        rows = math.ceil(len(names) / columns)
        # down the first column, then the second
        if sum(max(widths[at : at + rows]) for at in range(0, len(names), rows)) <= room - _SIDES:
            return columns
    return 1


def _legend(figure: Figure, across: int) -> None:
    handles: dict[str, Artist] = {}
    for axes in figure.axes:
        shown, names = axes.get_legend_handles_labels()
        for handle, name in zip(shown, names, strict=True):
            handles.setdefault(name, handle)
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=across,
        handlelength=2.6,
    )


def _caption(board: Board, shown: dict[str, dict[str, Band]], score: str, apart: Sequence[str], *, most: int) -> str:
    several = any(one.runs > 1 for of in shown.values() for one in of.values())
    over = ", mean over seeds; bands reach from the lowest to the highest seed." if several else ", of one seed each."
    told = [f"Learning curves on {plain(board.ground.data)}{over}"]
    if len(board.places) > most:
        told.append(f"The first {most} of {len(board.places)} methods by rank.")
    if score not in shown:
        told.append("There is no curve of the validation score, as each run was validated once at most.")
    if _LOSS in shown and len({place.method.settings.get("loss", "") for place in board.places}) > 1:
        told.append("Losses of different kinds cannot be compared by their height.")
    if any(len(one.steps) > _POINTS for of in shown.values() for one in of.values()):
        told.append("Neighbouring steps are averaged where they are more than the picture can show.")
    if apart:
        told.append(f"Without those whose runs share no range of steps: {', '.join(dict.fromkeys(apart))}.")
    return " ".join(told) + in_common(board.places)


def _alt(board: Board, shown: dict[str, dict[str, Band]], score: str) -> str:
    column = score if score in shown else _LOSS
    ends = [f"{name} {one.mean[-1]:.4g} after {one.steps[-1]:,.0f} steps" for name, one in shown[column].items()]
    return f"Curves of {plain(column)}, which end at: {'; '.join(ends)}."
