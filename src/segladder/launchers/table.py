"""The table at the end of a sweep: what varied, how each job ended, its score, best first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def sweep_table(jobs: Sequence[Sequence[str]], results: Sequence[Any]) -> str:
    """Renders one line per job with the keys that vary, as plain text.

    Args:
        jobs: the overrides of each job, `key=value`.
        results: `JobResult`s in the same order; fewer where a sweep was stopped.
    """
    settings = [dict(word.split("=", 1) for word in job if "=" in word) for job in jobs]
    keys = list(dict.fromkeys(key for setting in settings for key in setting))
    varying = [key for key in keys if len({setting.get(key) for setting in settings}) > 1]
    rows = []
    for setting, result in zip(settings, results, strict=False):
        outcome = result.value
        score = getattr(outcome, "score", None)
        rows.append(
            (
                -math.inf if score is None or math.isnan(score) else score,
                [setting.get(key, "") for key in varying]
                + [
                    result.status,
                    "" if score is None else f"{score:.4f}",
                    _cell(outcome, "test", "{:.4f}"),
                    _cell(outcome, "parameters", "{:,}"),
                    _cell(outcome, "fit_seconds", "{:.1f}"),
                    str(getattr(outcome, "folder", "")),
                ],
            )
        )
    rows.sort(key=lambda row: -row[0])
    metric = next((r.value.metric for r in results if hasattr(r.value, "metric")), "score")
    head = [*varying, "status", f"val {metric}", f"test {metric}", "parameters", "fit s", "folder"]
    return _aligned([head, *(cells for _, cells in rows)])


def _cell(outcome: Any, name: str, form: str) -> str:
    value = getattr(outcome, name, None)
    return "" if value is None else form.format(value)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
