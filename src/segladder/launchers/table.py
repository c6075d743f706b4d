"""The table at the end of a sweep: what varied, how each job ended, its scores, best first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

SHARED = "miou"
"""What every rung is scored by: the column of a sweep over several rungs."""


def sweep_table(jobs: Sequence[Sequence[str]], results: Sequence[Any]) -> str:
    """Renders one line per job with the keys that vary, as plain text.

    The columns are of the monitored metric. Where the jobs monitor different ones, as networks that find objects do
    beside those that name pixels, they are of mIoU, which all have, and the monitored ones follow.

    Args:
        jobs: the overrides of each job, `key=value`.
        results: `JobResult`s in the same order; fewer where a sweep was stopped.
    """
    settings = [dict(word.split("=", 1) for word in job if "=" in word) for job in jobs]
    keys = list(dict.fromkeys(key for setting in settings for key in setting))
    varying = [key for key in keys if len({setting.get(key) for setting in settings}) > 1]
    monitored = list(dict.fromkeys(r.value.metric for r in results if hasattr(r.value, "metric"))) or ["score"]
    ranked, *more = monitored if len(monitored) == 1 else [SHARED, *(name for name in monitored if name != SHARED)]
    rows = []
    for setting, result in zip(settings, results, strict=False):
        outcome = result.value
        val, test = getattr(outcome, "val", {}), getattr(outcome, "test", {})
        score = val.get(ranked)
        rows.append(
            (
                -math.inf if score is None or math.isnan(score) else score,
                [setting.get(key, "") for key in varying]
                + [result.status, _cell(score, "{:.4f}"), _cell(test.get(ranked), "{:.4f}")]
                + [_cell(test.get(name), "{:.4f}") for name in more]
                + [
                    _cell(getattr(outcome, "parameters", None), "{:,}"),
                    _cell(getattr(outcome, "fit_seconds", None), "{:.1f}"),
                    str(getattr(outcome, "folder", "")),
                ],
            )
        )
    rows.sort(key=lambda row: -row[0])
    scores = [f"val {ranked}", f"test {ranked}", *(f"test {name}" for name in more)]
    head = [*varying, "status", *scores, "parameters", "fit s", "folder"]
    return _aligned([head, *(cells for _, cells in rows)])


def _cell(value: Any, form: str) -> str:
    return "" if value is None else form.format(value)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
