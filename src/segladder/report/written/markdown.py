"""A sheet as a table of GitHub's Markdown."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from segladder.report.sheets.sheet import Cell, Sheet

_MEANING = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown(sheet: Sheet, *, level: int = 2) -> str:
    """The table below a heading of the given level, notes as a list."""
    heads = [escaped(column.title) for column in sheet.columns]
    rules = ["---:" if column.right else "---" for column in sheet.columns]
    lines = [f"{'#' * level} {escaped(sheet.title)}", "", _line(heads), _line(rules)]
    lines += [_line([_cell(cell) for cell in row]) for row in sheet.rows]
    if sheet.notes:
        lines += ["", *(f"- {escaped(note)}" for note in sheet.notes)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that is shown as it is: what Markdown or HTML would take for its own is taken from it."""
    plain = " ".join(text.split()).encode("utf-8", "replace").decode()
    return _MEANING.sub(r"\\\1", plain.replace("&", "&amp;"))


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    if cell.best and text:
        text = f"**{text}**"
    return f"[{text}]({quote(os.fsencode(cell.link))}/)" if cell.link and text else text


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
