"""Jobs as processes of this machine, forked from a server with the heavy imports done; `slots` of them at once.

Hydra's own launcher runs all jobs in one process, where state leaks from job to job, one failure ends the sweep,
and the other processes of a parallel run start the whole sweep again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from segladder.launchers.job_process import run_payload
from segladder.launchers.memory_kills import memory_kills
from segladder.launchers.server import fork_server
from segladder.launchers.slots import Slot, divide, require_files
from segladder.launchers.work import EndStatus, JobEnd, Work
from segladder.runs.environment import usable_cores
from segladder.types import UserError


@dataclass
class _Running:
    work: Work
    slot: int
    process: Any
    said: Connection
    life: Connection
    """Our end of a pipe that closes when we die: the job then saves its state and ends."""
    began: float = field(default_factory=time.monotonic)
    asked: float | None = None
    """When it was asked to end."""
    out_of_time: bool = False
    killed_by_us: bool = False
    result: JobEnd | None = None
    deaf: bool = False
    """Whether its pipe is closed."""
    kills_before: int = 0


class ProcessExecutor:
    """See `work.Executor`."""

    def __init__(
        self, *, slots: int = 1, jobs_per_gpu: int = 1, grace: float = 30, shares: Sequence[Slot] | None = None
    ) -> None:
        """
        Args:
            slots: jobs at once.
            jobs_per_gpu: slots that may share one GPU.
            grace: seconds between asking a job to end and killing it.
            shares: what each slot has, where somebody else has divided the machine; the other two then count nothing.

        Raises:
            UserError: more slots than the machine has cores or GPUs for.
        """
        if isinstance(grace, bool) or not isinstance(grace, int | float) or grace < 0:
            raise UserError(f"hydra.launcher.grace is {grace!r}. Give seconds, 0 or more.")
        self._shares = divide(slots, jobs_per_gpu=jobs_per_gpu) if shares is None else list(shares)
        self.slots = len(self._shares)
        self._grace = float(grace)
        self._free = list(range(self.slots))
        self._running: dict[int, _Running] = {}

    def check(self, work: Work) -> None:
        """
        Raises:
            UserError: the job asks for more than a slot has.
        """
        gpus = len(self._shares[0].gpus)
        if gpus and work.accelerator != "cpu" and work.devices > gpus:
            raise UserError(
                f"{work.title}: trainer.devices is {work.devices}, but each of the {self.slots} slots sees {gpus}"
                f" GPU{'s' * (gpus > 1)}. Give fewer hydra.launcher.slots or fewer devices."
            )
        if work.accelerator == "cpu" and work.devices * self.slots > max(2, usable_cores()):
            print(
                f"Warning: {work.title}: {self.slots} jobs at once with {work.devices} processes each crowd the"
                f" {usable_cores()} cores of this machine.",
                flush=True,
            )
        if work.nodes > 1:
            raise UserError(
                f"{work.title}: trainer.num_nodes is {work.nodes}, but these jobs run on this machine alone. Use"
                " hydra/launcher=slurm, or start single runs with torchrun (docs/distributed.md)."
            )
        require_files(slots=self.slots, workers=work.workers * work.devices)

    def start(self, work: Work) -> None:
        slot = self._free.pop(0)
        share = self._shares[slot]
        env = dict(work.env) | share.environment(devices=work.devices, accelerator=work.accelerator)
        said, says = fork_server().Pipe(duplex=False)
        watched, life = fork_server().Pipe(duplex=False)
        process = fork_server().Process(target=_job, args=(work.payload, says, watched, str(work.log), env))
        process.start()
        says.close()
        watched.close()
        self._running[work.number] = _Running(work, slot, process, said, life, kills_before=memory_kills())

    def ended(self, timeout: float) -> list[tuple[int, JobEnd]]:
        jobs = self._running.values()
        wait([j.process.sentinel for j in jobs] + [j.said for j in jobs if j.result is None and not j.deaf], timeout)
        now = time.monotonic()
        found = []
        for number, job in list(self._running.items()):
            _listen(job)
            if job.process.is_alive():
                self._watch(job, now)
                continue
            found.append((number, self._end_of(job)))
            del self._running[number]
            self._free.append(job.slot)
            self._free.sort()
        return found

    def stop(self, *, now: bool) -> None:
        for job in self._running.values():
            if now:
                self._kill(job)
            else:
                _ask(job)

    def close(self) -> None:
        for job in self._running.values():
            self._kill(job)
            job.process.join(5)

    def _watch(self, job: _Running, now: float) -> None:
        limit = job.work.time_limit
        if limit is not None and not job.out_of_time and now - job.began > limit:
            job.out_of_time = True
            _ask(job)
        if job.asked is not None and now - job.asked > self._grace and job.out_of_time:
            self._kill(job)

    def _kill(self, job: _Running) -> None:
        job.killed_by_us = True
        _end_group(job.process.pid, signal.SIGKILL)

    def _end_of(self, job: _Running) -> JobEnd:
        job.process.join()
        # what a job leaves behind: the other processes of a parallel run whose first one was killed
        _end_group(job.process.pid, signal.SIGKILL)
        _listen(job)
        said = job.result
        job.said.close()
        job.life.close()
        code = job.process.exitcode or 0
        if job.out_of_time and (said is None or said.status == "interrupted"):
            how = "it saved its state" if said is not None else "it did not answer and was killed"
            return JobEnd(status="timeout", error=f"it took longer than {_minutes(job.work.time_limit)}; {how}")
        if said is not None:
            return said
        if job.killed_by_us:
            return JobEnd(status="interrupted", error="it was ended at once by Ctrl-C")
        status: EndStatus = "killed" if code < 0 else "failed"
        return JobEnd(status=status, error=f"its process was ended by {_how(code, job.kills_before)}")


def _listen(job: _Running) -> None:
    """Takes what the job has to say of its end; without a reader a long word would keep it from ending."""
    try:
        while not job.deaf and job.said.poll():
            job.result = job.said.recv()
    except (EOFError, ConnectionError):
        job.deaf = True


def _ask(job: _Running) -> None:
    """To save its state and end: a training notes the signal and leaves at the next batch."""
    job.asked = job.asked or time.monotonic()
    with suppress(ProcessLookupError):
        os.kill(job.process.pid, signal.SIGINT)


def _end_group(leader: int, signum: int) -> None:
    """Signals every process of a job; it leads a group of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signum)


def _how(code: int, kills_before: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    if -code != signal.SIGKILL:
        return name
    if memory_kills() > kills_before:
        return "the system, out of memory. Give fewer hydra.launcher.slots, or a smaller data.batch_size"
    return "SIGKILL. Out of memory is the usual reason"


def _minutes(seconds: float | None) -> str:
    assert seconds is not None
    return f"{seconds / 60:g} min (sweep.time_limit)"


def _job(payload: bytes, says: Connection, watched: Connection, log: str, env: Mapping[str, str]) -> None:
    """One job, in its own process: the leader of its own session, so that signals to the terminal pass it by."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError):
        # where memory runs out, a job is to be ended rather than the launcher of all of them
        Path("/proc/self/oom_score_adj").write_text("300")
    os.environ.update(env)
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    for number in (1, 2):
        os.dup2(to, number)
    os.close(to)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    threading.Thread(target=_outlive_nobody, args=(watched,), name="launcher-watch", daemon=True).start()
    try:
        end = run_payload(payload)
    except KeyboardInterrupt:
        # before or after the job itself, which takes care of its own
        end = JobEnd(status="interrupted", error="stopped by Ctrl-C before it began")
    sys.stdout.flush()
    sys.stderr.flush()
    says.send(end)
    says.close()


def _outlive_nobody(watched: Connection) -> None:
    """Ends the job, its state saved, when its launcher is gone."""
    with suppress(EOFError, OSError):
        watched.recv()
    os.kill(os.getpid(), signal.SIGINT)
