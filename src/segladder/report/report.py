"""The whole report of a folder of runs, before it has a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segladder.config.suggest import did_you_mean
from segladder.report.ablation import Ablation, ablation, axes
from segladder.report.beside import unreadable
from segladder.report.board import Board, boards
from segladder.report.comparable import apart
from segladder.report.findings import findings
from segladder.report.kept import Kept
from segladder.report.reading import Run, read_runs
from segladder.report.samples import RESAMPLES
from segladder.report.sheets.ablations import ablation_differences, ablation_sheet
from segladder.report.sheets.comparisons import comparisons
from segladder.report.sheets.leaderboard import leaderboard
from segladder.report.sheets.sheet import Sheet
from segladder.types import UserError

_SHOWN = 5


@dataclass(kw_only=True)
class Part:
    """One test set and task."""

    board: Board
    sheets: list[Sheet]
    """Leaderboard, ablation, comparisons."""
    findings: list[str]
    table: Ablation | None = None


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
    warnings = _first(
        [f"{why} It is left out." for why in found.left_out.values()],
        f"more records cannot be read; see segladder runs list runs={root}",
    )
    warnings += _first([told for run in runs for told in _senseless(run)], "more numbers of records make no sense")
    warnings += _first(unreadable(runs), "more files beside records are damaged")
    kept = Kept(root)
    made = boards(runs, metric=metric, resamples=resamples, kept=kept)
    kept.tidy()
    warnings += apart(list(dict.fromkeys(board.ground for board in made)))
    parts, refused = [], []
    for board in made:
        sheets = [leaderboard(board, base=base)]
        try:
            table = ablation(board, rows=rows, cols=cols, baseline=baseline)
        except UserError as error:
            refused.append((board, error))
            table = None
        else:
            warnings += _no_grid(board) if table is None else []
        if table is not None:
            sheets.append(ablation_sheet(table))
            if (differences := ablation_differences(table)) is not None:
                sheets.append(differences)
        if (pairs := comparisons(board, power=power)) is not None:
            sheets.append(pairs)
        parts.append(Part(board=board, sheets=sheets, findings=findings(board), table=table))
    if len(refused) == len(made):
        raise refused[0][1]
    warnings += [f"{board.title}: {error}" for board, error in refused]
    return Report(root=root, parts=parts, warnings=warnings, runs=runs)


def _first(sentences: Sequence[str], rest: str) -> list[str]:
    """The first few sentences, and how many more there are."""
    more = len(sentences) - _SHOWN
    return [*sentences[:_SHOWN], *([f"{more:,} {rest}."] if more > 0 else [])]


def _senseless(run: Run) -> list[str]:
    return [
        f"'{run.folder.result}' says {k} {v}, which is no measurement. It is left out."
        for k, v in run.senseless.items()
    ]


def _no_grid(board: Board) -> list[str]:
    names = [axis.name for axis in axes(board)]
    if not names:
        return []
    studies = sorted({run.study for place in board.places for run in place.method.runs})
    one = f", or one study with study= ({', '.join(studies[:_SHOWN])})" if len(studies) > 1 else ""
    told = f"{', '.join(names)} vary, but most of their combinations are missing, so that there is no ablation table"
    return [f"{board.title}: {told}. Name its keys with rows= and cols={one}."]


def _of_study(runs: Sequence[Run], study: str | None) -> list[Run]:
    studies = sorted({run.study for run in runs})
    if study is not None and study not in studies:
        raise UserError(
            f"study={study}: no run is of that study{did_you_mean(study, studies)} There are {', '.join(studies)}."
        )
    return [run for run in runs if study is None or run.study == study]
