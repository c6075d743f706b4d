"""Aligned columns of plain text that fit a terminal: what gives way is cut or left out in a fixed order."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

GAP = "  "

_CODES = {"": "", "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_PLAIN = str.maketrans({"…": "~", "·": "|", "±": "+-", "–": "-"})


@dataclass(kw_only=True)
class Column:
    """A title with the cells below it, and what may become of it where the terminal is narrow."""

    title: str
    cells: Sequence[str]
    right: bool = False
    """Numbers stand at the right."""
    room: int = 0
    """How wide it is at the least, where nothing gives way: a table that is drawn again should not wobble."""
    gives: int = 0
    """Columns of rank 1 give way first, then those of rank 2, …; 0 never does."""
    least: int = 0
    """How narrow it may be cut."""
    vanishes: bool = False
    """Whether it is left out where even that is too wide."""
    keeps_end: bool = False
    """Whether a cut takes its beginning: the end of a folder's name tells most."""
    styles: Sequence[str] = ()
    """A style per cell, such as `red`; none: plain."""


class Look(TypedDict):
    """How a table is to look where it is printed."""

    color: bool
    width: int | None


def is_terminal() -> bool:
    """Whether stdout is a terminal that can move its cursor and show colours."""
    return sys.stdout.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def look() -> Look:
    """Coloured and cut to the terminal's width; plain and whole where stdout is a file or a pipe."""
    if not sys.stdout.isatty():
        return Look(color=False, width=None)
    return Look(color=is_terminal() and not os.environ.get("NO_COLOR"), width=shutil.get_terminal_size().columns)


def laid_out(columns: Sequence[Column], *, width: int | None = None, color: bool = False) -> list[str]:
    """The title line and a line per cell, none wider than `width` (None: as wide as need be)."""
    wide = {
        index: max([column.room, cells(column.title), *(cells(cell) for cell in column.cells)])
        for index, column in enumerate(columns)
    }
    if width is not None:
        _give_way(columns, wide, width)
    kept = [(columns[index], room) for index, room in wide.items()]
    titles = _line([(c, c.title, room, "bold") for c, room in kept], width, color)
    count = max((len(column.cells) for column in columns), default=0)
    return [titles] + [
        _line([(c, c.cells[row], room, c.styles[row] if c.styles else "") for c, room in kept], width, color)
        for row in range(count)
    ]


def cells(text: str) -> int:
    """How many places of a terminal a text takes: two for a Chinese character, none for an accent of its own."""
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, room: int, *, keep_end: bool = False) -> str:
    """A text that takes at most `room` places, with `…` where something is missing."""
    if cells(text) <= room:
        return text
    if room < 1:
        return ""
    kept = text[::-1] if keep_end else text
    kept = kept[: room - 1]
    while cells(kept) > room - 1:
        kept = kept[:-1]
    return "…" + kept[::-1] if keep_end else kept + "…"


def wrapped(text: str, width: int | None, *, indent: int) -> list[str]:
    """A text broken between words; a word that is wider than a line, such as a path, is left to the terminal."""
    lines = [""]
    for place, word in enumerate(text.split(" ")):
        longer = f"{lines[-1]} {word}" if place else word
        if width is None or cells(longer) <= width or not lines[-1].strip():
            lines[-1] = longer
        else:
            lines.append(" " * indent + word)
    return lines


def one_line(text: object) -> str:
    """A value or message on one line, without characters that would move the cursor or colour what follows."""
    line = " ".join(str(text).split())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def encodable(text: str) -> str:
    """The text as stdout can take it: a file name that is no valid text, or a terminal of ASCII, ends no sweep."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def painted(text: str, style: str, *, color: bool) -> str:
    """The text in a colour, for a terminal that has some."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if color and _CODES[style] and text else text


def is_number(text: str) -> bool:
    """Whether a cell belongs to the right."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _give_way(columns: Sequence[Column], wide: dict[int, int], width: int) -> None:
    """Narrows and removes entries of `wide` until a line fits, or nothing more can give way."""

    def excess() -> int:
        return sum(wide.values()) + len(GAP) * (len(wide) - 1) - width

    for rank in sorted({column.gives for column in columns} - {0}):
        own = [index for index in wide if columns[index].gives == rank]
        while excess() > 0 and (flexible := [i for i in own if wide[i] > columns[i].least > 0]):
            wide[max(flexible, key=wide.__getitem__)] -= 1
        for index in reversed(own):
            if excess() > 0 and columns[index].vanishes:
                del wide[index]


def _line(parts: Sequence[tuple[Column, str, int, str]], width: int | None, color: bool) -> str:
    shown, left = [], width
    for place, (column, text, room, style) in enumerate(parts):
        if left is not None and left <= 0:
            break
        # beyond what could give way, a line ends where the terminal does
        room = room if left is None else min(room, left)
        text = cut(text, room, keep_end=column.keeps_end)
        blank = " " * (room - cells(text))
        last = place == len(parts) - 1
        painting = painted(text, style, color=color)
        shown.append(blank + painting if column.right else painting if last else painting + blank)
        left = None if left is None else left - room - len(GAP)
    return GAP.join(shown).rstrip()
