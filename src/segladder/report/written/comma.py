"""A sheet as CSV: every column, numbers whole."""

from __future__ import annotations

import csv
import io

from segladder.report.sheets.sheet import Cell, Sheet


def comma(sheet: Sheet) -> str:
    """A head of keys and a line per row; notes are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.key for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_plain(cell) for cell in row])
    return text.getvalue().encode("utf-8", "replace").decode()


def _plain(cell: Cell) -> str:
    value = cell.link or (cell.text if cell.value is None else cell.value)
    text = repr(value) if isinstance(value, float) else str(value)
    # a spreadsheet would take it for a formula
    risky = isinstance(value, str) and text[:1] in ("=", "@", "\t", "\r")
    return f"'{text}" if risky else text
