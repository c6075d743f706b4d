"""All files of a report: each table in three forms, pictures, one page with everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from segladder.report.page.page import write_page
from segladder.report.pictures.draw import draw_pictures
from segladder.report.report import Report
from segladder.report.written.comma import comma
from segladder.report.written.latex import latex
from segladder.report.written.markdown import escaped, markdown
from segladder.runs.atomic import write_atomic
from segladder.types import UserError

_MANIFEST = ".report-files.json"
"""What a report has written into its folder."""


def write_report(report: Report, output: Path, *, pictures: bool = True) -> list[Path]:
    """Writes each table as Markdown, LaTeX and CSV, pictures, `report.md` and `report.html` with everything.

    Args:
        report: what to write.
        output: the folder; made if need be. What lies in it under the same names is overwritten.
        pictures: whether to draw them.

    Returns:
        The files.

    Raises:
        UserError: a file cannot be written.
    """
    files: list[Path] = []
    lines = [f"# Report of {escaped(str(report.root))}", ""]
    lines += [f"> {escaped(warning)}" + "\n" for warning in report.warnings]
    shown: list[list[tuple[str, str, Path]]] = []
    used: set[str] = set()
    for part in report.parts:
        lines += [escaped(sentence) + "\n" for sentence in part.findings]
        for sheet in part.sheets:
            sheet.name = _unused(sheet.name, used)
            lines.append(markdown(sheet))
            for ending, text in (("tex", latex(sheet)), ("csv", comma(sheet))):
                files.append(output / f"{sheet.name}.{ending}")
                _write(files[-1], text)
        if pictures:
            name = part.sheets[0].name.removeprefix("leaderboard-")
            made = draw_pictures(part.board, _made(output / "pictures"), name=name, table=part.table)
            drawn = made.drawn
            shown.append([(picture.caption, picture.alt, picture.path) for picture in drawn])
            files += [picture.path for picture in drawn]
            lines += [
                f"![{escaped(picture.alt)}](pictures/{picture.path.name})\n\n{escaped(picture.caption)}\n"
                for picture in drawn
            ]
            lines += [f"{escaped(reason)}\n" for reason in made.left_out]
    files.append(output / "report.md")
    _write(files[-1], "\n".join(lines))
    with _told(output / "report.html"):
        files.append(write_page(report, output / "report.html", pictures=shown))
    _remove_earlier(output, files)
    return files


def _remove_earlier(output: Path, files: Sequence[Path]) -> None:
    """Removes what an earlier report left there and this one has no more: an old table must not pass for a new one."""
    now = sorted(path.relative_to(output).as_posix() for path in files)
    try:
        before = json.loads((output / _MANIFEST).read_bytes())
    except (OSError, ValueError):
        before = []  # the first report here
    for name in set(before if isinstance(before, list) else []) - set(now):
        path = output / str(name)
        if path.resolve().is_relative_to(output.resolve()):
            path.unlink(missing_ok=True)
    _write(output / _MANIFEST, json.dumps(now, indent=1))


def _unused(name: str, used: set[str]) -> str:
    number, free = 1, name
    while free in used:
        number += 1
        free = f"{name}-{number}"
    used.add(free)
    return free


def _write(path: Path, text: str) -> None:
    _made(path.parent)
    with _told(path):
        write_atomic(path, text)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"'{path}' cannot be written: {error.strerror}. Move away what is there, or give another output=."
        ) from error


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"output={folder} cannot be made: {error.strerror}. Give a folder that can be written."
        ) from error
    return folder
