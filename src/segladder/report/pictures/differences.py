"""Forest plot: the difference of each method to one, with its interval and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segladder.report import figures
from segladder.report.ablation import Ablation
from segladder.report.board import Board
from segladder.report.pictures.lettering import counted, distinct, lettered, plain
from segladder.report.pictures.names import in_common, names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.style import BLUE, GREY, VERMILION, new_figure
from segladder.report.statistics.uncertainty import Estimate, difference_of
from segladder.report.verdict import Verdict, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 40
LOOKS = {
    "better": (BLUE, "^", BLUE),
    "worse": (VERMILION, "v", VERMILION),
    "undecided": (GREY, "o", GREY),
    "": (GREY, "o", "white"),
}
"""Verdict -> colour, marker and what the marker is filled with."""
_WORDS = {"better": "better", "worse": "worse", "undecided": "undecided", "": "no verdict"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the plot."""

    name: str
    difference: Estimate
    verdict: Verdict


def differences(board: Board, table: Ablation | None = None) -> Picture:
    """To the best method, or of an ablation's cells to its baseline.

    Raises:
        NothingToDraw: nothing is compared.
    """
    lines, against = _of_ablation(table) if table is not None and table.baselines else _of_board(board)
    shown = lines[:MOST]
    height = 0.9 + 0.22 * len(shown)
    figure = new_figure(7.0, height)
    axes = figure.add_subplot()
    for row, line in enumerate(shown):
        color, marker, fill = LOOKS[line.verdict.word]
        low, high = line.difference.interval()
        if not math.isnan(low):
            axes.plot([low, high], [row, row], color=color, linewidth=1.6, solid_capstyle="butt", zorder=2)
        axes.plot(
            [line.difference.value], [row], marker=marker, markersize=6, color=color, markerfacecolor=fill, zorder=3
        )
        numbers = figures.score(line.difference.value, sign=True)
        if not math.isnan(low):
            numbers += f"  {figures.interval(low, high, sign=True)}"
        axes.annotate(
            numbers.replace("-", "−"),
            (1.02, row),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=7,
            annotation_clip=False,
        )
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(shown)), labels=[line.name for line in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    better = "lower is better" if board.minimised else "higher is better"
    axes.set_xlabel(lettered(f"difference of {board.ground.split} {board.metric} to {against} ({better})", longest=100))
    axes.margins(x=0.06)
    _legend(axes, shown)
    cut = f" The first {MOST} of {len(lines)} are shown." if len(lines) > MOST else ""
    over, few = _over(lines)
    counts = {word: sum(line.verdict.word == word for line in lines) for word in LOOKS}
    told = ", ".join(f"{count} {_WORDS[word]}" for word, count in counts.items() if count)
    return Picture(
        kind="differences",
        figure=figure,
        caption=(
            f"Differences of {plain(board.title)} to {plain(against)}, with 95 % intervals {over};"
            f" each interval is for its pair alone, the verdict is corrected for all pairs.{few}{cut}"
            f"{in_common(board.places) if table is None else ''}"
        ),
        alt=f"Forest plot of {counted(len(shown), 'difference')} to {plain(against)}: {told}.",
    )


def _of_board(board: Board) -> tuple[list[Line], str]:
    if len(board.places) < 2:
        raise NothingToDraw("Differences: there is one method alone.")
    best, names = board.places[0], names_of(board.places)
    lines = []
    for index, place in enumerate(board.places[1:], start=1):
        difference = difference_of(place.sample, best.sample)
        verdict = verdict_of(difference, float(board.pairs.adjusted[index, 0]), minimised=board.minimised)
        lines.append(Line(name=names[index], difference=difference, verdict=verdict))
    return lines, f"the best, {names[0]}"


def _of_ablation(table: Ablation) -> tuple[list[Line], str]:
    wheres = [where for where in table.baselines if table.cells[where].difference is not None]
    names = distinct(
        [" · ".join(value or "none" for value in (where if table.cols else where[:1])) for where in wheres]
    )
    lines = []
    for name, where in zip(names, wheres, strict=True):
        cell = table.cells[where]
        assert cell.difference is not None and cell.verdict is not None
        lines.append(Line(name=name, difference=cell.difference, verdict=cell.verdict))
    return lines, _against(table)


def _against(table: Ablation) -> str:
    """What all cells are compared with, or in which key they differ from it."""
    rows = {row for row, _ in table.baselines.values()}
    cols = {col for _, col in table.baselines.values()}
    told = [f"{table.rows}={_one(rows)}"] if len(rows) == 1 else []
    if table.cols and len(cols) == 1:
        told.append(f"{table.cols}={_one(cols)}")
    if not table.cols or (len(rows) == 1 and len(cols) == 1):
        return " ".join(told)
    same = table.rows if len(rows) > 1 else table.cols
    return f"{' '.join(told)} of the same {same}".strip()


def _one(values: set[str]) -> str:
    return next(iter(values)) or "none"


def _over(lines: Sequence[Line]) -> tuple[str, str]:
    """What the intervals are over, and what is to be said where they are not all alike."""
    seeds = [not math.isnan(line.difference.seeds_variance) for line in lines]
    images = [not math.isnan(line.difference.images_variance) for line in lines]
    if all(images) and not any(seeds):
        return "over test images alone, as there is one seed", ""
    if all(seeds) and not any(images):
        return "over seeds alone, as nothing is known of single test images", ""
    mixed = not (all(seeds) and all(images))
    return "over seeds and test images", (
        " Where a method has one seed they are over test images alone, where single images are not known over seeds"
        " alone."
        if mixed
        else ""
    )


def _legend(axes: Axes, lines: Sequence[Line]) -> None:
    from matplotlib.lines import Line2D

    found = [word for word in LOOKS if any(line.verdict.word == word for line in lines)]
    handles = [
        Line2D(
            [],
            [],
            color=LOOKS[word][0],
            marker=LOOKS[word][1],
            markerfacecolor=LOOKS[word][2],
            linewidth=1.6,
            label=_WORDS[word],
        )
        for word in found
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(handles), borderaxespad=0.2)
