"""The list of runs for a terminal, as wide as it is, and whole for other programs (CSV, JSON)."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from segladder.launchers.show.columns import Column, encodable, laid_out, one_line
from segladder.launchers.show.estimate import duration
from segladder.runs.storage import size_text
from segladder.runs.tidy.listing import STATUSES, Listed

FORMATS = ("table", "csv", "json")

_STYLES = {
    "finished": "green",
    "evaluated": "dim",
    "running": "cyan",
    "failed": "red",
    "damaged": "red",
    "newer": "red",
    "timeout": "red",
    "interrupted": "yellow",
    "pruned": "yellow",
    "bare": "yellow",
}


def table_of(lines: Sequence[Listed], *, width: int | None = None, color: bool = False) -> str:
    """A line per run, then why some have no record, then how many there are of each status.

    Args:
        lines: at least one, in their order.
        width: of the terminal; columns give way until they fit. None: as wide as need be.
        color: whether the terminal has colours.
    """
    metrics = {line.metric for line in lines if line.metric}
    shared = next(iter(metrics)) if len(metrics) == 1 else ""
    columns = [
        _column("study", [line.study for line in lines], gives=8),
        Column(title="name", cells=[one_line(line.name) for line in lines], gives=10, least=12, keeps_end=True),
        _column("id", [line.short for line in lines]),
        _column("status", [line.status for line in lines], styles=[_STYLES[line.status] for line in lines]),
        *(_column(key, [_text(line.choices.get(key)) for line in lines], gives=2) for key in ("model", "loss")),
        _column("backbone", [_text(line.choices.get("backbone")) for line in lines], gives=1),
        _column("seed", [_text(line.seed) for line in lines], gives=3, right=True),
        *([] if shared else [_column("metric", [line.metric for line in lines], gives=11)]),
        _column(f"val {shared}".rstrip(), [_score(line.val) for line in lines], right=True),
        _column(f"test {shared}".rstrip(), [_score(line.test) for line in lines], gives=9, right=True),
        _column("time", [_duration(line.seconds) for line in lines], gives=5, right=True),
        _column("size", [size_text(line.bytes) for line in lines], gives=6, right=True),
        _column("created", [local(line.created) for line in lines], gives=7),
    ]
    told = [column for column in columns if any(column.cells)]
    text = laid_out(told, width=width, color=color)
    reasons = [line for line in lines if line.reason]
    if reasons:
        text += ["", "Without a record that can be read:", *(f"  {reason_of(line)}" for line in reasons)]
    return "\n".join(encodable(line) for line in [*text, "", counts_of(lines)])


def reason_of(line: Listed) -> str:
    """Why a run has no record, with its folder."""
    path = str(line.folder.path)
    return one_line(line.reason if path in line.reason else f"'{path}': {line.reason}")


def counts_of(lines: Sequence[Listed]) -> str:
    """`14 runs, 1.2 GB: 12 finished, 2 failed`."""
    counts = Counter(line.status for line in lines)
    each = ", ".join(f"{counts[status]:,} {status}" for status in STATUSES if counts[status])
    runs = "1 run" if len(lines) == 1 else f"{len(lines):,} runs"
    return f"{runs}, {size_text(sum(line.bytes for line in lines))}: {each}"


def csv_of(lines: Sequence[Listed]) -> str:
    """A row per run with all that is known, nothing rounded or cut."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _HEAD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(entry_of(line) for line in lines)
    return encodable(text.getvalue().rstrip("\n"))


def json_of(lines: Sequence[Listed]) -> str:
    """The same as a JSON list of objects; what is not known is null."""
    return json.dumps([entry_of(line) for line in lines], indent=1, ensure_ascii=True)


def entry_of(line: Listed) -> dict[str, Any]:
    """One run as plain values."""
    return {
        "study": line.study,
        "name": line.name,
        "id": line.id,
        "attempt": line.attempt,
        "status": line.status,
        "parent": line.parent,
        "task": line.task or None,
        **{key: line.choices.get(key) for key in ("data", "model", "backbone", "loss")},
        "seed": line.seed,
        "metric": line.metric or None,
        "val": line.val,
        "test": line.test,
        "seconds": line.seconds,
        "bytes": line.bytes,
        "created": line.created,
        "updated": line.updated,
        "folder": str(line.folder.path),
        "reason": line.reason or None,
    }


_HEAD = (
    *("study", "name", "id", "attempt", "status", "parent", "task", "data", "model", "backbone", "loss", "seed"),
    *("metric", "val", "test", "seconds", "bytes", "created", "updated", "folder", "reason"),
)


def local(moment: str) -> str:
    """A moment of a record by the clock on the wall; as it stands where it is none."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return one_line(moment)


def _column(title: str, cells: list[str], *, gives: int = 0, right: bool = False, styles: Sequence[str] = ()) -> Column:
    return Column(title=title, cells=cells, gives=gives, vanishes=gives > 0, right=right, styles=styles)


def _text(value: object) -> str:
    return "" if value is None else one_line(value)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)
