"""A sheet as CSV: every column, numbers whole."""

from __future__ import annotations

import csv
import io

from segladder.report.sheets.sheet import Cell, Sheet


def comma(sheet: Sheet) -> str:
    """A head of keys and a line per row; notes are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parts = [
        next((tuple(name for name, _ in row[i].parts) for row in sheet.rows if row[i].parts), ())
        for i in _places(sheet)
    ]
    heads = []
    for column, names in zip(sheet.columns, parts, strict=True):
        # an interval is its ends, a mean also has a spread
        heads += [column.key] if names[:1] != ("low",) else []
        heads += [f"{column.key}_{name}" for name in names]
    writer.writerow(heads)
    for row in sheet.rows:
        line: list[str] = []
        for cell, names in zip(row, parts, strict=True):
            line += [_plain(cell)] if names[:1] != ("low",) else []
            line += ["" if value is None else repr(value) for value in map(dict(cell.parts).get, names)]
        writer.writerow(line)
    return text.getvalue().encode("utf-8", "replace").decode()


def _places(sheet: Sheet) -> range:
    return range(len(sheet.columns))


def _plain(cell: Cell) -> str:
    value = cell.text if cell.value is None else cell.value
    text = repr(value) if isinstance(value, float) else str(value)
    # a spreadsheet would take it for a formula
    risky = isinstance(value, str) and text[:1] in ("=", "@", "\t", "\r")
    return f"'{text}" if risky else text
