"""A sheet as a LaTeX table: booktabs, the best in bold, the second underlined."""

from __future__ import annotations

import re

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


def latex(sheet: Sheet) -> str:
    r"""A `table` with caption, label and notes; needs the packages booktabs and graphicx, and T1 fonts for all letters.

    Minor columns are left out: a page is narrow. The CSV has them.
    """
    sheet = sheet.without_minor()
    kinds = "".join("r" if column.right else "l" for column in sheet.columns)
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(sheet.title)}.{_told(sheet)}}}",
        rf"  \label{{tab:{sheet.name}}}",
        # as wide as it is, or as the line if it is wider
        r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"  \begin{{tabular}}{{{kinds}}}",
        r"    \toprule",
        f"    {_line([escaped(column.title) for column in sheet.columns])}",
        r"    \midrule",
        *(f"    {_line([_cell(cell) for cell in row])}" for row in sheet.rows),
        r"    \bottomrule",
        r"  \end{tabular}}",
    ]
    if sheet.notes:
        lines += [r"  \par\smallskip\footnotesize\raggedright"]
        lines += [f"  {escaped(note)}" + r"\par" for note in sheet.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


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


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    if cell.best:
        return rf"\textbf{{{text}}}"
    return rf"\underline{{{text}}}" if cell.second else text


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
