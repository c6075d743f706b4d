"""Two methods class by class: on which classes one is better, and how sure that is."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

from segladder.report.boards.ablation import Ablation
from segladder.report.boards.board import Board, Place
from segladder.report.pictures.class_scores import measure_of, title_of
from segladder.report.pictures.lettering import distinct, lettered, plain
from segladder.report.pictures.names import names_of, said
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.style import BLUE, VERMILION, WIDTH, new_figure
from segladder.report.records.samples import sample_classes
from segladder.report.statistics.uncertainty import Estimate, Sample, difference_of

MOST = 40
RESAMPLES = 1000
_UNSURE = 0.45
"""How opaque the bar of a difference is whose interval holds zero."""


@dataclass(frozen=True, kw_only=True)
class ClassDifference:
    """One class of two methods."""

    name: str
    estimate: Estimate

    @property
    def sure(self) -> bool:
        low, high = self.estimate.interval()
        return low > 0 or high < 0


def class_differences(board: Board, table: Ablation | None = None, *, resamples: int = RESAMPLES) -> Picture:
    """The best method against the second, or against the method that is an ablation's baseline.

    Raises:
        NothingToDraw: there is one method alone, or no class that both have a score of.
    """
    if len(board.places) < 2:
        raise NothingToDraw("Differences of classes: there is one method alone.")
    first, second = board.places[0], _second(board, table)
    found, over = differences_of(board, first, second, resamples=resamples)
    if not found:
        raise NothingToDraw("Differences of classes: the two methods share no class that has a score in both.")
    found.sort(key=lambda one: -one.estimate.value)
    cut = ""
    if len(found) > MOST:
        cut = f" Of {len(found)} classes the {MOST} with the largest differences."
        largest = sorted(found, key=lambda one: -abs(one.estimate.value))[:MOST]
        found = [one for one in found if one in largest]
    right, left = names_of([first, second], longest=32)
    classes = distinct([one.name for one in found], longest=30)
    figure = new_figure(WIDTH, 1.1 + 0.19 * len(found))
    axes = figure.add_subplot()
    for row, one in enumerate(found):
        value = one.estimate.value
        color = BLUE if value > 0 else VERMILION
        axes.barh(row, value, height=0.7, color=color, alpha=1.0 if one.sure else _UNSURE, linewidth=0)
        low, high = one.estimate.interval()
        if not math.isnan(low):
            # a class's score is a share
            low, high = max(low, -1.0), min(high, 1.0)
            axes.plot([low, high], [row, row], color="black", linewidth=1.0)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(found)), labels=classes)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    measure = measure_of(board)
    axes.set_xlabel(lettered(f"difference of {board.ground.split} {title_of(measure)}", longest=80))
    reach = max(map(abs, axes.get_xlim()))
    axes.set_xlim(-reach, reach)
    axes.text(0.0, 1.01, f"← {left} better", transform=axes.transAxes, ha="left", va="bottom", color=VERMILION)
    axes.text(1.0, 1.01, f"{right} better →", transform=axes.transAxes, ha="right", va="bottom", color=BLUE)
    sure = sum(one.sure for one in found)
    return Picture(
        kind="class-differences",
        figure=figure,
        caption=(
            f"{title_of(measure, first=True)} of each class on {plain(board.ground.title)}: {said(first)} less"
            f" {said(second)}, with 95 % intervals {over}. Of pale bars the interval holds zero; the intervals are not"
            f" corrected for the number of classes.{cut}"
        ),
        alt=(
            f"Bars of {len(found)} classes, from {plain(found[0].name)} ({found[0].estimate.value:+.4f}) to"
            f" {plain(found[-1].name)} ({found[-1].estimate.value:+.4f}); {sure} intervals leave zero out."
        ),
    )


def differences_of(
    board: Board, first: Place, second: Place, *, resamples: int = RESAMPLES
) -> tuple[list[ClassDifference], str]:
    """Each class's difference, and what its interval is over."""
    measure = measure_of(board)
    # of objects as often as the table, which has computed them
    times = resamples if measure == "iou" else board.resamples
    over = "over seeds and test images"
    samples, why = sample_classes([first.method, second.method], measure, resamples=times, kept=board.kept)
    if not samples:
        samples = [_over_seeds(place, measure) for place in (first, second)]
        over = f"over seeds alone, {why}"
    elif min(first.sample.seeds, second.sample.seeds) < 2:
        over = "over test images alone"
    ours, theirs = samples
    found = []
    for name in (name for name in ours if name in theirs):
        with warnings.catch_warnings():
            # a class that hardly any resample has
            warnings.simplefilter("ignore", RuntimeWarning)
            found.append(ClassDifference(name=name, estimate=difference_of(ours[name], theirs[name])))
    return found, over


def _second(board: Board, table: Ablation | None) -> Place:
    """The ablation's baseline where that is one method, and another than the best."""
    if table is not None and len(wheres := set(table.baselines.values())) == 1:
        (where,) = wheres
        places = table.members[where]
        if len(places) == 1 and places[0] is not board.places[0]:
            return places[0]
    return board.places[1]


def _over_seeds(place: Place, measure: str) -> dict[str, Sample]:
    values: dict[str, list[float]] = {}
    for run in place.method.runs:
        for name, value in run.per_class.get(run.scored, {}).get(measure, {}).items():
            if value is not None and not math.isnan(value):
                values.setdefault(name, []).append(value)
    return {name: Sample.of(found) for name, found in values.items()}
