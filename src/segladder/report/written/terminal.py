"""A sheet as aligned text, as wide as the terminal."""

from __future__ import annotations

import textwrap

from segladder.launchers.show.columns import Column, encodable, laid_out, one_line
from segladder.report.sheets.sheet import Sheet

_LEAST = 60
"""Characters of a line of notes where the terminal is narrow."""
_LAST = 1000
"""Columns give way in the order of their ranks; this one after all others."""


def terminal(sheet: Sheet, *, width: int | None = None, color: bool = False) -> str:
    """The table with its title and notes.

    Args:
        sheet: what to show.
        width: of the terminal; columns give way until they fit. None: as wide as need be.
        color: whether the terminal has colours.
    """
    columns = []
    for index, column in enumerate(sheet.columns):
        cells = [row[index] for row in sheet.rows]
        text = [one_line(cell.text) for cell in cells]
        styles = ["bold" if cell.best else "" for cell in cells]
        # minor ones first, from the right; then texts are cut; numbers stay
        gives = len(sheet.columns) - index if column.minor else 0 if column.right else _LAST
        columns.append(
            Column(
                title=one_line(column.title),
                cells=text,
                right=column.right,
                styles=styles,
                gives=gives,
                vanishes=column.minor,
                least=0 if column.minor else 12,
            )
        )
    lines = laid_out(columns, width=width, color=color)
    notes = [line for note in sheet.notes for line in _wrapped(one_line(note), width)]
    return encodable("\n".join([one_line(sheet.title), "", *lines, *([""] if notes else []), *notes]))


def _wrapped(note: str, width: int | None) -> list[str]:
    room = max(_LEAST, width or 110)
    return textwrap.wrap(note, room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) or [""]
