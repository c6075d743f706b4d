"""What a sweep has come to so far: which jobs run and ended, the best score, the time that is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean

from segladder.launchers.show.estimate import clock, makespan
from segladder.launchers.show.ranking import Ranking, ranking_of
from segladder.launchers.show.table import Row, title_of
from segladder.launchers.work import JobEnd

_DONE = ("finished", "pruned")
_FAILED = ("failed", "killed", "timeout")
_IDLE = ("skipped", "busy")
"""Ends that say nothing of how long a job takes."""


class Progress:
    """Counts and times; it draws nothing."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        slots: int,
        estimate: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            rows: all jobs; those with an end count as skipped over.
            slots: jobs at once.
            estimate: seconds for all that is to do, believed until a job has ended; None: not known.
            now: the clock.
        """
        self.rows = {row.number: row for row in rows}
        self.ends: dict[int, JobEnd] = {row.number: row.end for row in rows if row.end is not None}
        """In the order in which they ended."""
        self.took: dict[int, float] = {}
        self.stopping = False
        self._began: dict[int, float] = {}
        self._slots, self._estimate, self._now = slots, estimate, now
        self._start = now()

    @property
    def elapsed(self) -> float:
        return self._now() - self._start

    @property
    def running(self) -> dict[int, float]:
        """The jobs at work, the longest first, and how long each has been."""
        return {number: self._now() - began for number, began in self._began.items()}

    def start(self, number: int) -> None:
        self.ends.pop(number, None)
        self._began[number] = self._now()

    def end(self, number: int, end: JobEnd) -> None:
        began = self._began.pop(number, None)
        if began is not None and end.status not in _IDLE:
            self.took[number] = self._now() - began
        self.ends.pop(number, None)
        self.ends[number] = end

    def name(self, number: int) -> str:
        return title_of(self.rows[number])

    def place(self, number: int) -> str:
        """`[3/12]`"""
        return f"[{number + 1}/{max(len(self.rows), max(self.rows, default=0) + 1)}]"

    @property
    def ranking(self) -> Ranking:
        return ranking_of(list(self.ends.values()))

    def best(self) -> list[int]:
        """The finished jobs that have a score, best first."""
        ranking = self.ranking
        scored = [
            number
            for number, end in self.ends.items()
            if end.status in ("finished", "skipped") and ranking.score(end) is not None
        ]
        return sorted(scored, key=lambda number: (ranking.key(self.ends[number]), number))

    def left(self) -> float | None:
        """Seconds until the last job ends, going by the mean of those that ended; None where nothing is known."""
        waiting = 0 if self.stopping else len(self.rows) - len(self.ends) - len(self._began)
        if not waiting and not self._began:
            return None
        if self.took:
            mean = fmean(self.took.values())
            running = [max(mean - elapsed, 0.0) for elapsed in self.running.values()]
            return makespan([mean] * waiting, slots=self._slots, running=running)
        return None if self._estimate is None else max(self._estimate - self.elapsed, 0.0)

    def headline(self) -> list[str]:
        """The parts of the line above the table: counts, times, best so far."""
        counts = Counter[str](end.status for end in self.ends.values())
        said = [
            f"{sum(counts[status] for status in _DONE)} done",
            f"{len(self._began)} running",
            f"{sum(counts[status] for status in _FAILED)} failed",
            f"{counts['skipped']} skipped",
            *(f"{counts[status]} {status}" for status in ("interrupted", "busy") if counts[status]),
            f"{len(self.rows) - len(self.ends) - len(self._began)} to go",
        ]
        parts = [f"{len(self.rows)} {'job' if len(self.rows) == 1 else 'jobs'}: {', '.join(said)}"]
        left = None if self.stopping else self.left()
        parts.append(f"{clock(self.elapsed)} elapsed" + (f", about {clock(left)} left" if left and left >= 1 else ""))
        if best := self.best():
            ranking = self.ranking
            score = ranking.score(self.ends[best[0]])
            parts.append(f"best so far: {ranking.split} {ranking.metric} {score:.4f} ({self.name(best[0])})")
        if self.stopping:
            parts.append("stopping")
        return parts
