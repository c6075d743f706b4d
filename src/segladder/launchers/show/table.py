"""The table at the end of a sweep, best first, with a line per group of seeds; and that of a dry run."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from segladder.launchers.show.columns import Column, cut, encodable, is_number, laid_out, one_line, painted, wrapped
from segladder.launchers.show.estimate import duration
from segladder.launchers.show.ranking import Ranking, ranking_of, score_of
from segladder.launchers.work import DONE, JobEnd

SEED = "seed"
"""The key over which means are taken."""

STYLES = {
    "finished": "green",
    "skipped": "dim",
    "pruned": "yellow",
    "failed": "red",
    "killed": "red",
    "timeout": "red",
    "interrupted": "yellow",
    "busy": "yellow",
    "running": "cyan",
}

_LONG = 25
"""Jobs from which on the first line of the table may have left the screen: the best is told once more at the end."""

_REASONS = 12
"""Most different reasons that are told below the table."""

_SENTENCE_END = re.compile(r"(?<=[^. ]{2}[.!?]) (?=[A-Z])")

_REASON = 320
"""Most characters of one; the job's own log and record have it whole."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the tables know of a job."""

    number: int
    """Its place in the sweep, from 0."""
    settings: Mapping[str, str]
    """The varying keys of the sweep -> this job's value; "" where it has none."""
    end: JobEnd | None = None
    """None: it has not ended (yet)."""


@dataclass(frozen=True, kw_only=True)
class DryRow:
    """What a dry run knows of a job."""

    number: int
    settings: Mapping[str, str]
    what: str
    """new, resume, skip, busy, repeat, or `same as 3`."""
    why: str = ""
    folder: Path | None = None


def title_of(row: Row) -> str:
    """What tells a job from the others: `loss=ce seed=3`."""
    said = [f"{one_line(key)}={one_line(value)}" for key, value in row.settings.items() if value != ""]
    return " ".join(said) or f"job {row.number + 1}"


def folder_of(end: JobEnd | None) -> str:
    """The run folder of a job as one would type it here; "" where there is none."""
    folder = getattr(None if end is None else end.value, "folder", None) or getattr(end, "folder", None)
    return "" if folder is None else _shortened(Path(folder))


def sweep_table(rows: Sequence[Row], *, color: bool = False, width: int | None = None) -> str:
    """The final table: a line per job that ended, best first; means over seeds; reasons of those that did not finish.

    The columns are of the monitored metric. Where the jobs monitor different ones, as networks that find objects do
    beside those that name pixels, they are of mIoU, which all have, and the monitored ones follow.

    Args:
        rows: the jobs.
        color: whether the text may hold escape sequences.
        width: places in a line of the terminal; None: as many as it takes.
    """
    ranking = ranking_of([row.end for row in rows])
    ended = sorted((row for row in rows if row.end is not None), key=lambda row: _order(row, ranking))
    parts = [_ruled(_job_columns(ended, ranking), color=color, width=width)]
    scored = any(ranking.score(row.end) is not None for row in ended)
    if scored and (means := _mean_columns(rows, ranking)):
        parts += ["", "Mean ± standard deviation over seeds:", _ruled(means, color=color, width=width)]
    if reasons := _reasons(ended, color=color, width=width):
        parts += ["", *reasons]
    if missing := len(rows) - len(ended):
        parts += ["", f"{missing} of {len(rows)} jobs {'was' if missing == 1 else 'were'} not started."]
    if len(ended) > _LONG and (score := ranking.score(ended[0].end)) is not None:
        told = f"Best: {ranking.split} {ranking.metric} {score:.4f} ({title_of(ended[0])}), {folder_of(ended[0].end)}"
        parts += ["", told]
    return encodable("\n".join(parts))


def dry_table(
    plans: Sequence[DryRow], *, seconds: float | None = None, color: bool = False, width: int | None = None
) -> str:
    """What a sweep would do: a line per job in order, and a line that sums up.

    Args:
        plans: the jobs.
        seconds: about how long it all takes, see `estimate.sweep_seconds`; None: not known.
        color: whether the text may hold escape sequences.
        width: places in a line of the terminal; None: as many as it takes.
    """
    said = [one_line(plan.what) for plan in plans]
    styles = [{"new": "green", "resume": "cyan", "repeat": "cyan", "busy": "yellow"}.get(what, "dim") for what in said]
    folders = ["" if plan.folder is None else _shortened(Path(plan.folder)) for plan in plans]
    # the folder has a column of its own
    whys = [one_line(plan.why.replace(f" in '{plan.folder}'", "")) for plan in plans]
    columns = [
        Column(title="job", cells=[str(plan.number + 1) for plan in plans], right=True),
        *setting_columns([plan.settings for plan in plans]),
        Column(title="what", cells=said, styles=styles),
        Column(title="folder", cells=folders, gives=1, least=16, vanishes=True, keeps_end=True),
        Column(title="why", cells=whys, gives=2, least=16, vanishes=True),
    ]
    # one line for all that are the same as another, whichever that is
    counts = Counter("the same as another" if what.startswith("same as") else what for what in said)
    total = f"{len(plans)} {'job' if len(plans) == 1 else 'jobs'}: " + ", ".join(f"{n} {w}" for w, n in counts.items())
    if seconds is not None:
        total += f"; about {duration(seconds)}, going by earlier runs"
    elif counts.keys() & {"new", "resume", "repeat"}:
        total += "; how long is not known, as nothing like it has run yet"
    filled = [column for column in columns if any(column.cells) or column.title in ("job", "what")]
    return encodable(f"{_ruled(filled, color=color, width=width)}\n\n{total}.")


def setting_columns(settings: Sequence[Mapping[str, str]]) -> list[Column]:
    """A column per varying key, numbers at the right."""
    keys = dict.fromkeys(key for setting in settings for key in setting)
    columns = []
    for key in keys:
        values = [one_line(setting.get(key, "")) for setting in settings]
        right = any(values) and all(is_number(value) for value in values if value)
        columns.append(Column(title=one_line(key), cells=values, right=right, gives=5, least=6))
    return columns


def score_column(title: str, scores: Sequence[float | None], *, gives: int = 0) -> Column:
    """Four digits each; nothing where there is no score."""
    shown = ["" if score is None else f"{score:.4f}" for score in scores]
    return Column(title=title, cells=shown, right=True, gives=gives, vanishes=gives > 0)


def _job_columns(rows: Sequence[Row], ranking: Ranking) -> list[Column]:
    ends = [row.end for row in rows]
    values = [None if end is None else end.value for end in ends]
    parameters = [getattr(value, "parameters", None) for value in values]
    times = [getattr(value, "fit_seconds", None) for value in values]
    status = [end.status if end is not None else "" for end in ends]
    name, test = ranking.metric, [score_of(end, "test", ranking.metric) for end in ends]
    results = [
        Column(title="status", cells=status, styles=[STYLES.get(word, "") for word in status]),
        *([score_column(f"val {name}", [ranking.score(end) for end in ends])] if ranking.split == "val" else []),
        score_column(f"test {name}", test, gives=0 if ranking.split == "test" else 6),
        *(score_column(f"test {m}", [score_of(end, "test", m) for end in ends], gives=4) for m in ranking.more),
        Column(
            title="parameters",
            cells=["" if count is None else f"{count:,}" for count in parameters],
            right=True,
            gives=2,
            vanishes=True,
        ),
        Column(
            title="fit",
            cells=["" if time is None else duration(time) for time in times],
            right=True,
            gives=3,
            vanishes=True,
        ),
        Column(title="folder", cells=list(map(folder_of, ends)), gives=1, least=16, vanishes=True, keeps_end=True),
    ]
    return [*setting_columns([row.settings for row in rows]), results[0], *(c for c in results[1:] if any(c.cells))]


def _order(row: Row, ranking: Ranking) -> tuple[int, float, int]:
    """Finished ones best first, then those that a search gave up early, then those that did not finish."""
    assert row.end is not None
    group = 0 if row.end.status in ("finished", "skipped") else 1 if row.end.status in DONE else 2
    return group, ranking.key(row.end), row.number


def _mean_columns(rows: Sequence[Row], ranking: Ranking) -> list[Column]:
    """A line per combination of all keys but the seed; empty where no combination has two seeds."""
    if not any(row.settings.get(SEED) for row in rows):
        return []
    groups: dict[tuple[tuple[str, str], ...], dict[str, Row]] = {}
    for row in rows:
        others = tuple((key, value) for key, value in row.settings.items() if key != SEED)
        # the same seed once, whatever else came out identical
        groups.setdefault(others, {})[row.settings.get(SEED, "")] = row
    if max(map(len, groups.values())) < 2:
        return []
    lines = []
    for others, members in groups.items():
        ends = [row.end for row in members.values() if row.end and row.end.status in ("finished", "skipped")]
        scored = [end for end in ends if ranking.score(end) is not None]
        by_split = {
            s: [v for e in scored if (v := score_of(e, s, ranking.metric)) is not None] for s in ("val", "test")
        }
        mean = fmean(by_split[ranking.split]) if scored else math.inf
        key = mean if ranking.mode == "min" or not scored else -mean
        count = str(len(members)) if len(scored) == len(members) else f"{len(scored)} of {len(members)}"
        lines.append((key, dict(others), count, by_split))
    lines.sort(key=lambda line: line[0])
    columns = setting_columns([settings for _, settings, _, _ in lines])
    columns.append(Column(title="seeds", cells=[count for _, _, count, _ in lines], right=True))
    for split in ("val", "test") if ranking.split == "val" else ("test",):
        cells = [_mean(scores[split]) for *_, scores in lines]
        gives = 0 if split == ranking.split else 6
        title = f"{split} {ranking.metric}"
        columns.append(Column(title=title, cells=cells, gives=gives, vanishes=gives > 0))
    return columns


def _mean(scores: Sequence[float]) -> str:
    if len(scores) < 2:
        return "".join(f"{score:.4f}" for score in scores)
    return f"{fmean(scores):.4f} ± {stdev(scores):.4f}"


def _reasons(rows: Sequence[Row], *, color: bool, width: int | None) -> list[str]:
    """A line per reason, with the jobs that ended for it."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        assert row.end is not None
        if row.end.status not in DONE:
            by_reason.setdefault((row.end.status, _short(row.end.error)), []).append(title_of(row))
    lines = []
    for (status, reason), titles in list(by_reason.items())[:_REASONS]:
        who = titles[0] if len(titles) == 1 else f"{len(titles)} jobs, the first with {titles[0]}"
        line = cut(f"{status}  {who}: {reason}" if reason else f"{status}  {who}", _REASON)
        first, *rest = wrapped(line, width, indent=8)
        lines += [painted(status, STYLES[status], color=color) + first.removeprefix(status), *rest]
    if (more := len(by_reason) - _REASONS) > 0:
        lines.append(f"and {more} more {'reason' if more == 1 else 'reasons'}")
    return lines


def _short(error: str) -> str:
    """What is wrong, without what to do about it, which was told when the job ended."""
    return _SENTENCE_END.split(one_line(error), maxsplit=1)[0]


def _ruled(columns: Sequence[Column], *, color: bool, width: int | None) -> str:
    from rich.text import Text

    lines = laid_out(columns, width=width, color=color)
    rule = max(Text.from_ansi(line).cell_len for line in lines)
    return "\n".join([lines[0], "-" * rule, *lines[1:]])


def _shortened(folder: Path) -> str:
    """Relative to where we are, if it lies below."""
    try:
        return one_line(folder.resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return one_line(os.fspath(folder))
