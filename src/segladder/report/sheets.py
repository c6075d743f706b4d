"""Leaderboard, comparisons and ablation as sheets: which columns, which digits, what stands below."""

from __future__ import annotations

import itertools
import math
import os
import re
from pathlib import Path

from segladder.report import figures
from segladder.report.ablation import Ablation, Where
from segladder.report.board import Board, Place, share_interval
from segladder.report.sheet import Cell, Column, Sheet
from segladder.report.statistics.pairs import LEVEL
from segladder.report.statistics.power import seeds_needed
from segladder.report.statistics.uncertainty import MIN_SEEDS, Estimate, Sample, difference_of
from segladder.report.verdict import verdict_of

_LEVEL = f"{100 * LEVEL:.0f} %"
_NONE = "–"
"""What stands where nothing is averaged."""


def file_name(*words: str) -> str:
    """Letters, digits and dashes of what a table is about."""
    return re.sub(r"[^A-Za-z0-9]+", "-", " ".join(words)).strip("-").lower() or "table"


def leaderboard(board: Board, *, base: Path) -> Sheet:
    """A line per method, best first.

    Args:
        board: what it is of.
        base: the folder of the report, which links are relative to.
    """
    keys = [key for key in board.places[0].method.settings if any(p.method.settings.get(key) for p in board.places)]
    columns = [
        Column(key="rank", title="rank", right=True),
        *(Column(key=key, title=key) for key in keys),
        Column(key=board.metric, title=f"{board.ground.split} {board.metric}", right=True),
        Column(key="interval", title="95 % interval", right=True),
        Column(key="seeds", title="seeds", right=True),
        Column(key="val", title=f"val {board.metric}", right=True, minor=True),
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
        name=file_name("leaderboard", board.ground.data, board.ground.split, board.metric),
        title=f"Leaderboard of {board.title}",
        columns=[columns[index] for index in kept],
        rows=[[row[index] for index in kept] for row in rows],
        notes=_leaderboard_notes(board),
    )


def _tops(board: Board) -> tuple[Place | None, Place | None]:
    places = board.places
    return (places[0] if len(places) > 1 else None), (places[1] if len(places) > 2 else None)


def _line(place: Place, keys: list[str], *, metric: str, base: Path, best: bool, second: bool) -> list[Cell]:
    low, high = share_interval(place.estimate, metric)
    mean, std = place.sample.mean, place.sample.std
    numbers = {
        "parameters": (place.mean(lambda run: run.parameters), figures.count),
        "gflop": (place.mean(lambda run: run.flops), figures.billions),
        "images_per_second": (place.mean(lambda run: run.images_per_second), figures.rate),
        "hours": (place.mean(lambda run: run.hours), figures.hours),
        "memory": (place.mean(lambda run: run.memory), figures.gigabytes),
    }
    run = place.method.runs[0]
    return [
        Cell(text=str(place.rank or _NONE), value=place.rank),
        *(Cell(text=place.method.settings.get(key, "")) for key in keys),
        Cell(text=figures.spread(mean, std), value=mean, best=best, second=second),
        Cell(text=figures.interval(low, high), value=None if math.isnan(low) else low),
        Cell(text=str(place.sample.seeds), value=place.sample.seeds),
        Cell(text=figures.score(place.val), value=place.val),
        *(Cell(text=write(value), value=value) for value, write in numbers.values()),
        Cell(text=" ".join(place.letters), marks=tuple(place.letters)),
        Cell(text=Path(run.path).name, link=os.path.relpath(run.path, base)),
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
            f"A rank is one more than there are methods that the data call better at the {_LEVEL} level, by Holm's"
            f" correction over {board.pairs.tests:,} {'pair' if board.pairs.tests == 1 else 'pairs'}; what cannot be"
            " told apart shares a rank."
        )
    if len(board.places) > 1 and any(place.rank is None for place in board.places):
        notes.append(f"{_NONE}: no rank, as fewer than {MIN_SEEDS} seeds give no verdict.")
    notes += [f"{mark.letter}: {mark.text}." for mark in board.marks]
    return notes + board.notes


def comparisons(board: Board, *, power: bool = False, most: int = 400) -> Sheet | None:
    """Every pair of a board's methods, the better first; None where there is one method.

    Args:
        board: what it is of.
        power: whether to say how many seeds would settle what is not settled.
        most: pairs shown; where there are more, those with the best method, then those of neighbours.
    """
    count = len(board.places)
    if count < 2:
        return None
    total = count * (count - 1) // 2
    every = ((a, b) for a in range(count) for b in range(a + 1, count) if total <= most or a == 0 or b == a + 1)
    pairs = list(itertools.islice(every, most))
    notes = [
        "Differences of means over seeds; each interval is for its pair alone, p is by Holm over all pairs.",
        "Images' share: the part of the uncertainty that more test images would reduce; more seeds reduce the rest.",
    ]
    if total > most:
        told = f"{len(pairs):,} pairs with the best method and of neighbours are shown"
        notes.append(f"Of {total:,} pairs {told}; all of them count in Holm's correction.")
    columns = [
        Column(key="method", title="method"),
        Column(key="against", title="against"),
        Column(key="difference", title=f"difference of {board.metric}", right=True),
        Column(key="interval", title="95 % interval", right=True),
        Column(key="p", title="p", right=True),
        Column(key="images_share", title="images' share", right=True),
        Column(key="verdict", title="verdict"),
    ]
    if power:
        columns.append(Column(key="needed", title="seeds needed", right=True))
    rows = []
    for a, b in pairs:
        ours, theirs = board.places[a], board.places[b]
        difference = difference_of(ours.sample, theirs.sample)
        adjusted = float(board.pairs.adjusted[a, b])
        low, high = difference.interval()
        verdict = verdict_of(difference, adjusted, minimised=board.minimised)
        row = [
            Cell(text=ours.method.label),
            Cell(text=theirs.method.label),
            Cell(text=figures.score(difference.value, sign=True), value=difference.value),
            Cell(text=figures.interval(low, high, sign=True), value=None if math.isnan(low) else low),
            Cell(text=figures.p_value(adjusted), value=None if math.isnan(adjusted) else adjusted),
            Cell(text=figures.share(difference.images_share), value=_or_none(difference.images_share)),
            Cell(text=verdict.text),
        ]
        if power:
            row.append(_needed(board, difference, verdict.word))
        rows.append(row)
    if power:
        notes.append(
            "Seeds needed of each method for a chance of 80 % to settle the pair, were the difference as large as it"
            f" looks, at {_LEVEL} divided by the {max(board.pairs.tests, 1):,} pairs tested."
        )
    return Sheet(
        name=file_name("comparisons", board.ground.data, board.ground.split, board.metric),
        title=f"Comparisons on {board.title}",
        columns=columns,
        rows=rows,
        notes=notes,
    )


def _needed(board: Board, difference: Estimate, word: str) -> Cell:
    if word in ("better", "worse"):
        return Cell(text="settled")
    if math.isnan(difference.seeds_variance):
        return Cell(text="unknown: one seed")
    needed = seeds_needed(difference, level=LEVEL / max(board.pairs.tests, 1))
    if needed.seeds is not None:
        return Cell(text=str(needed.seeds), value=needed.seeds)
    if needed.images is not None:
        return Cell(text=f"none: {needed.images:.1f} times the test images")
    return Cell(text="none: no difference to find" if difference.value == 0 else "more than 1,000")


def ablation_sheet(table: Ablation) -> Sheet:
    """Rows by columns; of one key a line per value with its difference to the baseline."""
    return _matrix(table) if table.cols else _list(table)


def _list(table: Ablation) -> Sheet:
    metric = table.board.metric
    best, second = _tops_of(table)
    columns = [
        Column(key=table.rows, title=table.rows),
        Column(key=metric, title=f"{table.board.ground.split} {metric}", right=True),
        Column(key="interval", title="95 % interval", right=True),
        Column(key="seeds", title="seeds", right=True),
        Column(key="difference", title="difference", right=True),
        Column(key="difference_interval", title="its 95 % interval", right=True),
        Column(key="p", title="p", right=True),
        Column(key="verdict", title="verdict"),
    ]
    rows = []
    for value in table.row_values:
        cell = table.cells[value, ""]
        difference = cell.difference
        low, high = share_interval(cell.estimate, metric) if cell.estimate else (math.nan, math.nan)
        to = difference.interval() if difference else (math.nan, math.nan)
        rows.append(
            [
                Cell(text=value or "none"),
                Cell(
                    text=_mean(cell.sample),
                    value=cell.sample.mean if cell.sample else None,
                    best=cell.where == best,
                    second=cell.where == second,
                ),
                Cell(text=figures.interval(low, high)),
                Cell(text=str(cell.seeds), value=cell.seeds),
                Cell(
                    text=figures.score(difference.value, sign=True) if difference else "baseline",
                    value=difference.value if difference else None,
                ),
                Cell(text=figures.interval(*to, sign=True)),
                Cell(text=figures.p_value(cell.p), value=_or_none(cell.p)),
                Cell(text=cell.verdict.text if cell.verdict else ""),
            ]
        )
    return _sheet(table, columns, rows)


def _matrix(table: Ablation) -> Sheet:
    best, second = _tops_of(table)
    columns = [Column(key=table.rows, title=f"{table.rows} \\ {table.cols}")]
    for value in table.col_values:
        columns.append(Column(key=f"{table.cols}={value}", title=value or "none", right=True))
    rows = []
    for row in table.row_values:
        line = [Cell(text=row or "none")]
        for col in table.col_values:
            cell = table.cells[row, col]
            text = _mean(cell.sample)
            if cell.difference is not None and cell.verdict is not None:
                sign = {"better": " *", "worse": " *"}.get(cell.verdict.word, "")
                text += f" ({figures.score(cell.difference.value, sign=True)}{sign})"
            line.append(
                Cell(
                    text=text,
                    value=cell.sample.mean if cell.sample else None,
                    best=cell.where == best,
                    second=cell.where == second,
                )
            )
        rows.append(line)
    sheet = _sheet(table, columns, rows)
    if any(cell.verdict is not None for cell in table.cells.values()):
        sheet.notes.append(
            f"In brackets the difference; * where the data say that there is one, at the {_LEVEL} level by Holm's"
            " correction for the table."
        )
    return sheet


def ablation_differences(table: Ablation) -> Sheet | None:
    """The differences of a matrix one by one; None where there are none, or the list has them already."""
    if not table.cols or not table.baselines:
        return None
    columns = [
        Column(key=table.rows, title=table.rows),
        Column(key=table.cols, title=table.cols),
        Column(key="against", title="against"),
        Column(key="difference", title="difference", right=True),
        Column(key="interval", title="95 % interval", right=True),
        Column(key="p", title="p", right=True),
        Column(key="images_share", title="images' share", right=True),
        Column(key="verdict", title="verdict"),
    ]
    rows = []
    for where, against in table.baselines.items():
        cell = table.cells[where]
        assert cell.difference is not None and cell.verdict is not None
        told = [value or "none" for value, mine in zip(against, where, strict=True) if value != mine]
        rows.append(
            [
                Cell(text=where[0] or "none"),
                Cell(text=where[1] or "none"),
                Cell(text=" ".join(told)),
                Cell(text=figures.score(cell.difference.value, sign=True), value=cell.difference.value),
                Cell(text=figures.interval(*cell.difference.interval(), sign=True)),
                Cell(text=figures.p_value(cell.p), value=_or_none(cell.p)),
                Cell(text=figures.share(cell.difference.images_share), value=_or_none(cell.difference.images_share)),
                Cell(text=cell.verdict.text),
            ]
        )
    board = table.board
    return Sheet(
        name=file_name("differences", board.ground.data, board.ground.split, board.metric, table.rows, table.cols),
        title=f"Differences by {table.rows} and {table.cols} on {board.title}",
        columns=columns,
        rows=rows,
    )


def _sheet(table: Ablation, columns: list[Column], rows: list[list[Cell]]) -> Sheet:
    board = table.board
    by = table.rows + (f" and {table.cols}" if table.cols else "")
    return Sheet(
        name=file_name("ablation", board.ground.data, board.ground.split, board.metric, table.rows, table.cols),
        title=f"Ablation by {by} on {board.title}",
        columns=columns,
        rows=rows,
        notes=list(table.notes),
    )


def _tops_of(table: Ablation) -> tuple[Where | None, Where | None]:
    """The best cell of two or more, and the second of three or more."""
    scored = {where: cell.sample.mean for where, cell in table.cells.items() if cell.sample is not None}
    order = sorted(scored, key=lambda where: scored[where], reverse=not table.board.minimised)
    return (order[0] if len(order) > 1 else None), (order[1] if len(order) > 2 else None)


def _mean(sample: Sample | None) -> str:
    return _NONE if sample is None else figures.spread(sample.mean, sample.std)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
