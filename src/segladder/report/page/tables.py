"""Sheets for the page: as plain HTML that stands without the script, and as columns of values that the script sorts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from segladder.report.page.embedded import clean, escaped, link
from segladder.report.sheets.sheet import Cell, Sheet

PLAIN_ROWS = 200
"""Of a sheet, in the HTML; the script draws more a page at a time."""

Data = dict[str, Any]


def table_data(sheet: Sheet, *, name: str, pages: Sequence[Sequence[int]] | None = None, down: str = "") -> Data:
    """What the script needs of a sheet.

    Args:
        sheet: of R rows.
        name: of the table in the page, unique.
        pages: R lists of places in the table of runs, whose pages take the place of the column `runs`.
        down: key of the column of which the largest is the best, so that sorting begins there.
    """
    marks = {note.partition(":")[0]: note.partition(":")[2].strip() for note in sheet.notes if ":" in note}
    columns = []
    for index, column in enumerate(sheet.columns):
        cells = [row[index] for row in sheet.rows]
        data: Data = {"key": column.key, "title": clean(column.title), "texts": [clean(cell.text) for cell in cells]}
        if column.right:
            data["right"] = True
        if any(_number(cell.value) is not None for cell in cells):
            data["values"] = [_number(cell.value) for cell in cells]
        if column.minor:
            data["gives"] = True
        if column.key == down:
            data["down"] = True
        if column.key == "runs" and pages is not None:
            data["pages"] = [list(places) for places in pages]
        columns.append(data | _decoration(cells))
    used = {letter for row in sheet.rows for cell in row for letter in cell.marks}
    return {
        "name": name,
        "title": clean(sheet.title),
        "noun": "rows" if pages is None else "methods",
        "rows": len(sheet.rows),
        "tools": pages is not None,
        "head": row_head(sheet),
        "columns": columns,
        "marks": {clean(letter): clean(text) for letter, text in marks.items() if letter in used},
    }


def _decoration(cells: Sequence[Cell]) -> Data:
    found = {
        "best": [row for row, cell in enumerate(cells) if cell.best],
        "second": [row for row, cell in enumerate(cells) if cell.second],
        "marked": {str(row): list(map(clean, cell.marks)) for row, cell in enumerate(cells) if cell.marks},
        "links": {str(row): link(cell.link) for row, cell in enumerate(cells) if cell.link},
    }
    return {key: value for key, value in found.items() if value}


def row_head(sheet: Sheet) -> int:
    """The column that says what a row is of: the first but for the rank."""
    return 1 if len(sheet.columns) > 1 and sheet.columns[0].key == "rank" else 0


def table_html(sheet: Sheet, *, name: str) -> str:
    """A sheet as a section with heading, table and notes."""
    title = escaped(sheet.title)
    head = "".join(f'<th scope="col"{_side(column.right)}>{escaped(column.title)}</th>' for column in sheet.columns)
    rows = "\n".join(_row(sheet, row) for row in sheet.rows[:PLAIN_ROWS])
    more = len(sheet.rows) - PLAIN_ROWS
    without = f"<noscript><p>{more:,} more rows are shown with JavaScript.</p></noscript>" if more > 0 else ""
    notes = "".join(f"<li>{escaped(note)}</li>" for note in sheet.notes)
    return f"""\
<section class="sheet" id="{name}" aria-labelledby="{name}-title">
<h3 id="{name}-title" tabindex="-1">{title}</h3>
<div class="wide" tabindex="0" role="region" aria-labelledby="{name}-title">
<table>
<caption class="unseen">{title}</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
{without}{f'<ul class="notes">{notes}</ul>' if notes else ""}
</section>"""


def _row(sheet: Sheet, row: Sequence[Cell]) -> str:
    told = []
    for index, (column, cell) in enumerate(zip(sheet.columns, row, strict=True)):
        text = escaped(cell.text)
        if cell.best:
            text = f"<strong>{text}</strong>"
        if cell.second:
            text = f"<u>{text}</u>"
        if cell.link and text:
            text = f'<a href="{escaped(link(cell.link))}">{text}</a>'
        kind = 'th scope="row"' if index == row_head(sheet) else "td"
        told.append(f"<{kind}{_side(column.right)}>{text}</{kind[:2]}>")
    return f"<tr>{''.join(told)}</tr>"


def _side(right: bool) -> str:
    return ' class="right"' if right else ""


def unused(name: str, used: set[str]) -> str:
    """The name, with a number where it is taken; noted as used."""
    free, number = name, 1
    while free in used:
        number += 1
        free = f"{name}-{number}"
    used.add(free)
    return free


def _number(value: float | str | None) -> float | None:
    return rounded(value) if isinstance(value, int | float) else None


def rounded(value: float | None) -> float | None:
    """To seven digits, as an integer where it is one; None where it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    if float(value).is_integer() and abs(value) < 2**53:
        return int(value)
    return float(f"{value:.7g}")


def few_words(texts: Sequence[str]) -> Mapping[str, Any]:
    """A column of text, each different one once where that is shorter."""
    words = dict.fromkeys(texts)
    if 2 * len(words) > len(texts):
        return {"texts": list(texts)}
    place = {word: index for index, word in enumerate(words)}
    return {"words": list(words), "at": [place[text] for text in texts]}
