"""What a setting does: a table of means by one or two varying keys, each with its difference to a baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segladder.config.suggest import did_you_mean
from segladder.report.boards.axes import Axis, axes_of, decides, joined
from segladder.report.boards.board import Board, Place
from segladder.report.boards.verdict import Verdict, verdict_of
from segladder.report.records.methods import LEADING
from segladder.report.statistics.several import holm
from segladder.report.statistics.uncertainty import Estimate, Sample, difference_of, estimate_of
from segladder.types import UserError

_TOLD = 8
"""Cells whose missing runs are listed."""
Where = tuple[str, str]
"""Values of the key of the rows and of that of the columns; "" where there is none."""


@dataclass(kw_only=True)
class Cell:
    """The methods with one value of each key, on average over the other keys."""

    where: Where
    methods: int
    seeds: int
    """Of the method with the fewest."""
    sample: Sample | None
    """None: they are not averaged, as others of the table lack some of them, or the reverse."""
    estimate: Estimate | None = None
    difference: Estimate | None = None
    """To the baseline; None for the baseline itself, and where one of the two is not there."""
    p: float = math.nan
    """Of the difference, corrected by Holm for the whole table."""
    verdict: Verdict | None = None


@dataclass(kw_only=True)
class Ablation:
    """One table."""

    board: Board
    rows: str
    """The key of the rows, or several that go together, such as `model+backbone`."""
    cols: str
    """That of the columns; "" for a plain list."""
    rest: list[str]
    """The keys that are averaged over."""
    row_values: list[str]
    col_values: list[str]
    cells: dict[Where, Cell]
    members: dict[Where, list[Place]]
    """The methods of each cell that has any."""
    axes: tuple[Axis, ...]
    """Of the rows, and of the columns where there are any."""
    baselines: dict[Where, Where]
    """Cell -> what it is compared with."""
    notes: list[str]
    tests: int = 0
    """Differences that p is corrected for."""


def varying_keys(board: Board) -> list[str]:
    """The settings that differ among a board's trained methods, the leading ones first."""
    trained = _trained(board)
    keys = dict.fromkeys(key for place in trained for key in place.method.settings)
    telling = [key for key in keys if len({place.method.settings.get(key, "") for place in trained}) > 1]
    return sorted(telling, key=lambda key: (key not in LEADING, list(keys).index(key)))


def ablation(
    board: Board, *, rows: str | None = None, cols: str | None = None, baseline: str | None = None
) -> Ablation | None:
    """The table of a board; None where nothing varies, or most cells would be empty and nobody asked for its keys.

    Args:
        board: with its methods.
        rows: the key of the rows, or several joined by +; None: the first that varies by itself.
        cols: that of the columns; None: the second, where rows are left to be found, too.
        baseline: a value of the rows, of the columns, or of both between commas; None: the first that ran.

    Raises:
        UserError: a key that does not vary, or a baseline that is not there.
    """
    keys = varying_keys(board)
    for name, word in (("rows", rows), ("cols", cols)):
        for key in word.split("+") if word is not None else ():
            if key not in keys:
                told = f" There are {', '.join(keys)}." if keys else " All runs have the same settings."
                which = "it" if key == word else key
                raise UserError(f"{name}={word}: {which} does not vary among the runs{did_you_mean(key, keys)}{told}")
    if rows is not None and cols is not None and set(rows.split("+")) & set(cols.split("+")):
        raise UserError(f"rows={rows} and cols={cols} share a key. Give another for the columns, or leave it out.")
    if not keys:
        return None
    asked = rows is not None or cols is not None
    table = _table(board, keys, *_axes(board, keys, rows, cols))
    if not asked and not _is_grid(table):
        return None
    _compare(table, baseline)
    return table


def axes(board: Board) -> list[Axis]:
    """What varies by itself among a board's trained methods."""
    return axes_of(_settings(board), varying_keys(board))


def _axes(board: Board, keys: Sequence[str], rows: str | None, cols: str | None) -> tuple[Axis, Axis | None]:
    asked_rows, asked_cols = (None if word is None else Axis(tuple(word.split("+"))) for word in (rows, cols))
    methods = _settings(board)
    typed = [key for axis in (asked_rows, asked_cols) if axis is not None for key in axis.keys]
    left = [key for key in keys if key not in typed]
    if asked_rows is not None:
        asked_rows = joined(asked_rows, methods, left)
        left = [key for key in left if key not in asked_rows.keys]
    if asked_cols is not None:
        asked_cols = joined(asked_cols, methods, left)
    if asked_rows is not None:
        return asked_rows, asked_cols
    if asked_cols is not None:
        left = [key for key in keys if key not in asked_cols.keys and not decides(asked_cols, key, methods)]
        found = axes_of(methods, left)
        return (found[0], asked_cols) if found else (asked_cols, None)
    found = axes_of(methods, keys)
    return found[0], found[1] if len(found) > 1 else None


def _is_grid(table: Ablation) -> bool:
    """Whether most cells of a table that nobody asked for are filled."""
    return 2 * sum(cell.sample is not None for cell in table.cells.values()) > len(table.cells)


def _settings(board: Board) -> list[dict[str, str]]:
    return [place.method.settings for place in _trained(board)]


def _table(board: Board, keys: Sequence[str], rows: Axis, cols: Axis | None) -> Ablation:
    methods = _settings(board)
    own = [*rows.keys, *(cols.keys if cols else ())]
    along = {
        key: axis
        for key in keys
        for axis in (rows, cols)
        if axis is not None and key not in own and decides(axis, key, methods)
    }
    left = [key for key in keys if key not in own and key not in along]
    rest = [key for axis in axes_of(methods, left) for key in axis.keys]
    members: dict[Where, dict[tuple[str, ...], Place]] = {}
    for place in sorted(_trained(board), key=lambda place: min(run.created for run in place.method.runs)):
        settings = place.method.settings
        where = (rows.value(settings), cols.value(settings) if cols else "")
        members.setdefault(where, {})[tuple(settings.get(key, "") for key in rest)] = place
    row_values, col_values = (list(dict.fromkeys(where[axis] for where in members)) for axis in (0, 1))
    every = list(dict.fromkeys(combination for cell in members.values() for combination in cell))
    missing: list[str] = []
    notes = _going_along(along)
    cells: dict[Where, Cell] = {}
    names = (rows.name, cols.name if cols else "")
    for where in ((row, col) for row in row_values for col in col_values):
        cell = members.get(where, {})
        lacking = [combination for combination in every if combination not in cell]
        sample = None if lacking or not cell else Sample.mean_of([place.sample for place in cell.values()])
        seeds = min((place.sample.seeds for place in cell.values()), default=0)
        cells[where] = Cell(where=where, methods=len(cell), seeds=seeds, sample=sample)
        if sample is not None:
            cells[where].estimate = estimate_of(sample)
        if lacking:
            missing.append(f"{_named(*names, where)} is missing {_combinations(rest, lacking)}.")
    if rest and not missing:
        notes.append(f"Averaged over {', '.join(rest)} ({len(every)} combinations, all there).")
    elif rest:
        notes.append(f"Not averaged over {', '.join(rest)} where a combination is missing:")
    notes += missing[:_TOLD]
    if (more := len(missing) - _TOLD) > 0:
        notes.append(f"and {more} more {'cell is' if more == 1 else 'cells are'} missing some.")
    return Ablation(
        board=board,
        rows=names[0],
        cols=names[1],
        rest=rest,
        row_values=row_values,
        col_values=col_values,
        cells=cells,
        members={where: list(cell.values()) for where, cell in members.items()},
        axes=(rows,) if cols is None else (rows, cols),
        baselines={},
        notes=notes,
    )


def _going_along(along: Mapping[str, Axis]) -> list[str]:
    """What no difference can be told from: a sentence for each axis that decides other keys, too."""
    notes = []
    for axis in dict.fromkeys(along.values()):
        keys = [key for key, other in along.items() if other == axis]
        which = keys[0] if len(keys) == 1 else f"{', '.join(keys[:-1])} and {keys[-1]}"
        goes, it = ("goes", "it") if len(keys) == 1 else ("go", "them")
        notes.append(f"{which} {goes} with {axis.name}: what differs by {axis.name} may be due to {it} as well.")
    return notes


def _named(rows: str, cols: str, where: Where) -> str:
    return f"{rows}={where[0] or 'none'}" + (f" {cols}={where[1] or 'none'}" if cols else "")


def _combinations(rest: Sequence[str], lacking: Sequence[tuple[str, ...]]) -> str:
    if not rest:
        return "altogether"
    told = [" ".join(f"{k}={v or 'none'}" for k, v in zip(rest, values, strict=True)) for values in lacking[:3]]
    return ", ".join(told) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")


def _compare(table: Ablation, baseline: str | None) -> None:
    row, col = _baseline(table, baseline)
    found: list[Cell] = []
    for where, cell in table.cells.items():
        against = (where[0] if row is None else row, where[1] if col is None else col)
        base = table.cells[against].sample
        if against == where or base is None or cell.sample is None:
            continue
        table.baselines[where] = against
        cell.difference = difference_of(cell.sample, base)
        found.append(cell)
    # a verdict needs seeds enough on both sides, and only verdicts count as tests
    tested = [cell.difference.p_value() if cell.difference and cell.difference.enough else math.nan for cell in found]
    table.tests = sum(not math.isnan(p) for p in tested)
    for cell, p in zip(found, holm(tested), strict=True):
        assert cell.difference is not None
        cell.p = float(p)
        cell.verdict = verdict_of(cell.difference, cell.p, minimised=table.board.minimised)
    named = _named(table.rows, table.cols, (row or "", col or ""))
    if row is None:
        named = f"{table.cols}={col} of the same {table.rows}"
    elif col is None and table.cols:
        named = f"{table.rows}={row} of the same {table.cols}"
    if found:
        table.notes.append(f"Differences are to {named}.")
    elif baseline is not None:
        table.notes.append(f"Nothing is compared with baseline={baseline}: its cell is empty, or all others are.")


def _baseline(table: Ablation, baseline: str | None) -> tuple[str | None, str | None]:
    """Row and column of what is compared with; None for the cell's own."""
    if baseline is None:
        return (None, table.col_values[0]) if table.cols and len(table.col_values) > 1 else (table.row_values[0], None)
    methods = _settings(table.board)
    found: list[str | None] = [None, None]
    for word in map(str.strip, baseline.split(",")):
        hits = {
            index: value for index, axis in enumerate(table.axes) if (value := axis.find(word, methods)) is not None
        }
        free = [index for index in hits if found[index] is None]
        if free:
            found[free[0]] = hits[free[0]]
        elif hits:
            raise UserError(f"baseline={baseline} names two values of one key. Give one.")
        else:
            values = [*table.row_values, *(table.col_values if table.cols else [])]
            raise UserError(
                f"baseline={baseline}: there is no '{word}'{did_you_mean(word.rpartition('=')[2], values)} Give one of"
                f" {', '.join(value for value in values if value)}."
            )
    return found[0], found[1]


def _trained(board: Board) -> list[Place]:
    return [place for place in board.places if not place.method.key.startswith("predictions ")]
