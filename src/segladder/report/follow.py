"""A report made anew every few seconds, as long as runs are at work."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from segladder.report.page.page import end_refresh
from segladder.report.records.reading import read_runs
from segladder.report.report import Report
from segladder.report.written.whole import write_report
from segladder.types import UserError

PAUSE = 10.0
"""Seconds between two looks, and between two loadings of the page in a browser."""
PATIENCE = 30.0
"""Seconds without a run at work after which it is over: between two jobs of a sweep none is for a moment."""
FIRST = 300.0
"""Seconds that a sweep may take to begin its first run."""


def follow(make: Callable[[], Report], root: Path, output: Path, *, pictures: bool = True) -> None:
    """Writes the report whenever something has changed, and returns when no run has been at work for a while.

    However it ends, the page that is there stays as it is: a browser loads it no more.

    Args:
        make: makes the report.
        root: the folder that runs lie in; it may come a little later.
        output: where the report goes.
        pictures: whether to draw them.

    Raises:
        UserError: the folder is not there or holds no run, even after a while.
    """
    print(f"Following {root}: the report is made anew as runs finish. Ctrl-C ends it.", flush=True)
    page = output / "report.html"
    try:
        _wait_for_runs(root)
        seen: Counter[str] | None = None
        quiet = time.monotonic()
        while True:
            counts = Counter(run.status for run in read_runs(root).runs)
            if counts["running"]:
                quiet = time.monotonic()
            if counts != seen:
                told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
                if counts["finished"] + counts["evaluated"]:
                    told += f"; {_outcome(make, output, page, pictures=pictures)}"
                print(f"{datetime.now():%H:%M:%S}  {told}", flush=True)
                seen = counts
            if time.monotonic() - quiet > PATIENCE:
                return
            time.sleep(PAUSE)
    finally:
        end_refresh(page)


def _wait_for_runs(root: Path) -> None:
    began, told = time.monotonic(), False
    while True:
        try:
            read_runs(root)
        except UserError:
            if time.monotonic() - began > FIRST:
                raise
        else:
            return
        if not told:
            print(
                f"{datetime.now():%H:%M:%S}  no runs yet; waiting for the first, up to {FIRST / 60:g} minutes",
                flush=True,
            )
            told = True
        time.sleep(min(PAUSE, 1.0))


def _outcome(make: Callable[[], Report], output: Path, page: Path, *, pictures: bool) -> str:
    """Makes and writes the report; what has no baseline or no second value yet may have them later."""
    try:
        write_report(make(), output, pictures=pictures, refresh=PAUSE)
    except UserError as error:
        return f"no report yet: {error}"
    return f"{page} is up to date"
