"""The leaderboard as a sheet."""

from __future__ import annotations

import os
from pathlib import Path

from segladder.report import figures
from segladder.report.boards.board import Board, Place, share_interval
from segladder.report.records.methods import LEADING
from segladder.report.sheets.sheet import Cell, Column, Sheet
from segladder.report.sheets.words import LEVEL_TEXT, NONE, ends, known, table_name
from segladder.report.statistics.uncertainty import MIN_SEEDS


def leaderboard(board: Board, *, base: Path) -> Sheet:
    """A line per method, best first.

    Args:
        board: what it is of.
        base: the folder of the report, which links are relative to.
    """
    keys = [key for key in board.places[0].method.settings if _tells(board, key)]
    columns = [
        Column(key="rank", title="rank", right=True),
        *(Column(key=key, title=key) for key in keys),
        Column(key=board.metric, title=f"{board.ground.split} {board.metric}", right=True),
        Column(key="interval", title="95 % interval", right=True),
        Column(key="seeds", title="seeds", right=True),
        Column(key="val", title=_val_title(board), right=True, minor=True),
        Column(key="parameters", title="parameters", right=True, minor=True),
        Column(key="gflop", title="GFLOP", right=True, minor=True),
        Column(key="images_per_second", title="images/s", right=True, minor=True),
        Column(key="hours", title="hours", right=True, minor=True),
        Column(key="memory", title="memory, GB", right=True, minor=True),
        Column(key="marks", title="marks"),
        Column(key="runs", title="runs", minor=True),
    ]
    first, second = _tops(board)
    rows = [
        _line(place, keys, metric=board.metric, base=base, best=place is first, second=place is second)
        for place in board.places
    ]
    kept = [
        i for i, column in enumerate(columns) if column.key in (board.metric, "rank") or any(r[i].text for r in rows)
    ]
    return Sheet(
        name=table_name("leaderboard", board),
        title=f"Leaderboard of {board.title}",
        columns=[columns[index] for index in kept],
        rows=[[row[index] for index in kept] for row in rows],
        notes=_leaderboard_notes(board),
    )


def _val_title(board: Board) -> str:
    """Of what the best epoch was chosen by: on VOC the images that are scored are called val themselves."""
    own = f"val {board.metric}"
    return f"{own} (best epoch)" if board.ground.split == "val" else own


def _tells(board: Board, key: str) -> bool:
    """Whether a setting has a column: the leading ones where there are any, of the others those that differ here."""
    values = {place.method.settings.get(key, "") for place in board.places}
    return len(values) > 1 or (key in LEADING and values != {""})


def _tops(board: Board) -> tuple[Place | None, Place | None]:
    """The first and the second of those whose masks are of use: their lines stand out."""
    places = [place for place in board.places if not place.useless]
    first = places[0] if places and len(board.places) > 1 else None
    return first, (places[1] if len(places) > 1 and len(board.places) > 2 else None)


def _line(place: Place, keys: list[str], *, metric: str, base: Path, best: bool, second: bool) -> list[Cell]:
    low, high = share_interval(place.estimate, metric)
    mean, std = place.sample.mean, place.sample.std
    numbers = {
        "parameters": (place.mean(lambda run: run.parameters), figures.count, 1),
        "gflop": (place.mean(lambda run: run.flops), figures.billions, 1e9),
        "images_per_second": (place.mean(lambda run: run.images_per_second), figures.rate, 1),
        "hours": (place.mean(lambda run: run.hours), figures.hours, 1),
        "memory": (place.mean(lambda run: run.memory), figures.gigabytes, 1e9),
    }
    run = place.method.runs[0]
    return [
        Cell(text=str(place.rank or NONE), value=place.rank),
        *(Cell(text=place.method.settings.get(key, "")) for key in keys),
        Cell(text=figures.spread(mean, std), value=mean, best=best, second=second, parts=(("std", known(std)),)),
        Cell(text=figures.interval(low, high), value=known(low), parts=ends(low, high)),
        Cell(text=str(place.sample.seeds), value=place.sample.seeds),
        Cell(text=figures.score(place.val), value=place.val),
        *(
            Cell(text=write(value), value=value if value is None else value / unit)
            for value, write, unit in numbers.values()
        ),
        Cell(text=" ".join(place.letters), marks=tuple(place.letters)),
        Cell(
            text=Path(run.path).name,
            value=" ".join(os.path.relpath(other.path, base) for other in place.method.runs),
            link=os.path.relpath(run.path, base),
        ),
    ]


def _leaderboard_notes(board: Board) -> list[str]:
    notes = [
        "Mean ± standard deviation over seeds; the interval is of the mean, over seeds and "
        + (f"{board.images:,} test images." if board.images else "not over test images, of which nothing is known.")
    ]
    single = [place for place in board.places if place.sample.seeds < 2]
    if single:
        notes.append("Of one seed the interval is of the test images alone, and there is no verdict.")
    if board.pairs.tests:
        notes.append(
            f"A rank is one more than there are methods that the data call better at the {LEVEL_TEXT} level, by Holm's"
            f" correction over {board.pairs.tests:,} {'pair' if board.pairs.tests == 1 else 'pairs'}; several may"
            " share one. Whether two methods can be told apart, the comparisons say."
        )
    if any(place.rank is None for place in board.places):
        notes.append(f"{NONE}: no rank, as fewer than {MIN_SEEDS} seeds give no verdict.")
    notes += [f"{mark.letter}: {mark.text}." for mark in board.marks]
    return notes + board.notes
