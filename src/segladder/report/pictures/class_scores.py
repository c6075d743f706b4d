"""Methods by classes as colours: where each is good and where all are bad."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segladder.report.boards.board import Board, Place
from segladder.report.boards.comparable import OBJECTS
from segladder.report.pictures.heat import ROOM, cell_width, color_bar, draw_cells, figure_size, limits, room_beside
from segladder.report.pictures.lettering import counted, distinct, lettered, plain
from segladder.report.pictures.names import in_common, in_full, names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.style import new_figure
from segladder.viz.score_names import score_name

MOST_CLASSES = 40
MOST_METHODS = 40


def measure_of(board: Board) -> str:
    """What single classes are scored by: IoU of pixels, AP of objects.

    Raises:
        NothingToDraw: no run has any.
    """
    wanted = [board.metric, *OBJECTS] if board.task == "objects" else ["iou"]
    for name in wanted:
        if any(_of_class(place, name) for place in board.places):
            return name
    raise NothingToDraw("Classes: no record holds scores of single classes.")


def title_of(measure: str, *, first: bool = False) -> str:
    """`mask AP` for mask_ap; `Mask AP` as the first word of a sentence."""
    title = score_name(measure)
    return title[0].upper() + title[1:] if first else title


def class_means(place: Place, measure: str) -> dict[str, float]:
    """Each class's score, the mean over the seeds in which it is defined; NaN where in none."""
    found: dict[str, list[float]] = {}
    for values in _of_class(place, measure):
        for name, value in values.items():
            known = [] if value is None or math.isnan(value) else [value]
            found.setdefault(name, []).extend(known)
    return {name: sum(values) / len(values) if values else math.nan for name, values in found.items()}


def class_scores(board: Board) -> Picture:
    """A heat map with a row for each method and a column for each class.

    Raises:
        NothingToDraw: no record holds scores of single classes.
    """
    from matplotlib.colors import Normalize

    measure = measure_of(board)
    places = [place for place in board.places if _of_class(place, measure)]
    means = [class_means(place, measure) for place in places]
    classes = list(dict.fromkeys(name for mean in means for name in mean))
    values = np.array([[mean.get(name, math.nan) for name in classes] for mean in means])
    defined = np.flatnonzero(np.isfinite(values).any(0))
    if not len(defined):
        raise NothingToDraw(f"Classes: {title_of(measure)} of every class is undefined in every run.")
    kept = _kept(values, defined)
    told = _cuts(board, places, len(kept), len(defined), len(classes))
    values, classes = values[:MOST_METHODS, kept], [classes[index] for index in kept]
    rows, columns = names_of(places[:MOST_METHODS]), distinct(classes, longest=24)
    wide = cell_width(len(classes), room=room_beside(rows))
    figure = new_figure(*figure_size(rows, columns, wide=wide))
    axes = figure.add_subplot()
    norm = Normalize(*limits(values))
    shown = draw_cells(
        axes,
        values,
        rows=rows,
        columns=columns,
        norm=norm,
        wide=wide,
        percent=True,
    )
    color_bar(figure, shown, lettered(f"{board.ground.split} {title_of(measure)}"))
    numbers = " Numbers are percent." if wide >= ROOM else ""
    worst = int(np.nanargmin(_mean_over(values)))
    return Picture(
        kind="classes",
        figure=figure,
        caption=(
            f"{title_of(measure, first=True)} of each class on {plain(board.ground.title)}, mean over seeds.{numbers}"
            f"{told}{in_common(board.places)}{in_full(places[:MOST_METHODS], rows)}"
        ),
        alt=(
            f"Heat map of {counted(len(values), 'method')} by {counted(len(classes), 'class')}; on average the lowest"
            f" {title_of(measure)} has {plain(classes[worst])}."
        ),
    )


def _of_class(place: Place, measure: str) -> list[dict[str, float | None]]:
    found = (run.per_class.get(run.scored, {}).get(measure) for run in place.method.runs)
    return [values for values in found if values]


def _kept(values: NDArray[np.float64], defined: NDArray[np.int64]) -> NDArray[np.int64]:
    """The classes to show, in their order: of too many those that tell methods apart most."""
    if len(defined) <= MOST_CLASSES:
        return defined
    columns = values[:, defined]
    spread = np.nanmax(columns, 0) - np.nanmin(columns, 0)
    if not (spread > 0).any():
        spread = -np.nanmin(columns, 0)
    return np.sort(defined[np.argsort(-spread, kind="stable")[:MOST_CLASSES]])


def _mean_over(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    mean: NDArray[np.float64] = np.divide(
        np.where(known, values, 0.0).sum(0), known.sum(0), out=np.full(values.shape[1], np.nan), where=known.any(0)
    )
    return mean


def _cuts(board: Board, places: list[Place], kept: int, defined: int, classes: int) -> str:
    told = ""
    if kept < defined:
        why = "on which the methods differ most" if len(places) > 1 else "with the lowest scores"
        told += f" Of {defined} classes the {kept} {why}."
    if classes > defined:
        told += f" {counted(classes - defined, 'class')} {'does' if classes - defined == 1 else 'do'} not occur."
    if len(places) > MOST_METHODS:
        told += f" The first {MOST_METHODS} of {len(places)} methods by rank."
    if len(places) < len(board.places):
        told += f" {len(board.places) - len(places)} methods have no scores of single classes."
    return told
