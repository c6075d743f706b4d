"""The whole report of a folder of runs, before it has a form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segladder.config.suggest import did_you_mean
from segladder.report.boards.ablation import Ablation, ablation, axes
from segladder.report.boards.axes import names_something
from segladder.report.boards.board import Board, boards
from segladder.report.boards.comparable import apart
from segladder.report.boards.findings import findings
from segladder.report.boards.slugs import in_order, tell_apart
from segladder.report.records.beside import unreadable
from segladder.report.records.kept import Kept
from segladder.report.records.measured import NAMES
from segladder.report.records.older import told_of_methods
from segladder.report.records.reading import read_runs
from segladder.report.records.run import Run
from segladder.report.records.samples import RESAMPLES
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
    warnings = unread(found.left_out, root)
    warnings += told_of_methods(runs)
    warnings += _first([told for run in runs for told in _senseless(run)], "more numbers of records make no sense")
    warnings += _first(unreadable(runs), "more files beside records are damaged")
    kept = Kept(root)
    made = in_order(boards(runs, metric=metric, resamples=resamples, kept=kept))
    tell_apart(made)
    kept.tidy()
    warnings += apart(list(dict.fromkeys(board.ground for board in made)))
    parts, refused, unused = [], [], list[str]()
    for board in made:
        sheets = [leaderboard(board, base=base)]
        try:
            table = ablation(board, rows=rows, cols=cols, baseline=baseline)
        except UserError as error:
            refused.append((board, error))
            table = None
        else:
            warnings += _no_grid(board) if table is None else []
            if table is None and baseline is not None:
                unused.append(board.title)
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
    if baseline is not None and unused:
        _must_name(baseline, made)
        warnings += [f"{title}: baseline={baseline} is not used, as there is no ablation table." for title in unused]
    return Report(root=root, parts=parts, warnings=warnings, runs=runs)


def unread(left_out: Mapping[str, str], root: Path) -> list[str]:
    """Why records are left out, the first of each reason in full.

    Args:
        left_out: folder -> the sentence of why.
        root: the folder that runs lie in.
    """
    by_reason: dict[str, list[str]] = {}
    for folder, why in left_out.items():
        # what differs from record to record is its path, and where in the file it breaks off
        reason = re.sub(r"line \d+ column \d+|char \d+|position \d+", "", re.sub(rf"{re.escape(folder)}[^']*", "", why))
        by_reason.setdefault(reason, []).append(why)
    told = []
    for whys in by_reason.values():
        more = len(whys) - 1
        too = f" {more:,} more {'is' if more == 1 else 'are'} left out for the same reason." if more else ""
        told.append(f"{whys[0]} It is left out.{too}")
    return _first(told, f"more reasons leave records out; see segladder runs list runs={root}")


def _first(sentences: Sequence[str], rest: str) -> list[str]:
    """The first few sentences, and how many more there are."""
    more = len(sentences) - _SHOWN
    return [*sentences[:_SHOWN], *([f"{more:,} {rest}."] if more > 0 else [])]


def _senseless(run: Run) -> list[str]:
    return [
        f"'{run.folder.result}' says {k} {v}, which is no {'name' if k in NAMES else 'measurement'}. It is left out."
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


def _must_name(baseline: str, made: Sequence[Board]) -> None:
    """
    Raises:
        UserError: a word of a baseline that no table could use is no value of any setting.
    """
    methods = [place.method.settings for board in made for place in board.places]
    values = sorted({value for settings in methods for value in settings.values() if value})
    for word in map(str.strip, baseline.split(",")):
        if not names_something(word, methods):
            raise UserError(
                f"baseline={baseline}: there is no '{word}'{did_you_mean(word.rpartition('=')[2], values)} Give one of"
                f" {', '.join(values)}."
            )


def _of_study(runs: Sequence[Run], study: str | None) -> list[Run]:
    studies = sorted({run.study for run in runs})
    if study is not None and study not in studies:
        raise UserError(
            f"study={study}: no run is of that study{did_you_mean(study, studies)} There are {', '.join(studies)}."
        )
    return [run for run in runs if study is None or run.study == study]
