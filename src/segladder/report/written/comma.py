"""A sheet as CSV: every column, numbers whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from segladder.report.sheets.sheet import Cell, Sheet


def comma(sheet: Sheet, *, images: str = "") -> str:
    """A head of keys and a line per row; notes are left out.

    Args:
        sheet: what to write.
        images: the hash of the images that were scored, where that tells it from another table: a column more.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.columns)
    written = [_column(column.key, cells) for column, cells in zip(sheet.columns, columns, strict=True)]
    if images:
        written.append([["images", *[images] * len(sheet.rows)]])
    for line in zip(*(column for columns in written for column in columns), strict=True):
        writer.writerow(line)
    return text.getvalue().encode("utf-8", "replace").decode()


def _column(key: str, cells: Sequence[Cell]) -> list[list[str]]:
    """The columns that one of the sheet takes, heads first: an interval is its ends, a mean also has a spread."""
    names = next((tuple(name for name, _ in cell.parts) for cell in cells if cell.parts), ())
    parts = [[f"{key}_{name}", *(_number(dict(cell.parts).get(name)) for cell in cells)] for name in names]
    return parts if names[:1] == ("low",) else [[key, *map(_plain, cells)], *parts]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _plain(cell: Cell) -> str:
    value = cell.text if cell.value is None else cell.value
    text = repr(value) if isinstance(value, float) else str(value)
    # a spreadsheet would take it for a formula
    risky = isinstance(value, str) and text[:1] in ("=", "@", "\t", "\r")
    return f"'{text}" if risky else text
