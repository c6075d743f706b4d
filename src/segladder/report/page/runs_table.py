"""The table of all runs behind a report, as columns of values."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segladder.report.page.embedded import clean, link
from segladder.report.page.tables import Data, few_words, rounded, unused
from segladder.report.records.methods import LEADING
from segladder.report.records.run import Run
from segladder.report.report import Report

_ALWAYS = ("name", "folder", "seed")
"""Columns that are shown even where all runs agree in them."""

_AT_CALL = ("commit", "gflop", "memory", "devices", "id")
"""Columns that are there but not shown at first."""


@dataclass(frozen=True, kw_only=True)
class RunsTable:
    """All runs, those of the boards first, by rank."""

    runs: list[Run]
    keys: list[str]
    """By which a run's page is addressed, unique."""
    data: Data
    """What the script needs."""
    same: list[tuple[str, str]]
    """Title and value of what all runs agree in."""

    @functools.cached_property
    def _place(self) -> dict[str, int]:
        return {run.path: place for place, run in enumerate(self.runs)}

    def places(self, runs: Iterable[Run]) -> list[int]:
        """Where runs stand in the table; those that it does not have are left out."""
        return [self._place[run.path] for run in runs if run.path in self._place]


def runs_table(report: Report, *, base: Path) -> RunsTable:
    """The table of a report's runs.

    Args:
        report: with or without its runs; those of its boards are there in any case.
        base: the folder of the page, which links are relative to.
    """
    by_path: dict[str, Run] = {}
    of_boards = (run for part in report.parts for place in part.board.places for run in place.method.runs)
    for run in [*of_boards, *report.runs]:
        # as its board has it: an evaluation has the settings of the run that it evaluates there
        by_path.setdefault(run.path, run)
    runs = list(by_path.values())
    used: set[str] = set()
    keys = [unused(re.sub("[^0-9A-Za-z]", "", run.id)[:8] or "run", used) for run in runs]
    ranked = list(dict.fromkeys(part.board.metric for part in report.parts))
    columns = list(_columns(runs, ranked, base=base, keys=keys))
    columns = [column for column in columns if column["key"] == "name" or not _empty(column)]
    same = []
    for column in columns:
        if len(runs) > 1 and column["key"] not in _ALWAYS and (told := _agreed(column)) is not None:
            column["minor"] = True
            same.append((str(column["title"]), told))
        elif column["key"] in _AT_CALL:
            column["minor"] = True
    data = {
        "name": "runs",
        "title": "Runs",
        "noun": "runs",
        "rows": len(runs),
        "tools": True,
        "head": 0,
        "columns": columns,
        "keys": keys,
        "seeds": [run.seed for run in runs],
    }
    return RunsTable(runs=runs, keys=keys, data=data, same=same)


def _columns(runs: Sequence[Run], ranked: Sequence[str], *, base: Path, keys: Sequence[str]) -> Iterable[Data]:
    def text(key: str, title: str, read: Callable[[Run], str]) -> Data:
        return {"key": key, "title": clean(title)} | dict(few_words([clean(read(run)) for run in runs]))

    def numbers(key: str, title: str, kind: str, read: Callable[[Run], float | None]) -> Data:
        values = [rounded(read(run)) for run in runs]
        return {"key": key, "title": clean(title), "kind": kind, "right": True, "values": values}

    yield text("name", "run", lambda run: run.name) | {"kind": "run"}
    yield text("study", "study", lambda run: run.study)
    for key in _settings(runs):
        yield text(f"set.{key}", key, _setting(key))
    yield numbers("seed", "seed", "whole", lambda run: run.seed)
    yield text("status", "status", lambda run: run.status)
    for split, metric in _scored(runs, ranked):
        yield numbers(f"{split}.{metric}", f"{split} {metric}", "score", _score(split, metric)) | {"down": True}
    yield numbers("parameters", "parameters", "count", lambda run: run.parameters)
    yield numbers("gflop", "GFLOP", "three", lambda run: None if run.flops is None else run.flops / 1e9)
    yield numbers("hours", "hours", "three", lambda run: run.hours)
    yield numbers("images_per_second", "images/s", "three", lambda run: run.images_per_second)
    yield numbers("memory", "memory, GB", "two", lambda run: None if run.memory is None else run.memory / 1e9)
    yield text("devices", "devices", lambda run: run.devices)
    yield text("data", "data", lambda run: run.data)
    yield text("commit", "commit", lambda run: run.commit[:8] + (" + changes" if run.commit and run.dirty else ""))
    yield text("created", "created, UTC", lambda run: _moment(run.created))
    yield text("reason", "why it ended", lambda run: " ".join(run.reason.split())[:200])
    yield {"key": "id", "title": "id", "texts": list(keys)}
    yield _folders(runs, base)


def _settings(runs: Sequence[Run]) -> list[str]:
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    return sorted(keys, key=lambda key: (LEADING.index(key) if key in LEADING else len(LEADING), key))


def _scored(runs: Sequence[Run], ranked: Sequence[str]) -> list[tuple[str, str]]:
    """Split and metric of the columns: all of the test set, and of the validation set what was monitored."""
    monitored = {run.metric for run in runs} | set(ranked)
    found: dict[tuple[str, str], None] = {}
    for run in runs:
        for split, scores in run.scores.items():
            for metric in scores:
                if split not in ("train", "val") or (split == "val" and (metric in monitored or run.scored == "val")):
                    found[split, metric] = None
    return sorted(found, key=lambda entry: (entry[0] == "val", entry[1] not in ranked))


def _score(split: str, metric: str) -> Callable[[Run], float | None]:
    return lambda run: run.scores.get(split, {}).get(metric)


def _setting(key: str) -> Callable[[Run], str]:
    return lambda run: run.settings.get(key, "")


def _folders(runs: Sequence[Run], base: Path) -> Data:
    paths = [os.path.relpath(run.path, base) for run in runs]
    # the script makes the address of a path that is text; of others only Python knows the bytes
    odd = {str(place): link(path) for place, path in enumerate(paths) if clean(path) != path}
    column: Data = {"key": "folder", "title": "folder", "kind": "folder", "texts": [clean(path) for path in paths]}
    return column | ({"links": odd} if odd else {})


def _moment(created: str) -> str:
    """`2026-11-21 15:53:01` of an ISO moment in UTC."""
    day, _, time = created.partition("T")
    return f"{day} {re.split('[.+Z]', time)[0]}".strip()


def _cells(column: Data) -> list[Any]:
    if "at" in column:
        return [column["words"][place] for place in column["at"]]
    return list(column["values"] if "values" in column else column["texts"])


def _empty(column: Data) -> bool:
    return all(cell in (None, "") for cell in _cells(column))


def _agreed(column: Data) -> str | None:
    """What all runs have in a column of text; None where they differ."""
    if "values" in column and column["kind"] != "count":
        return None
    first, *others = _cells(column)
    if first in (None, "") or any(other != first for other in others):
        return None
    return f"{first:,}" if isinstance(first, int) else str(first)
