"""The small pictures that the runs of some methods kept: of each method one run's, chosen without a look at them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segladder.report.boards.board import Board, Place
from segladder.report.records.run import Run
from segladder.types import UserError
from segladder.viz.example_file import NAME, read_examples
from segladder.viz.examples import Example, Examples

SHARED, CHANCE, ALONE = 0, 1, 2
"""Why an image is shown: enough methods have it among their worst; it makes up the number, as one that was drawn by
chance and that enough methods kept; or as one that only one of two methods kept."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One method's pictures."""

    place: Place
    run: Run
    """That whose score is the median of those that kept any; of two in the middle the lower one."""
    examples: Examples
    by_id: dict[str, Example]


@dataclass(kw_only=True)
class Kept:
    """What there is to show."""

    columns: list[Column] = field(default_factory=list)
    without: list[Place] = field(default_factory=list)
    """Methods of which no run kept any."""
    damaged: list[str] = field(default_factory=list)
    """A sentence for each file that is left out."""


def kept_examples(board: Board, *, most: int) -> Kept:
    """Of the first methods by rank that kept any, at most `most`."""
    found = Kept()
    for place in board.places:
        if len(found.columns) == most:
            break
        column = _column(place, board.metric, found.damaged)
        if column is None:
            found.without.append(place)
        elif column.examples.classes != (found.columns or [column])[0].examples.classes:
            found.damaged.append(f"'{column.run.folder.pictures / NAME}' names other classes than the others.")
            found.without.append(place)
        else:
            found.columns.append(column)
    return found


def chosen_examples(columns: Sequence[Column], mean: Mapping[str, float], *, most: int) -> dict[str, int]:
    """The images to show, each with why: by `SHARED`, then `CHANCE`, then `ALONE`, of each by their mean score.

    Of more than there is room for, those come first that most methods kept, of these the ones with the lowest mean.
    """
    enough = enough_of(columns)
    why: dict[str, int] = {}
    kept: dict[str, int] = {}
    for name in mean:
        found = [column.by_id[name] for column in columns if name in column.by_id]
        kept[name] = len(found)
        if 2 * len(found) >= len(columns) and found:
            worst = sum(example.worst for example in found)
            why[name] = SHARED if worst >= enough else CHANCE if len(found) >= enough else ALONE
    chosen = sorted(why, key=lambda name: (why[name], -kept[name], mean[name]))[:most]
    return {name: why[name] for name in sorted(chosen, key=lambda name: (why[name], mean[name]))}


def enough_of(columns: Sequence[Column]) -> int:
    """How many methods must have kept an image as one of their worst: half of them, and of several at least two."""
    return max((len(columns) + 1) // 2, min(2, len(columns)))


def _column(place: Place, metric: str, damaged: list[str]) -> Column | None:
    for run in _middle_first([run for run in place.method.runs if _path(run).is_file()], metric):
        try:
            examples = read_examples(_path(run))
        except UserError as error:
            damaged.append(str(error))
            continue
        by_id = {example.image_id: example for example in examples.items}
        return Column(place=place, run=run, examples=examples, by_id=by_id)
    return None


def _path(run: Run) -> Path:
    return run.folder.pictures / NAME


def _middle_first(runs: Sequence[Run], metric: str) -> list[Run]:
    """The run with the median score, then those next to it."""

    def score(run: Run) -> float:
        value = run.scores.get(run.scored, {}).get(metric)
        return -math.inf if value is None else value

    ordered = sorted(runs, key=score)
    middle = (len(ordered) - 1) / 2
    return sorted(ordered, key=lambda run: (abs(ordered.index(run) - middle), ordered.index(run)))
