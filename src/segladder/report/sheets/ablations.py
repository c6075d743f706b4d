"""Ablation tables as sheets: a list of one key, a matrix of two, and the differences of a matrix one by one."""

from __future__ import annotations

import math

from segladder.report import figures
from segladder.report.boards.ablation import Ablation, Where
from segladder.report.boards.board import difference_interval, share_interval
from segladder.report.sheets.sheet import Cell, Column, Sheet
from segladder.report.sheets.words import LEVEL_TEXT, NONE, ends, known, table_name
from segladder.report.statistics.uncertainty import Sample


def ablation_sheet(table: Ablation) -> Sheet:
    """Rows by columns; of one key a line per value with its difference to the baseline."""
    return _matrix(table) if table.cols else _list(table)


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
        low, high = difference_interval(cell.difference, table.board.metric)
        told = [value or "none" for value, mine in zip(against, where, strict=True) if value != mine]
        rows.append(
            [
                Cell(text=where[0] or "none"),
                Cell(text=where[1] or "none"),
                Cell(text=" ".join(told)),
                Cell(text=figures.score(cell.difference.value, sign=True), value=cell.difference.value),
                Cell(text=figures.interval(low, high, sign=True), value=known(low), parts=ends(low, high)),
                Cell(text=figures.p_value(cell.p), value=known(cell.p)),
                Cell(text=figures.share(cell.difference.images_share), value=known(100 * cell.difference.images_share)),
                Cell(text=cell.verdict.text),
            ]
        )
    board = table.board
    return Sheet(
        name=table_name("differences", board, table.rows, table.cols),
        title=f"Differences by {table.rows} and {table.cols} on {board.title}",
        columns=columns,
        rows=rows,
        notes=[*table.notes[-1:], _corrected(table)],
    )


def _corrected(table: Ablation) -> str:
    """Over how many differences p is corrected: the comparisons of all pairs have another family."""
    if not table.tests:
        return "No difference is tested, as that takes seeds enough on both sides."
    which = "the 1 difference" if table.tests == 1 else f"the {table.tests:,} differences"
    return f"p is by Holm over {which} of this table that seeds suffice for; that of the comparisons over all pairs."


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
        to = difference_interval(difference, metric) if difference else (math.nan, math.nan)
        rows.append(
            [
                Cell(text=value or "none"),
                Cell(
                    text=_mean(cell.sample),
                    value=cell.sample.mean if cell.sample else None,
                    best=cell.where == best,
                    second=cell.where == second,
                ),
                Cell(text=figures.interval(low, high), value=known(low), parts=ends(low, high)),
                Cell(text=str(cell.seeds), value=cell.seeds),
                Cell(
                    text=figures.score(difference.value, sign=True) if difference else "baseline",
                    value=difference.value if difference else None,
                ),
                Cell(text=figures.interval(*to, sign=True), value=known(to[0]), parts=ends(*to)),
                Cell(text=figures.p_value(cell.p), value=known(cell.p)),
                Cell(text=cell.verdict.text if cell.verdict else ""),
            ]
        )
    sheet = _sheet(table, columns, rows)
    if table.baselines:
        sheet.notes.append(_corrected(table))
    return sheet


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
            f"In brackets the difference; * where the data say that there is one, at the {LEVEL_TEXT} level by Holm's"
            f" correction over the {table.tests:,} differences of the table that seeds suffice for."
        )
    return sheet


def _sheet(table: Ablation, columns: list[Column], rows: list[list[Cell]]) -> Sheet:
    board = table.board
    by = table.rows + (f" and {table.cols}" if table.cols else "")
    return Sheet(
        name=table_name("ablation", board, table.rows, table.cols),
        title=f"Ablation by {by} on {board.title}",
        columns=columns,
        rows=rows,
        notes=list(table.notes),
    )


def _tops_of(table: Ablation) -> tuple[Where | None, Where | None]:
    """The best cell of two or more, and the second of three or more."""
    scored = {
        where: cell.sample.mean
        for where, cell in table.cells.items()
        if cell.sample is not None and not any(place.useless for place in table.members[where])
    }
    order = sorted(scored, key=lambda where: scored[where], reverse=not table.board.minimised)
    return (order[0] if len(order) > 1 else None), (order[1] if len(order) > 2 else None)


def _mean(sample: Sample | None) -> str:
    return NONE if sample is None else figures.spread(sample.mean, sample.std)
