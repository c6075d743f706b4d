"""Score against cost: which methods are worth their time, parameters or operations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segladder.report.boards.board import Board, Place, share_interval
from segladder.report.pictures.lettering import lettered, plain
from segladder.report.pictures.names import in_common, in_full, names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.placing import Box, name_points
from segladder.report.pictures.point_key import draw_key, key_height
from segladder.report.pictures.style import BLUE, GREY, VERMILION, WIDTH, new_figure
from segladder.report.records.measured import Number
from segladder.report.records.run import Run
from segladder.report.records.samples import is_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMES = 12
"""Of more methods the points bear numbers, which a list below explains."""
MOST_LISTED = 40
FEW_LISTED = 20
"""Of more methods than can be listed: those on the front, then the best."""
FRONT = "front"
_LOG_FROM = 15.0
"""Costs that are so many times apart stand on a logarithmic axis."""
_HEIGHT = 3.7


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a method takes."""

    kind: str
    name: str
    unit: float
    read: Callable[[Run], Number]
    less: bool = True
    """Whether less is better."""
    differ: float = 1.001
    """From which ratio on costs are not the same."""
    timed: bool = False
    """Whether it depends on the machine."""
    unknown: str = ""
    """How to get it."""

    def of(self, run: Run) -> Number:
        """None where it is not known, or cannot be."""
        value = self.read(run)
        return value if value is not None and math.isfinite(value) and value > 0 else None


COSTS = (
    # a busy machine changes a median by that much
    Cost(
        kind="latency",
        name="latency of one image, ms",
        unit=1.0,
        read=lambda run: run.latency_ms,
        differ=1.1,
        timed=True,
        unknown=" A search with latency among its objectives measures it.",
    ),
    Cost(kind="parameters", name="parameters, millions", unit=1e6, read=lambda run: run.parameters),
    Cost(kind="flops", name="GFLOP per image", unit=1e9, read=lambda run: run.flops),
    # two runs of one network differ by that much
    Cost(
        kind="speed",
        name="images/s in training",
        unit=1.0,
        read=lambda run: run.images_per_second,
        less=False,
        differ=1.25,
        timed=True,
    ),
)

Known = Mapping[int, tuple[float, float]]
"""Index of a board's place -> its cost, in the cost's unit, and its score."""


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


def pareto(board: Board, cost: Cost) -> Picture:
    """The methods' scores against what they cost.

    Raises:
        NothingToDraw: they do not differ in it, or nothing is known of it.
    """
    known = _known(board, cost)
    on_front = _front(known, cost, board)
    drawn = _with_names(board, cost, known, on_front) or _with_numbers(board, cost, known, on_front)
    figure, told = drawn
    best = plain(", ".join(board.places[index].method.label for index in on_front))
    return Picture(
        kind=f"pareto-{cost.kind}",
        figure=figure,
        caption=(
            f"{plain(board.title)} against {cost.name}. Bars are 95 % intervals of the mean; the line and the points in"
            " blue are the Pareto front of the means: no other method has a better mean at no higher cost."
            f"{f' Less {plain(board.metric)} is better.' if board.minimised else ''}"
            f"{_machines(board, cost, known)}{told}{in_common(board.places)}"
        ),
        alt=f"Scores of {len(known)} methods against {cost.name}. On the front: {best}.",
    )


def _known(board: Board, cost: Cost) -> Known:
    found = {index: place.mean(cost.of) for index, place in enumerate(board.places)}
    known = {
        index: (value / cost.unit, score)
        for index, value in found.items()
        if value is not None and math.isfinite(score := board.places[index].estimate.value)
    }
    what = f"Score against {cost.name}:"
    if len(known) < 2:
        told = "one method's runs alone hold it" if known else "no record holds it"
        raise NothingToDraw(f"{what} {told}.{cost.unknown}")
    devices = {run.devices for run in _runs(board, cost, known)}
    if cost.timed and len(devices) > 1:
        raise NothingToDraw(
            f"{what} the runs were on different devices ({plain(', '.join(sorted(devices)))}), whose times cannot be"
            " compared."
        )
    costs = [value for value, _ in known.values()]
    if max(costs) < cost.differ * min(costs):
        raise NothingToDraw(f"{what} {_alike(cost, min(costs), max(costs))}")
    return known


def _alike(cost: Cost, least: float, most: float) -> str:
    """Why costs that are not quite the same count as the same."""
    if least == most:
        return "the methods do not differ in it."
    rule = f"{100 * (cost.differ - 1):.2g} %"
    why = ", as runs of one network do by themselves" if cost.timed else ""
    return f"the methods differ by less than {rule} in it ({least:.4g} to {most:.4g}){why}."


def _runs(board: Board, cost: Cost, known: Known) -> list[Run]:
    """Those whose cost is known."""
    return [run for index in known for run in board.places[index].method.runs if cost.of(run) is not None]


def _machines(board: Board, cost: Cost, known: Known) -> str:
    told = ""
    if cost.timed:
        runs = _runs(board, cost, known)
        hosts = {run.host for run in runs}
        told = f" Measured on {plain(runs[0].devices)}{f' of {len(hosts)} machines' if len(hosts) > 1 else ''}."
    if lacking := len(board.places) - len(known):
        told += f" It is not known of {lacking} of {len(board.places)} methods."
    return told


def _front(known: Known, cost: Cost, board: Board) -> list[int]:
    indices, points = list(known), list(known.values())
    costs, scores = zip(*points, strict=True)
    return [indices[at] for at in front(costs, scores, less_cost=cost.less, less_score=board.minimised)]


def _with_names(board: Board, cost: Cost, known: Known, on_front: Sequence[int]) -> tuple[Figure, str] | None:
    """Each point with its name; None where there are too many, or no room for one."""
    if len(known) > MOST_NAMES:
        return None
    figure = new_figure(WIDTH, _HEIGHT)
    axes = _points(figure, board, cost, known, on_front)
    places = [board.places[index] for index in known]
    names = names_of(places, longest=40)
    placed = name_points(axes, list(known.values()), dict(enumerate(names)), avoided=_lines(axes))
    return (figure, in_full(places, names)) if len(placed) == len(known) else None


def _with_numbers(board: Board, cost: Cost, known: Known, on_front: Sequence[int]) -> tuple[Figure, str]:
    """The points with their lines in the leaderboard, and a list of names."""
    wanted = list(known)
    if len(known) > MOST_LISTED:
        wanted = list(dict.fromkeys([*on_front, *known]))[:FEW_LISTED]
    by_worth = sorted(wanted, key=lambda index: (index not in on_front, index))
    places = [board.places[index] for index in sorted(wanted)]
    names = dict(zip(sorted(wanted), names_of(places, longest=50), strict=True))
    below = key_height(list(names.values()))
    figure = new_figure(WIDTH, _HEIGHT + below)
    axes = _points(figure, board, cost, known, on_front, below=below)
    at = {index: position for position, index in enumerate(known)}
    numbers = {at[index]: str(index + 1) for index in by_worth}
    placed = name_points(axes, list(known.values()), numbers, avoided=_lines(axes))
    shown = {index: name for index, name in names.items() if at[index] in placed}
    draw_key(figure, {index + 1: name for index, name in shown.items()}, strong={index + 1 for index in on_front})
    told = " Numbers are lines of the leaderboard."
    if rest := len(known) - len(shown):
        told += f" {rest} of {len(known)} points have none, for want of room."
    return figure, told + in_full([board.places[index] for index in shown], list(shown.values()))


def _points(
    figure: Figure, board: Board, cost: Cost, known: Known, on_front: Sequence[int], *, below: float = 0.0
) -> Axes:
    """Draws points, bars and front into new axes, laid out for good."""
    axes = figure.add_subplot()
    costs = [value for value, _ in known.values()]
    if max(costs) > _LOG_FROM * min(costs):
        _logarithmic(axes)
    inside = set(on_front)
    for color, some in ((GREY, [i for i in known if i not in inside]), (BLUE, list(on_front))):
        bars = [(known[i][0], *_interval(board, board.places[i])) for i in some]
        bars = [bar for bar in bars if not math.isnan(bar[1])]
        opacity = 0.8 if len(known) <= MOST_NAMES else 0.4
        if bars:
            x, low, high = zip(*bars, strict=True)
            axes.vlines(x, low, high, color=color, linewidth=1.0, alpha=opacity, zorder=2)
        if some:
            x, y = zip(*(known[i] for i in some), strict=True)
            crowded = len(known) > MOST_LISTED and color == GREY
            axes.plot(x, y, "o", color=color, markersize=3 if crowded else 5, zorder=3, markeredgewidth=0)
    axes.margins(x=0.1, y=0.1)
    axes.autoscale_view()
    if is_share(board.metric):
        bottom, top = axes.get_ylim()
        # a point at the end is not cut
        pad = 0.03 * (min(top, 1.0) - max(bottom, 0.0))
        axes.set_ylim(max(bottom, -pad), min(top, 1.0 + pad))
    x, y = zip(*(known[i] for i in on_front), strict=True)
    # to the side of the higher cost a method stays as good as it is
    end = axes.get_xlim()[1 if cost.less else 0]
    (line,) = axes.step(
        [*x, end], [*y, y[-1]], where="post", color=VERMILION, linewidth=1.0, zorder=1, scalex=False, scaley=False
    )
    line.set_gid(FRONT)
    axes.set_xlabel(cost.name)
    axes.set_ylabel(lettered(f"{board.ground.split} {board.metric}"))
    axes.grid()
    share = below / figure.get_figheight()
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, share, 1, 1 - share))  # type: ignore[call-arg]
    # names are placed when the axes are: their room is known only then
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return axes


def _interval(board: Board, place: Place) -> tuple[float, float]:
    return share_interval(place.estimate, board.metric)


def _logarithmic(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _lines(axes: Axes) -> list[Box]:
    """The room that bars and front take, in pixels."""
    found: list[Box] = []
    for bars in axes.collections:
        for ends in bars.get_segments():  # type: ignore[attr-defined]
            (x, bottom), (_, top) = axes.transData.transform(ends)
            found.append((x - 2, bottom, x + 2, top))
    (line,) = (line for line in axes.lines if line.get_gid() == FRONT)
    corners = axes.transData.transform(line.get_xydata())
    for (x0, y0), (x1, y1) in itertools.pairwise((float(x), float(y)) for x, y in corners):
        # first to the side, then up or down
        found.append((min(x0, x1) - 1, y0 - 1, max(x0, x1) + 1, y0 + 1))
        found.append((x1 - 1, min(y0, y1) - 1, x1 + 1, max(y0, y1) + 1))
    return found
