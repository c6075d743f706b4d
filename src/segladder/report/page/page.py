"""The whole report as one HTML file: opened from a disk or a mail, without network, without anything installed."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from segladder.report.page.details import MOST_RUNS, details
from segladder.report.page.embedded import escaped, json_text
from segladder.report.page.pictures import Picture, picture_html
from segladder.report.page.runs_table import RunsTable, runs_table
from segladder.report.page.tables import Data, table_data, table_html, unused
from segladder.report.report import Part, Report
from segladder.report.sheets.sheet import Sheet
from segladder.runs.atomic import write_atomic
from segladder.types import UserError

_SCRIPTS = (
    "view.js",
    "columns.js",
    "filters.js",
    "printing.js",
    "table.js",
    "curves.js",
    "run.js",
    "following.js",
    "page.js",
)
"""In the order of their needs; they make one script."""

Pictures = Sequence[Sequence[Picture]]

_REFRESH = re.compile("<!--refresh-->.*?<!--/refresh-->\n", re.DOTALL)


def write_page(
    report: Report,
    path: Path,
    *,
    pictures: Pictures | None = None,
    left_out: Sequence[Sequence[str]] | None = None,
    refresh: float | None = None,
) -> Path:
    """Writes the page.

    Args:
        report: what it shows.
        path: of the HTML file, in the folder that the links of the report's sheets are relative to.
        pictures: of each part, what stands below its tables.
        left_out: of each part, sentences that say which pictures are missing and why.
        refresh: seconds after which a browser loads the page again; None where it is the last of a sweep.

    Returns:
        The path written.

    Raises:
        UserError: a picture cannot be read, or the page cannot be written.
    """
    template = _file("page.html")
    table = runs_table(report, base=path.parent)
    told = details(table.runs)
    used = set(re.findall(r'id="([\w-]+)"', template)) | {"runs", "warnings"}
    sections: list[str] = []
    sheets: list[Data] = []
    for number, part in enumerate(report.parts, start=1):
        named = [(unused(sheet.name, used), sheet) for sheet in part.sheets]
        shown = pictures[number - 1] if pictures else ()
        missing = left_out[number - 1] if left_out else ()
        sections.append(_board(number, part, named, shown, missing))
        sheets += [_sheet_data(part, name, sheet, table) for name, sheet in named]
    sections.append(_runs(table, detailed=told is not None))
    style, script = _file("page.css"), "\n".join(map(_file, _SCRIPTS))
    page = _filled(
        template,
        {
            "policy": _policy(style, script),
            "refresh": _refresh(refresh),
            "title": escaped(f"Report of {report.root}"),
            "summary": escaped(_summary(report, table)),
            "style": style,
            "script": script,
            "contents": _contents(report),
            "warnings": _warnings(report),
            "sections": "\n".join(sections),
            "data": json_text({"sheets": sheets, "runs": table.data}),
            "details": json_text(told),
        },
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder '{path.parent}' of the page cannot be made: {error.strerror}. Give one that can be written."
        ) from error
    write_atomic(path, page)
    return path


def end_refresh(path: Path) -> None:
    """Makes a page that a browser loads again and again one that stays; does nothing where there is none.

    Raises:
        UserError: it cannot be written.
    """
    try:
        page = path.read_text(encoding="utf-8")
    except OSError:
        return
    if (still := _REFRESH.sub("", page, count=1)) != page:
        write_atomic(path, still)


def _refresh(seconds: float | None) -> str:
    """What makes the page anew: its script, so that it does not under the reader's hands; else the browser."""
    if seconds is None:
        return ""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    return (
        f'<!--refresh--><meta name="segladder-refresh" content="{seconds:g} {moment}">'
        f'<noscript><meta http-equiv="refresh" content="{max(1, round(seconds))}"></noscript><!--/refresh-->\n'
    )


def _file(name: str) -> str:
    return files("segladder.report.page").joinpath(name).read_text(encoding="utf-8")


def _filled(template: str, parts: Mapping[str, str]) -> str:
    # in one go: what stands in a part is no place for another
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _policy(style: str, script: str) -> str:
    """What the page may do: run its own script and style, show pictures that are in it; nothing else, no network."""

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"

    return (
        f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _summary(report: Report, table: RunsTable) -> str:
    count = len(table.runs)
    parts = [f"{count:,} {'run' if count == 1 else 'runs'}"]
    unfinished = sum(run.status not in ("finished", "evaluated") for run in table.runs)
    if unfinished:
        parts.append(f"{unfinished:,} of them not finished")
    boards = len(report.parts)
    parts.append(f"{boards} {'leaderboard' if boards == 1 else 'leaderboards'}")
    newest = max((run.created for run in table.runs), default="")
    if newest:
        parts.append(f"newest run of {newest[:10]}")
    return ", ".join(parts)


def _contents(report: Report) -> str:
    entries = [(f"board-{number}", part.board.title) for number, part in enumerate(report.parts, start=1)]
    entries.append(("runs", "Runs"))
    return "".join(f'<li><a href="#{name}">{escaped(title)}</a></li>' for name, title in entries)


def _warnings(report: Report) -> str:
    if not report.warnings:
        return ""
    told = "".join(f"<li>{escaped(warning)}</li>" for warning in report.warnings)
    return (
        f'<section class="warnings" aria-labelledby="warnings"><h2 id="warnings">Warnings</h2><ul>{told}</ul></section>'
    )


def _board(
    number: int,
    part: Part,
    named: Sequence[tuple[str, Sheet]],
    pictures: Sequence[Picture],
    left_out: Sequence[str],
) -> str:
    name = f"board-{number}"
    findings = "".join(f"<li>{escaped(sentence)}</li>" for sentence in part.findings)
    lines = [
        f'<section class="board" id="{name}" aria-labelledby="{name}-title">',
        f'<h2 id="{name}-title" tabindex="-1">{escaped(part.board.title)}</h2>',
        f'<ul class="findings">{findings}</ul>' if findings else "",
        *(table_html(sheet, name=name) for name, sheet in named),
        f'<div class="pictures">{"".join(map(picture_html, pictures))}</div>' if pictures else "",
        _left_out(left_out),
        "</section>",
    ]
    return "\n".join(line for line in lines if line)


def _left_out(sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    told = "".join(f"<li>{escaped(sentence)}</li>" for sentence in sentences)
    return f'<h3>Pictures left out</h3>\n<ul class="notes left-out">{told}</ul>'


def _sheet_data(part: Part, name: str, sheet: Sheet, table: RunsTable) -> Data:
    board = part.board
    pages = None
    if sheet is part.sheets[0] and len(sheet.rows) == len(board.places):
        pages = [table.places(place.method.runs) for place in board.places]
    return table_data(sheet, name=name, pages=pages, down="" if board.minimised else board.metric)


def _runs(table: RunsTable, *, detailed: bool) -> str:
    same = ", ".join(f"{escaped(title)} <b>{escaped(value)}</b>" for title, value in table.same)
    notes = [f"The same in all runs: {same}."] if same else []
    if detailed:
        notes.append("Each run has a page of its own, with its configuration and learning curves: press its name.")
    else:
        notes.append(
            f"Configurations and learning curves are left out, as there are more than {MOST_RUNS} runs; the folders"
            " have them."
        )
    told = "".join(f"<p>{note}</p>" for note in notes)
    return f"""\
<section class="board" id="runs" aria-labelledby="runs-title">
<h2 id="runs-title" tabindex="-1">Runs</h2>
<div class="about">{told}</div>
<div class="wide" tabindex="0" role="region" aria-labelledby="runs-title">
<noscript><p>The table of runs is shown with JavaScript.</p></noscript>
</div>
</section>"""
