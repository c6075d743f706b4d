"""A sheet as LaTeX tables: booktabs, the best in bold, the second underlined, no letters too small to be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from segladder.report.sheets.sheet import Cell, Sheet

_MEANING = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{''}",
    "±": r"$\pm$",
    "–": "--",
    "…": r"\ldots{}",
    "≤": r"$\le$",
}
_NUMBER = re.compile(r"(?<![\w.])-(?=[\d.])")
_ENDS_WORD = re.compile(r"(\\_|[./+=-])(?=[^\s{}\\])")
"""After what a name in a narrow column may go on in a new line."""
_LINE = 70
"""Letters of the normal size that the text of an article is wide."""
_GAP = 2
"""Letters between two columns."""
_SMALL = 1.2
"""So many more letters of the small size are in a line."""
_LEAST = 14
"""Letters that a column of words keeps."""
_LINES = 50
"""Of a page: what has more goes on in another table."""


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """How a sheet is set."""

    small: bool
    heads: list[str]
    kinds: list[str]
    """Of the columns, as `tabular` takes them."""
    rooms: list[int | None]
    """Letters of a column whose words go over several lines."""


def latex(sheet: Sheet) -> str:
    r"""A `table` with caption, label and notes, or several.

    They need the packages booktabs, graphicx and array, and T1 fonts for all letters. Minor columns are left out, as a
    page is narrow; the CSV has them. A sheet that is wider than a line is set in smaller letters, and its words over
    several lines; one that is longer than a page is divided.
    """
    sheet = sheet.without_minor()
    setting = _setting(sheet)
    parts = _parts(sheet.rows, setting)
    text = [r"% \usepackage{booktabs,graphicx,array}"]
    for number, rows in enumerate(parts, start=1):
        text += _table(sheet, rows, setting, number=number, count=len(parts))
    return "\n".join(text) + "\n"


def _table(sheet: Sheet, rows: Sequence[list[Cell]], setting: _Setting, *, number: int, count: int) -> list[str]:
    told = _told(sheet) if number == 1 else ""
    which = f" ({number} of {count})" if count > 1 else ""
    label = sheet.name if number == 1 else f"{sheet.name}-part-{number}"
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(sheet.title)}{which}.{told}}}",
        rf"  \label{{tab:{label}}}",
    ]
    if setting.small:
        lines.append(r"  \footnotesize\setlength{\tabcolsep}{3pt}%")
    lines += [
        # as wide as it is, or as the line if it is wider
        r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"  \begin{{tabular}}{{{''.join(setting.kinds)}}}",
        r"    \toprule",
        f"    {_line(setting.heads)}",
        r"    \midrule",
        *(f"    {_line([_cell(cell, room) for cell, room in zip(row, setting.rooms, strict=True)])}" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}}",
    ]
    if sheet.notes and number == count:
        lines += [r"  \par\smallskip\footnotesize\raggedright"]
        lines += [f"  {escaped(note)}" + r"\par" for note in sheet.notes]
    return [*lines, r"\end{table}"]


def _setting(sheet: Sheet) -> _Setting:
    columns = sheet.columns
    heads = [_width(column.title) for column in columns]
    cells = [max([0, *(_width(row[index].text) for row in sheet.rows)]) for index in range(len(columns))]
    plain = ["r" if column.right else "l" for column in columns]
    wide = sum(map(max, heads, cells)) + _GAP * len(columns)
    if wide <= _LINE:
        titles = [escaped(column.title) for column in columns]
        return _Setting(small=False, heads=titles, kinds=plain, rooms=[None] * len(columns))
    halves = [_halves(column.title) for column in columns]
    heads = [max(map(_width, half)) for half in halves]
    titles = [_stacked(half, side) for half, side in zip(halves, plain, strict=True)]
    room = int(_LINE * _SMALL) - sum(map(max, heads, cells)) - len(columns)
    rooms: list[int | None] = [None] * len(columns)
    if room < 0:
        words = [index for index, side in enumerate(plain) if side == "l" and cells[index] > _LEAST]
        room += sum(cells[index] for index in words)
        for left, index in enumerate(sorted(words, key=lambda index: cells[index])):
            # what a short one does not need is the longer ones'
            share = max(_LEAST, room // (len(words) - left))
            rooms[index] = min(cells[index], share)
            room -= min(cells[index], share)
    kinds = [
        side if part is None else rf">{{\raggedright\arraybackslash}}p{{{0.5 * part:.1f}em}}"
        for side, part in zip(plain, rooms, strict=True)
    ]
    return _Setting(small=True, heads=titles, kinds=kinds, rooms=rooms)


def _parts(rows: Sequence[list[Cell]], setting: _Setting) -> list[list[list[Cell]]]:
    """The rows of each table, as many as a page has lines for."""
    parts: list[list[list[Cell]]] = [[]]
    lines = 0
    for row in rows:
        of_row = max(
            [1, *(-(-_width(cell.text) // room) for cell, room in zip(row, setting.rooms, strict=True) if room)]
        )
        if parts[-1] and lines + of_row > _LINES:
            parts.append([])
            lines = 0
        parts[-1].append(row)
        lines += of_row
    return parts


def _halves(title: str) -> list[str]:
    """A heading in one line, or in two that are as alike as can be."""
    words = title.split()
    ways = [[" ".join(words[:at]), " ".join(words[at:])] for at in range(1, len(words))]
    return min(ways, key=lambda way: max(map(_width, way)), default=[title])


def _stacked(lines: Sequence[str], side: str) -> str:
    text = r"\\".join(map(escaped, lines))
    return text if len(lines) == 1 else rf"\shortstack[{side}]{{{text}}}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _told(sheet: Sheet) -> str:
    """What bold and underlined mean, and who shares the first rank."""
    cells = [cell for row in sheet.rows for cell in row]
    said = [word for word, there in ((" The best is bold", any(cell.best for cell in cells)),) if there]
    if any(cell.second for cell in cells):
        said.append("the second underlined")
    ties = sum(row[0].value == 1 for row in sheet.rows) if sheet.columns[0].key == "rank" else 0
    told = ", ".join(said)
    if ties > 1:
        told += f"; {ties} methods share the first rank"
    return f"{told}." if told else ""


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is; a minus before a number is a minus."""
    plain = " ".join(text.split()).encode("utf-8", "replace").decode()
    set_as_is = "".join(_MEANING.get(letter, letter) for letter in _NUMBER.sub("\x00", plain))
    # a bracket at the start of a row would be taken for an argument of the line before it
    return set_as_is.replace("\x00", "$-$").replace("[", "{[}").replace("]", "{]}")


def _cell(cell: Cell, room: int | None) -> str:
    text = escaped(cell.text)
    if room is not None:
        text = _ENDS_WORD.sub(r"\1\\allowbreak{}", text)
    if cell.best:
        return rf"\textbf{{{text}}}"
    return rf"\underline{{{text}}}" if cell.second else text


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
