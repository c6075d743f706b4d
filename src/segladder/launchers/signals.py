"""Ctrl-C and its like while jobs are at work."""

from __future__ import annotations

import signal
from typing import Any, Self


class Signals:
    """Counts Ctrl-C and its like; jobs are in sessions of their own and get none of them from the terminal."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(signum)
            # what `nohup` ignores stays ignored
            if signum != signal.SIGHUP or before is not signal.SIG_IGN:
                self._before[signum] = signal.signal(signum, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _note(self, signum: int, frame: object) -> None:
        self.count += 1
