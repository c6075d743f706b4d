"""What a cluster runs for a job, on each of its machines: a light supervisor that starts the job's own processes.

The supervisor imports neither torch nor Lightning. It is the one who hears of preemption and time limits (SIGUSR2 from
submitit's `--signal`, SIGTERM from SLURM itself), asks the job to save its state and end, and then has submitit
requeue it. The job hears SIGINT alone, as from a terminal, and knows nothing of the cluster.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segladder.launchers.slurm_cluster.rank import Rank
from segladder.launchers.work import JobEnd

PREEMPTED = signal.SIGUSR2
"""What submitit asks clusters to send before a job's time is up or its place is taken."""

HOLD = 600.0
"""Seconds that a job which was told to end (SIGTERM) and has saved its state waits for the cluster to end it: who
sent the signal, `scancel` or a scheduler that preempts, then decides alone whether it is queued again."""

FAREWELL = 60.0
"""Seconds that the other processes of a job have to end after the first one did."""

_ENDING = (signal.SIGTERM, signal.SIGINT)
_TICK = 0.2


@dataclass(frozen=True, kw_only=True)
class Cue:
    """Files by which a launcher speaks to the supervisor of a job, on any machine that shares the folder."""

    folder: Path
    job: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.job}_stop"

    def give(self, *, now: bool) -> None:
        """Asks the job to save its state and end; with `now`, ends it at once."""
        self.path.write_text("now" if now else "save")

    def read(self) -> str:
        """`save`, `now`, or nothing."""
        return _text(self.path)

    def lose(self, how: str) -> None:
        """Tells the first machine that a process on another one is gone, for which it would wait."""
        self._lost.write_text(how)

    def lost(self) -> str:
        """How a process on another machine was lost; nothing while there is none."""
        return _text(self._lost)

    def clear(self) -> None:
        """Forgets what was said before."""
        self.path.unlink(missing_ok=True)
        self._lost.unlink(missing_ok=True)

    @property
    def _lost(self) -> Path:
        return self.folder / f"{self.job}_lost"


@dataclass(kw_only=True)
class ClusterTask:
    """One job, as submitit pickles it, runs it and, after a preemption, runs it again."""

    payload: bytes
    """For `job_process.run_payload`."""
    env: Mapping[str, str]
    devices: int = 1
    nodes: int = 1
    time_limit: float | None = None
    """Seconds of work, over all its pieces; None for no limit."""
    saving: float = 60.0
    """Seconds that the job has to save its state once it was asked to."""
    spent: float = field(default=0.0)
    """Seconds of work before the last time it was queued again."""

    def __call__(self) -> JobEnd:
        """Runs the job to its end on this machine; does not return when the job is queued again."""
        from submitit import JobEnvironment

        place = JobEnvironment()
        again = signal.getsignal(PREEMPTED)
        began = time.monotonic()
        with _heard(PREEMPTED, *_ENDING, signal.SIGCONT) as heard:
            cue = Cue(folder=Path(os.environ.get("SUBMITIT_FOLDER", ".")), job=place.job_id)
            end = self._work(place, heard, cue)
            if place.node > 0 and end.status == "killed":
                cue.lose(f"a process on {socket.gethostname()}: {end.error}")
            self.spent += time.monotonic() - began
            if end.status != "interrupted":
                return end
            if PREEMPTED not in heard and signal.SIGTERM in heard and place.cluster != "local":
                _wait_for(lambda: PREEMPTED in heard, HOLD)
            if PREEMPTED not in heard or not callable(again):
                return end
        return self._queue_again(again, end)

    def checkpoint(self) -> Any:
        """What submitit queues in this task's place."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(replace(self))

    def _queue_again(self, again: Any, end: JobEnd) -> JobEnd:
        from submitit.core.utils import UncompletedJobError

        try:
            again(PREEMPTED, None)
        except UncompletedJobError as error:
            return JobEnd(status="interrupted", error=f"{end.error}; {' '.join(str(error).split())}")
        # the process that submitit requeues from is the first machine's; the others are ended with the job
        _wait_for(lambda: False, HOLD)
        return end

    def _work(self, place: Any, heard: list[int], cue: Cue) -> JobEnd:
        parent = os.getppid()
        began = time.monotonic()
        deadline: float | None = None
        timed_out = False
        ranks = self._start(place)
        try:
            while True:
                end = _end_of(ranks)
                if end is not None:
                    return _as_timeout(end, self.time_limit) if timed_out else end
                if os.getppid() != parent:
                    return JobEnd(status="killed", error="what had started it was ended")
                if place.node == 0 and self.nodes > 1 and (lost := cue.lost()):
                    _wait_for(lambda: ranks[0].ended() is not None, FAREWELL / 4)
                    return ranks[0].ended() or JobEnd(status="killed", error=lost)
                late = self.time_limit is not None and self.spent + time.monotonic() - began > self.time_limit
                word = cue.read()
                if word == "now":
                    return JobEnd(status="interrupted", error="stopped at once")
                if deadline is None and (late or word or {PREEMPTED, *_ENDING}.intersection(heard)):
                    timed_out, deadline = late, time.monotonic() + self.saving
                    ranks[0].ask()
                if deadline is not None and time.monotonic() > deadline:
                    how = "it did not answer and was killed"
                    end = JobEnd(status="interrupted", error=f"asked to save its state, {how}")
                    return _as_timeout(end, self.time_limit, how=how) if timed_out else end
                time.sleep(_TICK)
        finally:
            for rank in ranks:
                rank.end()

    def _start(self, place: Any) -> list[Rank]:
        env = _without_slurm_ranks(os.environ) | dict(self.env)
        if self.nodes == 1:
            # Lightning starts the processes beside the first, as on any machine
            return [Rank(self.payload, env)]
        host, port = _meeting_point(place)
        words = {
            "MASTER_ADDR": host,
            "MASTER_PORT": str(port),
            "WORLD_SIZE": str(self.nodes * self.devices),
            "LOCAL_WORLD_SIZE": str(self.devices),
            "GROUP_RANK": str(place.node),
            "NODE_RANK": str(place.node),
            "TORCHELASTIC_RUN_ID": f"slurm-{place.job_id}",
            "TORCHELASTIC_RESTART_COUNT": os.environ.get("SLURM_RESTART_COUNT", "0"),
        }
        return [
            Rank(
                self.payload,
                env | words | {"LOCAL_RANK": str(local), "RANK": str(place.node * self.devices + local)},
            )
            for local in range(self.devices)
        ]


def _end_of(ranks: list[Rank]) -> JobEnd | None:
    """How the job ended on this machine; None while it is at work."""
    for number, rank in enumerate(ranks):
        end = rank.ended()
        if end is not None and number == 0:
            _wait_for(lambda: all(other.ended() is not None for other in ranks), FAREWELL)
            return end
        if end is not None and end.status in ("failed", "killed"):
            # the first would wait for it forever, unless it is about to say why it failed itself
            _wait_for(lambda: ranks[0].ended() is not None, FAREWELL / 4)
            return ranks[0].ended() or replace(end, error=f"process {number} of this machine: {end.error}")
    return None


def _as_timeout(end: JobEnd, limit: float | None, *, how: str = "it saved its state") -> JobEnd:
    """The end of a job whose time was up; as it was, where it came by itself."""
    if end.status != "interrupted":
        return end
    error = f"it took longer than {(limit or 0) / 60:g} min (sweep.time_limit); {how}"
    return replace(end, status="timeout", error=error)


def _without_slurm_ranks(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without SLURM's words on tasks, by which Lightning would take the supervisor for a rank."""
    tasks = ("NTASKS", "NPROCS", "PROCID", "LOCALID", "NODEID", "TASKS_PER_NODE", "STEP_", "GTIDS", "TASK_PID")
    return {
        key: value
        for key, value in env.items()
        if not (key.startswith("SLURM_") and key.removeprefix("SLURM_").startswith(tasks))
    }


def _meeting_point(place: Any) -> tuple[str, int]:
    """Where the processes of several machines meet: the first machine, at a port made of the job's number."""
    digits = "".join(letter for letter in place.job_id if letter.isdigit())[-4:] or "0"
    hosts = place.hostnames
    return (hosts[0] if hosts else socket.gethostname()), 15000 + int(digits)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _wait_for(sign: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not sign():
        if time.monotonic() > end:
            return False
        time.sleep(_TICK)
    return True


@contextmanager
def _heard(*signals: int) -> Iterator[list[int]]:
    """The signals that came, noted instead of acted on."""
    noted: list[int] = []
    before = {signum: signal.signal(signum, lambda number, frame: noted.append(number)) for signum in signals}
    try:
        yield noted
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
