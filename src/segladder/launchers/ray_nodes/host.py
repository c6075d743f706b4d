"""`python -m segladder.launchers.ray_nodes.host FD`: the process on a node of a Ray cluster that jobs are forked from.

A process of Ray's own is no place for a job: it is used for one after another, runs many threads, and has SIGINT
blocked. This one is new and clean, has the heavy imports done once for all jobs of its seat, and asks the job at work
to save its state when Ray's process dies.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from segladder.launchers.work import Executor, Work

SAVE, NOW = "save", "now"
"""What may follow a job: to save its state and end, or to end at once."""

_TICK = 0.1


@dataclass(frozen=True, kw_only=True)
class Home:
    """What the jobs of a seat find around them, whatever machine they are on."""

    folder: str
    """The working folder of the launcher: relative paths begin there."""
    path: tuple[str, ...]
    """What its `sys.path` has beyond the installed packages: a clone, the user's own folders."""
    env: Mapping[str, str]
    cpus: float
    """Of the whole job."""
    gpus: float
    grace: float
    """Seconds that a job has to save its state when it is asked to end at its time limit."""


def main() -> None:
    """Runs the jobs that come over the pipe, one at a time, and answers each with its end."""
    # Ray's processes block Ctrl-C, which every process below them would inherit
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    link = Connection(int(sys.argv[1]))
    home: Home = link.recv()
    sys.path[:] = list(dict.fromkeys([*home.path, *sys.path]))
    from segladder.launchers.process import ProcessExecutor
    from segladder.launchers.server import start_early
    from segladder.launchers.slots import Slot

    start_early()
    threads = max(1, int(home.cpus))
    # GPUs are as Ray has set CUDA_VISIBLE_DEVICES, which the jobs inherit
    jobs = _Jobs(ProcessExecutor(shares=[Slot(threads=threads, gpus=())], grace=home.grace))
    with suppress(EOFError, ConnectionError):
        jobs.serve(link)
    jobs.wind_up(home.grace)


class _Jobs:
    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._at_work = False

    def serve(self, link: Connection) -> None:
        """
        Raises:
            EOFError: Ray's process is gone.
        """
        while True:
            if self._at_work:
                for _, end in self._executor.ended(_TICK):
                    self._at_work = False
                    link.send(end)
            while not self._at_work or link.poll():
                word: Work | str = link.recv()
                if isinstance(word, Work):
                    self._executor.start(word)
                    self._at_work = True
                else:
                    self._executor.stop(now=word == NOW)

    def wind_up(self, grace: float) -> None:
        """Lets the job at work save its state."""
        self._executor.stop(now=False)
        until = time.monotonic() + grace
        while self._at_work and time.monotonic() < until:
            self._at_work = not self._executor.ended(_TICK)
        self._executor.close()


if __name__ == "__main__":
    main()
