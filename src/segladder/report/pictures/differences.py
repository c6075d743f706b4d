"""Forest plot: the difference of each method to one, with its interval and the verdict."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segladder.report import figures
from segladder.report.boards.ablation import Ablation
from segladder.report.boards.board import Board, difference_interval
from segladder.report.boards.verdict import Verdict, verdict_of
from segladder.report.pictures.lettering import counted, lettered, plain
from segladder.report.pictures.names import fitted, in_common, in_full, names_of, said
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.style import BLUE, GREY, VERMILION, WIDTH, new_figure
from segladder.report.statistics.uncertainty import Estimate, difference_of

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
_LEFT, _RIGHT = 4, 5
"""Markers: arrow heads that end where they point."""
_TOO_WIDE = 3.0
"""Times the width of the usual interval from which on one may be cut, where all of it would make ..."""
_HIDES = 2.0
"""... the axis so many times longer."""
_WORDS = {"better": "better", "worse": "worse", "undecided": "undecided", "": "no verdict"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the plot."""

    name: str
    difference: Estimate
    verdict: Verdict
    interval: tuple[float, float]
    """At 95 %, within what a difference can be; NaN twice where there is none."""


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """All rows, and what they are compared with."""

    lines: list[Line]
    against: str
    in_full: str
    """The same for a caption."""
    told: str
    """What a caption says of the names."""


def differences(board: Board, table: Ablation | None = None) -> Picture:
    """To the best method, or of an ablation's cells to its baseline.

    Raises:
        NothingToDraw: nothing is compared.
    """
    compared = _of_ablation(table) if table is not None and table.baselines else _of_board(board)
    lines, against = compared.lines, compared.against
    shown = lines[:MOST]
    height = 0.9 + 0.22 * len(shown)
    figure = new_figure(WIDTH, height)
    axes = figure.add_subplot()
    reach = reach_of(shown)
    for row, line in enumerate(shown):
        color, marker, fill = LOOKS[line.verdict.word]
        low, high = line.interval
        if not math.isnan(low):
            drawn = max(low, reach[0]), min(high, reach[1])
            axes.plot(drawn, [row, row], color=color, linewidth=1.6, solid_capstyle="butt", zorder=2)
            for end, whole, head in zip(drawn, (low, high), (_LEFT, _RIGHT), strict=True):
                if end != whole:
                    axes.plot([end], [row], marker=head, markersize=6, color=color, linestyle="none", gid="beyond")
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
    label = lettered(f"difference of {board.ground.split} {board.metric} to {against} ({better})", longest=140)
    axes.set_xlabel(textwrap.fill(label, 72))
    margin = 0.06 * (reach[1] - reach[0])
    axes.set_xlim(reach[0] - margin, reach[1] + margin)
    axes.locator_params(axis="x", nbins=6)
    _legend(axes, shown)
    cut = f" The first {MOST} of {len(lines)} are shown." if len(lines) > MOST else ""
    over, few = _over(lines)
    corrected = ", the verdict is corrected for all pairs" if any(line.verdict.word for line in lines) else ""
    ends = (end for line in shown for end in line.interval)
    beyond = (
        " An arrow head is where an interval goes on beyond the picture; its ends stand at the right."
        if any(end < reach[0] or end > reach[1] for end in ends)
        else ""
    )
    counts = {word: sum(line.verdict.word == word for line in lines) for word in LOOKS}
    told = ", ".join(f"{count} {_WORDS[word]}" for word, count in counts.items() if count)
    return Picture(
        kind="differences",
        figure=figure,
        caption=(
            f"Differences of {plain(board.title)} to {compared.in_full}, with 95 % intervals {over};"
            f" each interval is for its pair alone{corrected}.{few}{cut}{beyond}"
            f"{compared.told}"
        ),
        alt=f"Forest plot of {counted(len(shown), 'difference')} to {plain(against)}: {told}.",
    )


def reach_of(lines: Sequence[Line]) -> tuple[float, float]:
    """From where to where the axis goes: over all intervals, but for those so wide that they would hide the others."""
    points = [0.0, *(line.difference.value for line in lines)]
    known = [line.interval for line in lines if not math.isnan(line.interval[0])]
    if not known:
        return _wide_enough(min(points), max(points))
    widths = sorted(high - low for low, high in known)
    usual = widths[(len(widths) - 1) // 2]

    def over(intervals: Sequence[tuple[float, float]]) -> tuple[float, float]:
        ends = [end for interval in intervals for end in interval]
        return min([*points, *ends]), max([*points, *ends])

    whole, most = over(known), over([(low, high) for low, high in known if high - low <= _TOO_WIDE * usual])
    hides = whole[1] - whole[0] > _HIDES * (most[1] - most[0])
    return _wide_enough(*(most if hides else whole))


def _wide_enough(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high - low > 1e-9 else (low - 0.001, high + 0.001)


def _of_board(board: Board) -> _Compared:
    if len(board.places) < 2:
        raise NothingToDraw("Differences: there is one method alone.")
    best, named = board.places[0], board.places[: MOST + 1]
    names = names_of(named)
    lines = []
    for index, place in enumerate(board.places[1:], start=1):
        difference = difference_of(place.sample, best.sample)
        verdict = verdict_of(difference, float(board.pairs.adjusted[index, 0]), minimised=board.minimised)
        name = names[index] if index < len(names) else ""
        lines.append(
            Line(
                name=name,
                difference=difference,
                verdict=verdict,
                interval=difference_interval(difference, board.metric),
            )
        )
    return _Compared(
        lines=lines,
        against=f"the best, {names[0]}",
        in_full=f"the best, {said(best)}",
        told=in_common(board.places) + in_full(named, names),
    )


def _of_ablation(table: Ablation) -> _Compared:
    wheres = [where for where in table.baselines if table.cells[where].difference is not None]
    keys = [table.rows, table.cols] if table.cols else [table.rows]
    words = [{key: value or "none" for key, value in zip(keys, where, strict=False)} for where in wheres]
    names = fitted(words, longest=40, between=" · ")
    lines = []
    for name, where in zip(names, wheres, strict=True):
        cell = table.cells[where]
        assert cell.difference is not None and cell.verdict is not None
        interval = difference_interval(cell.difference, table.board.metric)
        lines.append(Line(name=name, difference=cell.difference, verdict=cell.verdict, interval=interval))
    cut = any("…" in name and name != " · ".join(of.values()) for name, of in zip(names, words, strict=True))
    told = " Names are cut; the table of differences has them in full, in the same order." if cut else ""
    return _Compared(lines=lines, against=_against(table), in_full=plain(_against(table)), told=told)


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
