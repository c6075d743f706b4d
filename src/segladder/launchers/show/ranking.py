"""Which score the jobs of a sweep are compared by, and which of them is the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from segladder.launchers.work import JobEnd

SHARED = "miou"
"""What every rung is scored by: the column of a sweep over several rungs."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Which score the jobs of a sweep are compared by."""

    split: str
    """`val`; `test` where nothing was validated, as by `evaluate`."""
    metric: str
    mode: str
    """max or min."""
    more: tuple[str, ...]
    """The monitored metrics beside it, where the jobs do not all monitor the same."""

    def score(self, end: JobEnd | None) -> float | None:
        """The score of a job; None where it has none or it is undefined."""
        return score_of(end, self.split, self.metric)

    def key(self, end: JobEnd | None) -> float:
        """Sorts the best first, and what has no score last."""
        score = self.score(end)
        return math.inf if score is None else score if self.mode == "min" else -score


def ranking_of(ends: Sequence[JobEnd | None]) -> Ranking:
    """By the metric that all monitor; by mIoU, which every rung has, where they monitor different ones."""
    outcomes = [end.value for end in ends if end is not None and hasattr(end.value, "metric")]
    monitored: dict[str, str] = {outcome.metric: outcome.mode for outcome in outcomes if outcome.metric}
    monitored = monitored or {"score": "max"}
    metric, mode = next(iter(monitored.items())) if len(monitored) == 1 else (SHARED, "max")
    split = "val" if not outcomes or any(outcome.val for outcome in outcomes) else "test"
    more = tuple(name for name in monitored if name != metric)
    return Ranking(split=split, metric=metric, mode=mode, more=more)


def score_of(end: JobEnd | None, split: str, metric: str) -> float | None:
    """One score of a job; None where it has none or it is undefined."""
    value = (getattr(None if end is None else end.value, split, None) or {}).get(metric)
    return None if value is None or math.isnan(value) else float(value)
