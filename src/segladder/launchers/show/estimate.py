"""How long a sweep takes: foretold from earlier records, reckoned while it runs, and put into words."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from segladder.runs.record import Record

_LENGTHS = ("trainer.", "data.", "augment.", "model.", "backbone.", "runtime.threads", "debug")
"""Beginnings of the typed words that make a run longer or shorter."""

_QUIET = ("loss", "optimizer", "scheduler", "logger", "callbacks", "study", "metric")
"""Choices that hardly change how long a run takes."""

Wanted = tuple[Mapping[str, str | None], Sequence[str]]
"""A job to come: its choices as a record has them (config group -> choice), and its words `key=value`."""


def estimate(todo: Sequence[Wanted], past: Iterable[Record]) -> list[float | None]:
    """Seconds that each job will take, as the mean of the finished runs that are most like it.

    Most like it are those with the same choices and the same words on lengths and sizes; then those that differ
    in loss, optimizer and the like; then those of the same model on the same data; then of the same model.

    Args:
        todo: the jobs.
        past: earlier records, best of the same study folder; only finished runs count.

    Returns:
        One number per job; None where nothing like it has finished yet.
    """
    known: dict[tuple[int, object], list[float]] = {}
    for record in past:
        seconds = _seconds(record)
        if seconds is not None:
            for level, likeness in enumerate(_likenesses(record.choices, record.overrides)):
                known.setdefault((level, likeness), []).append(seconds)
    told: list[float | None] = []
    for choices, words in todo:
        levels = enumerate(_likenesses(choices, words))
        found = next((known[key] for key in levels if key in known), None)
        told.append(fmean(found) if found else None)
    return told


def sweep_seconds(jobs: Sequence[float | None], *, slots: int) -> float | None:
    """How long all the jobs take, `slots` at once; those not known take as long as the others on average.

    None where not one of them is known.
    """
    known = [seconds for seconds in jobs if seconds is not None]
    if not known:
        return None
    return makespan([fmean(known) if seconds is None else seconds for seconds in jobs], slots=slots)


def makespan(waiting: Sequence[float], *, slots: int, running: Sequence[float] = ()) -> float:
    """Seconds until the last job ends, where a job starts, in order, whenever a slot is free.

    Args:
        waiting: seconds that each job takes that has not started.
        slots: jobs at once.
        running: seconds that each job still needs that has.
    """
    free = [*running, *[0.0] * max(slots - len(running), 0 if running else 1)]
    heapq.heapify(free)
    for seconds in waiting:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)


def duration(seconds: float) -> str:
    """A time for people: `2.1 s`, `33 s`, `4 min 10 s`, `2 h 05 min`, `3 d 4 h`; whole numbers stay whole."""
    if seconds < 9.95 and not isinstance(seconds, int):
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def clock(seconds: float) -> str:
    """A time that goes on: `01:40`, `2:03:59`."""
    whole = max(int(seconds), 0)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes:02d}:{whole % 60:02d}"


def _seconds(record: Record) -> float | None:
    if record.status != "finished" or record.parent is not None:
        return None
    total = _time(record, "total")
    # the total of a resumed run is that of its last part; `fit` is that of all
    parts = sum(_time(record, key) for key in ("startup", "fit", "evaluate")) if record.time.get("resumed") else 0.0
    return max(total, parts) or None


def _time(record: Record, key: str) -> float:
    value = record.time.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _likenesses(choices: Mapping[str, str | None], words: Sequence[str]) -> list[object]:
    """What two runs must have in common to be alike, most first."""
    chosen = {group: choice for group, choice in choices.items() if choice is not None}
    lengths = frozenset(word.lstrip("+") for word in words if word.lstrip("+").startswith(_LENGTHS) and "=" in word)
    heavy = frozenset((group, choice) for group, choice in chosen.items() if group not in _QUIET)
    network = (chosen.get("model"), chosen.get("backbone"), chosen.get("data"))
    return [
        (frozenset(chosen.items()), lengths),
        (heavy, lengths),
        (network, lengths),
        network,
        chosen.get("model"),
    ]
