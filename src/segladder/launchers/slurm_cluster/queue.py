"""What a cluster's queue says of our jobs, and the notes by which a sweep started again finds those that wait in it."""

from __future__ import annotations

import getpass
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from segladder.runs.atomic import write_atomic
from segladder.runs.process import Owner, lives, start_of, this_process

OVER = frozenset(
    {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED"}
    | {"NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}
)
"""SLURM's words for a job that runs no more; one that was requeued bears another again within moments."""

REASONS = {
    "OUT_OF_MEMORY": "the cluster ended it for want of memory; give more with hydra.launcher.mem_gb",
    "TIMEOUT": "the cluster ended it at its time limit before it was queued again; more time to save its state comes"
    " with hydra.launcher.signal_delay_s",
    "CANCELLED": "it was cancelled",
    "NODE_FAIL": "its machine failed",
}


@dataclass(frozen=True, kw_only=True)
class Note:
    """What is kept of a job from its submission until its end was seen."""

    key: str
    """`Work.key`."""
    job: str
    """submitit's number of it."""
    cluster: str
    title: str
    process: dict[str, object] | None = None
    """With `cluster=local`, the process that stands for the cluster."""

    def lives(self) -> bool:
        """Whether the process that stands for the cluster runs, as far as can be told."""
        owner = Owner.from_json(self.process)
        return owner is not None and lives(owner) is not False


class Notes:
    """The notes of one folder, a file each; any number of launchers may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> Note | None:
        """The note of a job that was submitted and whose end nobody has seen."""
        try:
            note = Note(**json.loads(self._path(key).read_bytes()))
        except (OSError, ValueError, TypeError):
            # there is none, or it is damaged: then the job is submitted anew, and the run folder's lock decides
            return None
        return note if key and note.key == key else None

    def keep(self, note: Note) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path(note.key), json.dumps(asdict(note), indent=1))

    def drop(self, note: Note) -> None:
        with suppress(OSError):
            self._path(note.key).unlink()

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def process_note(pid: int) -> dict[str, object]:
    """A process of this machine, so that it can be told later whether it still runs."""
    return replace(this_process("0"), pid=pid, start=start_of(pid) or "").to_json()


class Queue:
    """SLURM's queue, asked for all of a user's jobs at once and not too often.

    `squeue` is asked, and not `sacct` as submitit does: it knows every job from the moment of its submission, also
    where a cluster keeps no accounts.
    """

    def __init__(self, *, every: float = 15.0, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            every: seconds between two questions.
            clock: the time in seconds.
        """
        self._every, self._clock = every, clock
        self._asked: float | None = None
        self._states: dict[str, str] | None = None

    def over(self, job: str, *, since: float) -> str | None:
        """The word for how a job ended; None while it waits or runs, or as far as can be told.

        Args:
            job: its number.
            since: what is known must be from after this time.
        """
        now = self._clock()
        if self._asked is None or now - self._asked >= self._every:
            self._asked, self._states = now, _squeue()
        if self._states is None or self._asked < since:
            return None
        state = self._states.get(job, "GONE")
        return state if state == "GONE" or state in OVER else None


def _squeue() -> dict[str, str] | None:
    """State of each of this user's jobs that the cluster knows of; None when it does not answer."""
    answer = _answer("squeue", "--noheader", "--states=all", f"--user={getpass.getuser()}", "--format=%i|%T")
    if answer is None:
        return None
    pairs = (line.strip().partition("|") for line in answer.splitlines() if "|" in line)
    return {job: state.split()[0] for job, _, state in pairs if state.strip()}


def reason(job: str, state: str) -> str:
    """Why a job ended that did not say so itself, in half a sentence.

    Args:
        job: its number.
        state: from `Queue.over`.
    """
    if state == "GONE":
        # forgotten by the queue; the accounts know, where there are any
        answer = _answer("sacct", "-n", "-X", "-P", "-o", "State", "-j", job)
        state = (answer or "").split()[0] if (answer or "").split() else state
    if state in ("GONE", "COMPLETED"):
        return "the cluster ended it without a word, as when its machine fails or its memory runs out"
    return REASONS.get(state, f"the cluster says {state}")


def cancel(jobs: Sequence[str]) -> None:
    """Takes jobs from the queue and ends those that run."""
    if jobs:
        _answer("scancel", *jobs)


def pending(jobs: Sequence[str]) -> list[str]:
    """Those of the jobs that still wait for a machine."""
    states = _squeue() or {}
    return [job for job in jobs if states.get(job) == "PENDING"]


def _answer(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
