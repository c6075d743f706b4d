"""The processes of one run as rank zero sees them: told what to do, watched, and none outliving the others.

Only rank zero composes, decides and writes. The others get its settled configuration and its folder as a `Word`, from
a pipe (`followers.py`) or, where torchrun or SLURM has started them, from a file (`meeting.py`).
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from omegaconf import OmegaConf

from segladder.runs.job import Job
from segladder.runs.record import Status
from segladder.types import Interrupted, UserError

_GRACE = 5.0
"""Seconds that rank zero has to notice by itself that a process is gone; after them it is ended where it waits."""
_FAREWELL = 60.0
"""Seconds that the others have to end once rank zero is done."""
_TICK = 0.1

_COMMUNICATION = re.compile(r"gloo|nccl|connection|broken pipe|socket|timed? ?out|store|all_?reduce|broadcast", re.I)


@dataclass(frozen=True, kw_only=True)
class Word:
    """What rank zero tells the others, as plain values: the job, settled and resolved, and where it runs."""

    job: dict[str, Any]
    folder: str
    checkpoint: str | None
    """What the run goes on from."""
    address: str
    port: int
    """Where the processes find each other."""

    @classmethod
    def of(cls, job: Job, *, folder: Path, checkpoint: Path | None, address: str, port: int) -> Word:
        told = {field.name: getattr(job, field.name) for field in fields(job)}
        return cls(
            job=told | {"cfg": OmegaConf.to_container(job.cfg, resolve=True)},
            folder=str(folder.resolve()),
            checkpoint=str(checkpoint.resolve()) if checkpoint else None,
            address=address,
            port=port,
        )

    def settled_job(self) -> Job:
        return Job(**(self.job | {"cfg": OmegaConf.create(self.job["cfg"])}))


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A process beside rank zero that has ended before its time."""

    rank: int
    how: str
    """`failed: ValueError: …`, `was killed by SIGKILL`."""
    killed: bool
    """Whether it was ended from outside and not by an error of its own."""
    wrote: str = ""
    """The last lines of its log."""


class PeerLostError(UserError):
    """The run cannot go on, as one of its processes is gone."""

    def __init__(self, lost: Lost, world_size: int) -> None:
        self.status: Status = "interrupted" if lost.killed else "failed"
        self.wrote = lost.wrote
        end = "." if not lost.how.endswith((".", "!", "?")) else ""
        advice = " Start the same command again: it goes on from what was saved." if lost.killed else ""
        self.told = f"Process {lost.rank} of {world_size} (counted from 0) {lost.how}{end}"
        """Without advice."""
        super().__init__(self.told + advice)


class Peers(Protocol):
    """Processes beside rank zero that were started in one way."""

    def lost(self) -> Lost | None:
        """The first that has ended before its time; None while there is none."""

    def ready(self) -> bool:
        """Whether all of them are at the point where training starts."""

    def done(self) -> bool:
        """Whether all of them have come to their end."""

    def end(self) -> None:
        """Ends those that are still there."""


class Team:
    """Within it, the loss of a process ends the run within seconds, and the run's end ends every process.

    A process that waits for a lost one in a collective operation may wait for ever (NCCL), so that a thread watches.
    """

    def __init__(self, peers: Sequence[Peers], *, world_size: int, on_stuck: Callable[[PeerLostError], None]) -> None:
        """
        Args:
            peers: the processes beside this one.
            world_size: all processes of the run.
            on_stuck: closes the run's books, in the watching thread, before a rank zero that cannot be woken is ended.
        """
        self._peers = peers
        self._size = world_size
        self._on_stuck = on_stuck
        self._lost: Lost | None = None
        self._over = threading.Event()
        self._ending = threading.Lock()

    def __enter__(self) -> Self:
        """Waits until all processes are ready.

        Raises:
            PeerLostError: one of them is gone already.
        """
        try:
            while not all(peers.ready() for peers in self._peers):
                self._raise_if_lost()
                time.sleep(_TICK)
        except BaseException:
            self._end()
            raise
        if self._peers:
            threading.Thread(target=self._watch, name="rank-watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """
        Raises:
            PeerLostError: a process was lost, in place of the error that this led to here.
        """
        with self._ending:
            self._over.set()
        try:
            if error is None:
                self._wait_for_the_others()
            elif isinstance(error, Interrupted):
                self._wait(lambda: all(peers.done() for peers in self._peers), _GRACE)
            elif isinstance(error, Exception) and not isinstance(error, UserError) and self._peers:
                of_others = isinstance(error, RuntimeError) and bool(_COMMUNICATION.search(str(error)))
                if of_others:
                    self._wait(lambda: self._look() is not None, _GRACE)
                lost = self._look()
                if lost is not None and (of_others or lost.killed):
                    raise PeerLostError(lost, self._size) from error
        finally:
            self._end()

    def _watch(self) -> None:
        while not self._over.wait(_TICK):
            if self._look() is not None:
                break
        if self._over.wait(_GRACE):
            return
        with self._ending:
            if self._over.is_set() or self._lost is None:
                return
            self._on_stuck(PeerLostError(self._lost, self._size))
            self._end()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)

    def _look(self) -> Lost | None:
        if self._lost is None:
            self._lost = next((lost for peers in self._peers if (lost := peers.lost()) is not None), None)
        return self._lost

    def _raise_if_lost(self) -> None:
        if (lost := self._look()) is not None:
            raise PeerLostError(lost, self._size)

    def _wait_for_the_others(self) -> None:
        def over() -> bool:
            self._raise_if_lost()
            return all(peers.done() for peers in self._peers)

        if not self._wait(over, _FAREWELL):
            print(
                f"Warning: a process of the run was still there {_FAREWELL:.0f} s after its end: it is ended.",
                file=sys.stderr,
            )

    def _wait(self, sign: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not sign():
            if time.monotonic() > end:
                return False
            time.sleep(_TICK)
        return True

    def _end(self) -> None:
        for peers in self._peers:
            peers.end()
