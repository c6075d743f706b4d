"""What a run came to: for whoever started it, for the person at the terminal, and for the record."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.runs.folder import RunFolder
from segladder.runs.record import Record

if TYPE_CHECKING:
    from segladder.tasks import Rung


_WORTH_A_WORD = 0.5
"""Seconds from which on the preparing of data has a figure of its own."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The few numbers of a run that a sweep's table and a search need."""

    status: str
    """finished, skipped."""
    folder: Path
    metric: str
    """What was monitored."""
    val: Mapping[str, float | None]
    """Each metric on the validation set, where the monitored one was at its best."""
    test: Mapping[str, float | None]
    """Each metric on the test set."""
    parameters: int | None
    fit_seconds: float | None
    mode: str = "max"
    """Whether the best is the highest of the monitored metric, or with `min` the lowest."""


def outcome_of(record: Record, folder: RunFolder, *, status: str) -> Outcome:
    return Outcome(
        status=status,
        folder=folder.path,
        metric=record.monitor.get("name", ""),
        val=dict(record.scores.get("val", {})),
        test=dict(record.scores.get("test", {})),
        parameters=record.model.get("parameters"),
        fit_seconds=record.time.get("fit"),
        mode=record.monitor.get("mode") or "max",
    )


def print_report(record: Record, folder: RunFolder) -> None:
    """The last table: a bar per class, the scores side by side, a warning where accuracy misleads, times."""
    from segladder.metrics.useless import useless
    from segladder.viz.score_report import class_report, object_report, segment_report

    split = next((name for name in ("test", "val", "train") if name in record.scores), "test")
    if split in record.scores:
        scores, classes = record.scores[split], record.per_class[split]
        of_objects = "box_ap" in classes
        report = object_report if of_objects else segment_report if "pq" in classes else class_report
        print(report(scores, classes, title=f"{record.name}: {split}"))
        flag = None if of_objects else useless(scores, classes)
        if flag:
            print(f"Warning: {flag}")
    times = record.time
    print(time_line(times))
    if times.get("data_advice"):
        print(times["data_advice"])
    print(f"Everything is in {folder.path}", flush=True)


def time_line(times: Mapping[str, Any]) -> str:
    """A run's seconds by part, which add up to the whole, and how fast it trained.

    Args:
        times: `time` of its record.
    """
    parts = [f"start-up {times['startup']:.1f}"]
    if times.get("prepare", 0.0) > _WORTH_A_WORD:
        parts.append(f"preparing data {times['prepare']:.1f}")
    if "fit" in times:
        parts.append(f"fit {times['fit']:.1f}" + (" with what ran before" if times.get("resumed") else ""))
    parts.append(f"evaluation {times['evaluate']:.1f}")
    trained = (
        f"; {times['images_per_second']:,.0f} images/s, {times['data_wait']:.0%} of the training time waiting for data"
        if "fit" in times
        else ""
    )
    return f"{times['total']:.1f} s: {', '.join(parts)}{trained}."


def flops_of(task: Rung) -> int | None:
    """Floating point operations of one evaluated image; None where none was evaluated."""
    from segladder.models.size import flops

    return None if task.example_shape is None else flops(task.model, task.example_shape)


def peak_memory() -> dict[str, int]:
    """Most bytes this process has held so far, on the host and on a GPU where there is one."""
    import torch

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"peak_host": peak if sys.platform == "darwin" else peak * 1024}
    if torch.cuda.is_available():
        found["peak_device"] = torch.cuda.max_memory_allocated()
    return found
