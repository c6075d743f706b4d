"""A report made anew every few seconds, as long as runs are at work."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from segladder.report.reading import read_runs
from segladder.report.report import Report
from segladder.report.written.whole import write_report

PAUSE = 10.0
"""Seconds between two looks."""
PATIENCE = 30.0
"""Seconds without a run at work after which it is over: between two jobs of a sweep none is for a moment."""


def follow(make: Callable[[], Report], root: Path, output: Path, *, pictures: bool = True) -> None:
    """Writes the report whenever something has changed, and returns when no run has been at work for a while.

    Args:
        make: makes the report.
        root: the folder that runs lie in.
        output: where the report goes.
        pictures: whether to draw them.

    Raises:
        UserError: the folder is not there or holds no run, or the report cannot be made.
    """
    print(f"Following {root}: the report is made anew as runs finish. Ctrl-C ends it.", flush=True)
    seen: Counter[str] | None = None
    quiet = time.monotonic()
    while True:
        counts = Counter(run.status for run in read_runs(root).runs)
        if counts["running"]:
            quiet = time.monotonic()
        if counts != seen:
            told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
            if counts["finished"] + counts["evaluated"]:
                write_report(make(), output, pictures=pictures)
                told += f"; {output / 'report.html'} is up to date"
            print(f"{datetime.now():%H:%M:%S}  {told}", flush=True)
            seen = counts
        if time.monotonic() - quiet > PATIENCE:
            return
        time.sleep(PAUSE)
