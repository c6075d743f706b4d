"""What methods do on the test images that are hardest for them, side by side: from small pictures that runs kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segladder.report.boards.board import Board
from segladder.report.pictures.heat import EMPTY, broken
from segladder.report.pictures.kept_examples import Column, chosen_examples, kept_examples
from segladder.report.pictures.lettering import counted, distinct, plain
from segladder.report.pictures.names import names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.scored_images import ScoredImages, scored_images
from segladder.report.pictures.side_by_side_caption import caption
from segladder.report.pictures.style import GREY, WIDTH, new_figure
from segladder.report.pictures.worst_images import image_scores, scores_of
from segladder.report.records.run import Run
from segladder.viz.colorize import Color
from segladder.viz.errors import ERROR_COLORS
from segladder.viz.example_panels import class_panels, input_panel, object_panels
from segladder.viz.examples import CROWD, HIT, NONE, WRONG, Example, class_maps
from segladder.viz.instance_grid import FALSE_ALARM, MISSED
from segladder.viz.instance_grid import HIT as FOUND

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

MOST_METHODS = 6
MOST_IMAGES = 6
MOST_CLASSES = 12
"""Of which a legend says the colours."""
_LETTER, _LINE = 0.058, 0.115
"""Width and height of a small letter in inches."""
_GAP = 0.05

Cell = tuple[float, float, float, float]
"""Left, top, width and height in inches."""


def side_by_side(board: Board, *, images: int = MOST_IMAGES) -> Picture:
    """Input, truth and each method's prediction of the images with the lowest mean score, of those that were kept.

    Raises:
        NothingToDraw: no run kept any that is fit to be shown, or nothing is known of single images.
    """
    kept = kept_examples(board, most=MOST_METHODS)
    columns = kept.columns
    if not columns:
        none = (
            "no run kept pictures of its worst images: they were made by an older version, or with"
            " callbacks.pictures.kept=0."
        )
        reason = kept.damaged[0] if kept.damaged else none
        raise NothingToDraw(f"Side by side: {reason}")
    scored = scored_images([column.place.method for column in columns])
    values, objects = image_scores(scored, objects=board.task == "objects")
    mean = {name: value for name, value in zip(scored.ids, _mean(values), strict=True) if math.isfinite(value)}
    chosen = chosen_examples(columns, mean, most=images)
    if not chosen:
        reason = scored.missing[0] if scored.missing else "no image was kept by at least half of the methods."
        raise NothingToDraw(f"Side by side: {reason}")
    as_objects = board.task == "objects" and all(column.examples.kind == "objects" for column in columns)
    own = [_own_scores(scored, at, column.run, objects=objects) for at, column in enumerate(columns)]
    figure = _drawn(columns, chosen, own, as_objects=as_objects, measure="F1" if objects else "mIoU")
    cells = sum(name in column.by_id for name in chosen for column in columns)
    return Picture(
        kind="side-by-side",
        figure=figure,
        caption=caption(board, kept, chosen, objects=objects, as_objects=as_objects, known=len(scored.ids)),
        alt=(
            f"{counted(len(chosen), 'test image')} with truth and the predictions of"
            f" {counted(len(columns), 'method')}; {cells} of {len(chosen) * len(columns)} predictions are there."
            f" The first image is {plain(next(iter(chosen)))}."
        ),
    )


def _mean(values: NDArray[np.float64]) -> list[float]:
    known = np.isfinite(values)
    count = known.sum(0)
    total = np.where(known, values, 0.0).sum(0)
    return [float(one) for one in np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)]


def _own_scores(scored: ScoredImages, at: int, run: Run, *, objects: bool) -> dict[str, float]:
    """Image -> score in the very run that is shown; nothing where the run's statistics are missing."""
    for known, arrays in zip(scored.runs[at], scored.arrays[at], strict=True):
        if known.path == run.path:
            return dict(zip(scored.ids, map(float, scores_of(arrays, objects=objects)), strict=True))
    return {}


def _drawn(
    columns: Sequence[Column],
    chosen: Mapping[str, int],
    own: Sequence[Mapping[str, float]],
    *,
    as_objects: bool,
    measure: str,
) -> Figure:
    firsts = [next(column for column in columns if name in column.by_id) for name in chosen]
    shapes = [column.by_id[name].image.shape for name, column in zip(chosen, firsts, strict=True)]
    side = min(1.15, (WIDTH - 0.1) / (2 + len(columns)) - _GAP)
    room = max(8, int(side / _LETTER))
    titles = ["input", "truth", *names_of([column.place for column in columns], longest=3 * room - 4)]
    titles = [broken(title, room) for title in titles]
    heights = [min(2.0, max(0.3, shape[0] / shape[1])) * side for shape in shapes]
    below = (2 if as_objects else 1) * _LINE + 0.1
    top = max(title.count("\n") + 1 for title in titles) * _LINE + 0.1
    width = 0.1 + (side + _GAP) * (2 + len(columns))
    entries = _legend(columns, chosen, as_objects=as_objects)
    across = max(1, int(width / 1.15))
    height = top + sum(heights) + below * len(heights) + 0.15 * -(-len(entries) // across) + 0.1
    # one field in inches: as many axes as there are cells would take seconds to lay out
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    lefts = [0.05 + _GAP / 2 + (side + _GAP) * place for place in range(2 + len(columns))]
    for left, title in zip(lefts, titles, strict=True):
        axes.text(left + side / 2, top - 0.05, title, ha="center", va="bottom", fontsize=7, gid="title")
    labels = distinct(list(chosen), longest=room)
    y = top
    for row, (name, first) in enumerate(zip(chosen, firsts, strict=True)):
        truth = None if as_objects else _best_truth(columns, name)
        cells = [(left, y, side, heights[row]) for left in lefts]
        example = first.by_id[name]
        _show(axes, cells[0], input_panel(example))
        _say(axes, cells[0], labels[row], gid="image")
        _show(axes, cells[1], _panels(example, first, as_objects=as_objects, truth=truth)[0])
        for cell, column, scores in zip(cells[2:], columns, own, strict=True):
            if name not in column.by_id:
                _empty(axes, cell)
                continue
            example = column.by_id[name]
            _show(axes, cell, _panels(example, column, as_objects=as_objects, truth=truth)[1])
            _say(axes, cell, _note(example, scores.get(name, math.nan), measure, as_objects=as_objects), gid="note")
        y += heights[row] + below
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    figure.legend(
        handles=entries, loc="lower left", ncols=across, fontsize=6.5, handlelength=1.0, handleheight=0.8,
        borderpad=0.3, borderaxespad=0.2, columnspacing=1.0, handletextpad=0.4,
    )  # fmt: skip
    return figure


def _panels(
    example: Example, column: Column, *, as_objects: bool, truth: NDArray[np.uint16] | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if as_objects:
        return object_panels(example)
    fits = truth is not None and truth.shape == example.truth.shape
    return class_panels(example, column.examples, truth=truth if fits else None)


def _note(example: Example, score: float, measure: str, *, as_objects: bool) -> str:
    """The image's score; of objects also how it came about, as a surer one hides others in the picture."""
    said = f"{measure} {score:.3f}" if math.isfinite(score) else ""
    true, found = example.true_objects, example.found_objects
    if not as_objects or true is None or found is None:
        return said
    hits, alarms = int((true.states == HIT).sum()), int((found.states == WRONG).sum())
    return f"{said}\n{hits} of {int((true.states != CROWD).sum())}, {alarms} false"


def _best_truth(columns: Sequence[Column], name: str) -> NDArray[np.uint16] | None:
    """The labels of pixels where a run kept them: objects alone do not say what is ignored."""
    for column in columns:
        if column.examples.kind == "classes" and name in column.by_id:
            return column.by_id[name].truth
    return None


def _show(axes: Axes, cell: Cell, picture: NDArray[np.uint8]) -> None:
    """The picture in its own proportions, in the middle of the cell."""
    left, top, wide, high = cell
    scale = min(wide / picture.shape[1], high / picture.shape[0])
    own = picture.shape[1] * scale, picture.shape[0] * scale
    left, top = left + (wide - own[0]) / 2, top + (high - own[1]) / 2
    axes.imshow(picture, extent=(left, left + own[0], top + own[1], top), aspect="auto")


def _say(axes: Axes, cell: Cell, text: str, *, gid: str) -> None:
    left, top, wide, high = cell
    axes.text(left + wide / 2, top + high + 0.03, text, ha="center", va="top", fontsize=6.5, gid=gid)


def _empty(axes: Axes, cell: Cell) -> None:
    from matplotlib.patches import Rectangle

    left, top, wide, high = cell
    axes.add_patch(Rectangle((left, top), wide, high, facecolor=EMPTY, edgecolor="none"))
    axes.text(left + wide / 2, top + high / 2, "not kept\nby this run", ha="center", va="center", fontsize=6,
              color=GREY, gid="empty")  # fmt: skip


def _legend(columns: Sequence[Column], chosen: Mapping[str, int], *, as_objects: bool) -> list[Patch]:
    """What the colours of errors are, and those of classes that occur."""
    from matplotlib.patches import Patch

    def patch(color: Color, label: str, *, filled: bool) -> Patch:
        return Patch(facecolor=_hex(color) if filled else "none", edgecolor=_hex(color), label=label)

    if as_objects:
        return [
            patch(MISSED, "missed", filled=True),
            patch(FALSE_ALARM, "false alarm", filled=True),
            Patch(facecolor="#404040", edgecolor=_hex(FOUND), label="found"),
        ]
    examples = columns[0].examples
    kinds = ["wrong class"] if examples.background is None else list(ERROR_COLORS)[:3]
    if examples.background is not None and len(examples.classes) == 2:
        kinds.remove("wrong class")
    seen = {
        int(label)
        for column in columns
        for name in chosen
        if name in column.by_id
        for labels in class_maps(column.by_id[name], background=examples.background)
        for label in np.unique(labels)
    } - {NONE, examples.background}
    shown = sorted(seen)[:MOST_CLASSES]
    labels = distinct([examples.classes[index] for index in shown], longest=18)
    entries = [patch(ERROR_COLORS[kind], kind, filled=False) for kind in kinds]
    entries += [patch(examples.palette[index], label, filled=True) for index, label in zip(shown, labels, strict=True)]
    return entries


def _hex(color: Color) -> str:
    red, green, blue = color
    return f"#{red:02x}{green:02x}{blue:02x}"
