"""The words between a sweep and whatever runs its jobs: what a job is, how it ended, what an executor must do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from segladder.types import UserError

EndStatus = Literal["finished", "skipped", "pruned", "failed", "killed", "timeout", "interrupted", "busy"]
"""How a job ended. `failed`: by an error of its own; `killed`: its process was ended from outside (SIGKILL, out of
memory); `timeout`: it was ended at its time limit; `interrupted`: it was asked to stop and has saved its state;
`busy`: another process is at it."""

DONE: frozenset[EndStatus] = frozenset(("finished", "skipped", "pruned"))
"""How a job may end without the sweep's exit code saying so."""


class SweepFailedError(UserError):
    """At least one job of a sweep did not finish; the others did what they could."""


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a sweep."""


@dataclass(frozen=True, kw_only=True)
class JobEnd:
    """How one job ended, as its process said, or as the executor saw it."""

    status: EndStatus
    value: Any = None
    """What the task returned: for `train` an `Outcome`."""
    error: str = ""
    """Why it did not finish, in a sentence."""
    folder: Path | None = None
    """Its run folder, where it has one."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One job, packed to be run in a process of its own, on this machine or another."""

    number: int
    """Its place in the sweep, from 0."""
    title: str
    """What tells it from the others: `model=unet seed=1`."""
    payload: bytes
    """For `job_process.run_payload`."""
    log: Path
    """Where what its process writes to stdout and stderr belongs."""
    devices: int = 1
    """Processes that train together on each machine."""
    nodes: int = 1
    """Machines that train together."""
    accelerator: str = "auto"
    """`trainer.accelerator`: cpu, gpu, auto, …"""
    workers: int = 0
    """Processes that read data, for each that trains."""
    time_limit: float | None = None
    """Seconds that it may take; the executor ends it then."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that its process must have before anything is imported or run."""


class Executor(Protocol):
    """Where jobs run: processes of this machine, a SLURM cluster, a Ray cluster."""

    slots: int
    """Most jobs that are at work at once; `start` is never called beyond it."""

    def check(self, work: Work) -> None:
        """Refuses a job that it could never run; called for every job before the first one starts.

        Raises:
            UserError: what the job asks for is not there.
        """

    def start(self, work: Work) -> None:
        """Starts a job and returns at once."""

    def ended(self, timeout: float) -> list[tuple[int, JobEnd]]:
        """The jobs that ended since the last call, by their numbers; waits at most `timeout` seconds for the first."""

    def stop(self, *, now: bool) -> None:
        """Asks every job at work to save its state and end; with `now`, ends them at once. Both show in `ended`."""

    def close(self) -> None:
        """Gives back what the executor holds; no job is at work any more, or the sweep itself is being torn down."""
