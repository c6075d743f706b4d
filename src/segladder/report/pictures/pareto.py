"""Score against cost: which methods are worth their parameters, operations or time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segladder.report.board import Board, Place
from segladder.report.pictures.lettering import lettered, plain
from segladder.report.pictures.names import in_common, names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.placing import Box, name_points
from segladder.report.pictures.style import BLUE, GREY, VERMILION, new_figure, panels
from segladder.report.reading import Number, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMES = 16
"""Named of more methods are those on a front, and the best."""
_FRONT = "front"
_LOG_FROM = 15.0
"""Costs that are so many times apart stand on a logarithmic axis."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a method takes."""

    name: str
    unit: float
    read: Callable[[Run], Number]
    less: bool = True
    """Whether less is better."""
    differ: float = 1.001
    """From which ratio on costs are not the same."""


COSTS = (
    Cost(name="parameters, millions", unit=1e6, read=lambda run: run.parameters),
    Cost(name="GFLOP per image", unit=1e9, read=lambda run: run.flops),
    # two runs of one network differ by that much on a busy machine
    Cost(name="images/s in training", unit=1.0, read=lambda run: run.images_per_second, less=False, differ=1.25),
)


def front(costs: Sequence[float], scores: Sequence[float], *, less_cost: bool, less_score: bool) -> list[int]:
    """Those to which no other is at least as good in both and better in one, by cost from good to bad."""
    signed = [
        (cost if less_cost else -cost, -score if less_score else score)
        for cost, score in zip(costs, scores, strict=True)
    ]
    order = sorted(range(len(signed)), key=lambda index: (signed[index][0], -signed[index][1]))
    kept: list[int] = []
    for index in order:
        cost, score = signed[index]
        if not kept or score > signed[kept[-1]][1] or (cost, score) == signed[kept[-1]]:
            kept.append(index)
    return kept


def pareto(board: Board) -> Picture:
    """A panel for each cost in which the methods differ.

    Raises:
        NothingToDraw: they differ in none, or nothing is known of it.
    """
    chosen, dropped = _chosen(board)
    if not chosen:
        raise NothingToDraw(
            "Score against cost: " + (dropped or "the methods do not differ in parameters, operations or speed.")
        )
    figure = new_figure({1: 5.4, 2: 8.6}.get(len(chosen), 11.4), 3.7)
    names, fronts = names_of(board.places, longest=30), []
    axes_of = panels(figure, len(chosen), share_y=True)
    for axes, cost in zip(axes_of, chosen, strict=True):
        fronts.append(_panel(axes, board, cost))
    axes_of[0].set_ylabel(lettered(f"{board.ground.split} {board.metric}"))
    # names are placed when the axes are: their room is known only then
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    unnamed: set[str] = set()
    for axes, cost, on_front in zip(axes_of, chosen, fronts, strict=True):
        unnamed |= _name(axes, board, cost, names, on_front)
    cut = ""
    if unnamed:
        cut = f" Where there was no room a method has no name, which is so of {len(unnamed)} of {len(board.places)}."
    first = [board.places[index].method.label for index in fronts[0]]
    return Picture(
        kind="pareto",
        figure=figure,
        caption=(
            f"{plain(board.title)} against {', '.join(cost.name for cost in chosen)}. Bars are 95 % intervals of the"
            " mean; the line is the Pareto front of the means: no other method has a better mean at no higher cost."
            f"{_better(board)}{' ' + dropped if dropped else ''}{cut}{in_common(board.places)}"
        ),
        alt=(
            f"Scores of {len(board.places)} methods against their cost. On the front of {chosen[0].name}:"
            f" {plain(', '.join(first))}."
        ),
    )


def _better(board: Board) -> str:
    return f" Less {plain(board.metric)} is better." if board.minimised else ""


def _chosen(board: Board) -> tuple[list[Cost], str]:
    """The costs that tell methods apart, and why one was dropped."""
    chosen, dropped = [], ""
    for cost in COSTS:
        known = [value for place in board.places if (value := place.mean(cost.read)) is not None and value > 0]
        if len(known) < 2 or max(known) < cost.differ * min(known):
            continue
        devices = {run.devices for place in board.places for run in place.method.runs if run.images_per_second}
        if not cost.less and len(devices) > 1:
            dropped = "Speeds are not compared, as the runs were on different devices."
            continue
        chosen.append(cost)
    return chosen, dropped


def _known(board: Board, cost: Cost) -> list[tuple[Place, float]]:
    known = [(place, place.mean(cost.read)) for place in board.places]
    return [(p, value / cost.unit) for p, value in known if value is not None and value > 0 and _finite(p)]


def _finite(place: Place) -> bool:
    return math.isfinite(place.estimate.value)


def _panel(axes: Axes, board: Board, cost: Cost) -> list[int]:
    """Draws points, bars and front; returns the places on it, as indices of the board's."""
    known = _known(board, cost)
    costs, scores = [value for _, value in known], [place.estimate.value for place, _ in known]
    kept = front(costs, scores, less_cost=cost.less, less_score=board.minimised)
    if max(costs) > _LOG_FROM * min(costs):
        _logarithmic(axes)
    opacity = 0.8 if len(known) <= MOST_NAMES else 0.35
    for index, (place, value) in enumerate(known):
        low, high = place.estimate.interval()
        color = BLUE if index in kept else GREY
        if not math.isnan(low):
            axes.plot([value, value], [low, high], color=color, linewidth=1.0, alpha=opacity, zorder=2)
        axes.plot([value], [place.estimate.value], "o", color=color, markersize=5, zorder=3)
    axes.margins(x=0.16, y=0.12)
    axes.autoscale_view()
    x, y = [costs[index] for index in kept], [scores[index] for index in kept]
    # to the side of the higher cost a method stays as good as it is
    end = axes.get_xlim()[1 if cost.less else 0]
    line = axes.step(
        [*x, end], [*y, y[-1]], where="post", color=VERMILION, linewidth=1.0, zorder=1, scalex=False, scaley=False
    )
    line[0].set_gid(_FRONT)
    axes.set_xlabel(cost.name)
    axes.grid()
    return [board.places.index(known[index][0]) for index in kept]


def _logarithmic(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _name(axes: Axes, board: Board, cost: Cost, names: Sequence[str], on_front: Sequence[int]) -> set[str]:
    known = _known(board, cost)
    places = [board.places.index(place) for place, _ in known]
    points = [(value, place.estimate.value) for place, value in known]
    by_worth = sorted(range(len(known)), key=lambda index: (places[index] not in on_front, places[index]))
    wanted = by_worth[: max(MOST_NAMES, len(on_front))]
    avoided: list[Box] = []
    for (place, value), _ in zip(known, points, strict=True):
        low, high = place.estimate.interval()
        if not math.isnan(low):
            (x, bottom), (_, top) = axes.transData.transform([(value, low), (value, high)])
            avoided.append((x - 2, bottom, x + 2, top))
    (line,) = (line for line in axes.lines if line.get_gid() == _FRONT)
    corners = axes.transData.transform(line.get_xydata())
    avoided += _steps([(float(x), float(y)) for x, y in corners])
    shown = [names[index] for index in places]
    placed = name_points(axes, points, shown, order=wanted, avoided=avoided)
    return {names[places[index]] for index in range(len(known)) if index not in placed}


def _steps(corners: Sequence[tuple[float, float]]) -> list[Box]:
    """The room that the line of the front takes: first to the side, then up or down."""
    found: list[Box] = []
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        found.append((min(x0, x1) - 1, y0 - 1, max(x0, x1) + 1, y0 + 1))
        found.append((x1 - 1, min(y0, y1) - 1, x1 + 1, max(y0, y1) + 1))
    return found
