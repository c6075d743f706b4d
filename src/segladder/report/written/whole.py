"""All files of a report: each table in three forms, pictures, one page with everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segladder.report.page.page import write_page
from segladder.report.pictures.draw import draw_pictures
from segladder.report.report import Part, Report
from segladder.report.written.comma import comma
from segladder.report.written.latex import latex
from segladder.report.written.manifest import MANIFEST, claim, settle
from segladder.report.written.markdown import escaped, markdown
from segladder.runs.atomic import write_atomic
from segladder.types import UserError


def write_report(report: Report, output: Path, *, pictures: bool = True, refresh: float | None = None) -> list[Path]:
    """Writes each table as Markdown, LaTeX and CSV, pictures, `report.md` and `report.html` with everything.

    Args:
        report: what to write.
        output: the folder; made if need be. What an earlier report wrote there is overwritten.
        pictures: whether to draw them.
        refresh: see `write_page`.

    Returns:
        The files.

    Raises:
        UserError: a file cannot be written, or one is in the way that no report has written.
    """
    claim_files(report, output, pictures=pictures)
    files: list[Path] = []
    lines = [f"# Report of {escaped(str(report.root))}", ""]
    lines += [f"> {escaped(warning)}" + "\n" for warning in report.warnings]
    shown: list[list[tuple[str, str, Path]]] = []
    left_out: list[list[str]] = []
    for part in report.parts:
        lines += [escaped(sentence) + "\n" for sentence in part.findings]
        for sheet in part.sheets:
            lines.append(markdown(sheet))
            # the title has them as well
            images = part.board.ground.content if part.board.which else ""
            for ending, text in (("tex", latex(sheet)), ("csv", comma(sheet, images=images))):
                files.append(output / f"{sheet.name}.{ending}")
                _write(files[-1], text)
        if pictures:
            made = draw_pictures(part.board, _made(output / "pictures"), name=_of_pictures(part), table=part.table)
            drawn = made.drawn
            left_out.append(made.left_out)
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
        files.append(write_page(report, output / "report.html", pictures=shown, left_out=left_out, refresh=refresh))
    with _told(output / MANIFEST):
        settle(output, files)
    return files


def claim_files(report: Report, output: Path, *, pictures: bool = True) -> None:
    """Makes sure that a report may write its files, before anything is written; see `write_report`.

    Raises:
        UserError: one is in the way that no report has written, or that was edited since.
    """
    _made(output)
    with _told(output / MANIFEST):
        claim(output, _names(report, pictures=pictures))


def _names(report: Report, *, pictures: bool) -> list[str]:
    """The files to come; gives the sheets names that differ."""
    used: set[str] = set()
    found = ["report.md", "report.html"]
    for part in report.parts:
        for sheet in part.sheets:
            sheet.name = _unused(sheet.name, used)
            found += [f"{sheet.name}.{ending}" for ending in ("tex", "csv")]
        if pictures:
            found.append(f"pictures/{_of_pictures(part)}-*.png")
    return found


def _of_pictures(part: Part) -> str:
    return part.sheets[0].name.removeprefix("leaderboard-")


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
