"""The whole report of a folder of runs: what is in it, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segladder.config.suggest import did_you_mean
from segladder.report.ablation import ablation
from segladder.report.board import Board, boards
from segladder.report.comparable import apart
from segladder.report.findings import findings
from segladder.report.reading import Run, read_runs
from segladder.report.samples import RESAMPLES
from segladder.report.sheet import Sheet
from segladder.report.sheets import ablation_differences, ablation_sheet, comparisons, leaderboard
from segladder.report.written.comma import comma
from segladder.report.written.latex import latex
from segladder.report.written.markdown import escaped, markdown
from segladder.runs.atomic import write_atomic
from segladder.types import UserError

_SHOWN = 5


@dataclass(kw_only=True)
class Part:
    """One test set and task."""

    board: Board
    sheets: list[Sheet]
    """Leaderboard, ablation, comparisons."""
    findings: list[str]


@dataclass(kw_only=True)
class Report:
    """What a folder of runs says."""

    root: Path
    parts: list[Part]
    warnings: list[str] = field(default_factory=list)
    """Records left out, and why runs stand apart."""
    runs: list[Run] = field(default_factory=list)
    """All that were read, unfinished ones and repeats among them."""


def make_report(
    root: Path,
    *,
    base: Path,
    study: str | None = None,
    metric: str | None = None,
    rows: str | None = None,
    cols: str | None = None,
    baseline: str | None = None,
    power: bool = False,
    resamples: int = RESAMPLES,
) -> Report:
    """Reads records and nothing else, and computes all tables.

    Args:
        root: the folder that runs lie in.
        base: where the report will lie; links are relative to it.
        study: only the runs of one study.
        metric: what is ranked by; None: what was monitored.
        rows: see `ablation`.
        cols: see `ablation`.
        baseline: see `ablation`.
        power: whether to say how many seeds would settle each comparison.
        resamples: how often the test images are drawn again; 0: not at all.

    Raises:
        UserError: there are no runs or scores, or a word names nothing.
    """
    found = read_runs(root)
    runs = _of_study(found.runs, study)
    warnings = [f"{why} It is left out." for why in list(found.left_out.values())[:_SHOWN]]
    if (more := len(found.left_out) - _SHOWN) > 0:
        warnings.append(f"{more} more records cannot be read; see segladder runs list runs={root}.")
    made = boards(runs, metric=metric, resamples=resamples)
    warnings += apart(list(dict.fromkeys(board.ground for board in made)))
    parts, refused = [], []
    for board in made:
        sheets = [leaderboard(board, base=base)]
        try:
            table = ablation(board, rows=rows, cols=cols, baseline=baseline)
        except UserError as error:
            refused.append((board, error))
            table = None
        if table is not None:
            sheets.append(ablation_sheet(table))
            if (differences := ablation_differences(table)) is not None:
                sheets.append(differences)
        if (pairs := comparisons(board, power=power)) is not None:
            sheets.append(pairs)
        parts.append(Part(board=board, sheets=sheets, findings=findings(board)))
    if len(refused) == len(made):
        raise refused[0][1]
    warnings += [f"{board.title}: {error}" for board, error in refused]
    return Report(root=root, parts=parts, warnings=warnings, runs=runs)


def _of_study(runs: Sequence[Run], study: str | None) -> list[Run]:
    studies = sorted({run.study for run in runs})
    if study is not None and study not in studies:
        raise UserError(
            f"study={study}: no run is of that study{did_you_mean(study, studies)} There are {', '.join(studies)}."
        )
    return [run for run in runs if study is None or run.study == study]


def write_report(report: Report, output: Path) -> list[Path]:
    """Writes each sheet as Markdown, LaTeX and CSV, and `report.md` with everything.

    Raises:
        UserError: a file cannot be written.
    """
    files: list[Path] = []
    lines = [f"# Report of {escaped(str(report.root))}", ""]
    lines += [f"> {escaped(warning)}" + "\n" for warning in report.warnings]
    used: set[str] = set()
    for part in report.parts:
        lines += [*(escaped(sentence) + "\n" for sentence in part.findings)]
        for sheet in part.sheets:
            sheet.name = _unused(sheet.name, used)
            lines.append(markdown(sheet))
            for ending, text in (("tex", latex(sheet)), ("csv", comma(sheet))):
                files.append(output / f"{sheet.name}.{ending}")
                _write(files[-1], text)
    files.append(output / "report.md")
    _write(files[-1], "\n".join(lines))
    return files


def _unused(name: str, used: set[str]) -> str:
    number, free = 1, name
    while free in used:
        number += 1
        free = f"{name}-{number}"
    used.add(free)
    return free


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"output={path.parent} cannot be made: {error.strerror}. Give a folder that can be written."
        ) from error
    write_atomic(path, text)
