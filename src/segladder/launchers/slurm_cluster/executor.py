"""Jobs on a SLURM cluster, submitted with submitit; with `cluster=local` the same on this machine, to try it out.

A job belongs to the cluster once it is submitted: it outlives the launcher, it may wait in the queue for days, and it
may be preempted and go on elsewhere. The same command started again finds the jobs that still wait, and waits for them.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segladder.config.machine import THREADS
from segladder.launchers.slurm_cluster.queue import Note, Notes, Queue, cancel, pending, process_note, reason
from segladder.launchers.slurm_cluster.settings import SlurmSettings
from segladder.launchers.slurm_cluster.task import ClusterTask, Cue
from segladder.launchers.work import DONE, JobEnd, Work
from segladder.runs.environment import usable_cores
from segladder.types import UserError

FOLDER = ".submitit"
"""Folder below `paths.outputs`: what was submitted, what came back, what was printed."""

TAIL = 15
"""Lines of a job's output that are told when it did not finish."""

_TICK = 0.2
_SETTLE = 30.0
"""Seconds that a job may be gone from the queue before it counts as ended without a word: files travel slowly."""

_LOCAL_NOTICE = 30.0
"""Seconds of notice that submitit's executor of one machine gives before a job's time is up."""


@dataclass(kw_only=True)
class _Submitted:
    work: Work
    note: Note
    result: Path
    output: Path
    job: Any = None
    """submitit's own view of it; None for a job of an earlier launcher."""
    since: float = field(default_factory=time.monotonic)
    gone: float | None = None
    """Since when the queue says that it is over, though no result has come."""


class ClusterExecutor:
    """See `work.Executor`."""

    def __init__(
        self,
        settings: dict[str, Any],
        *,
        outputs: Path,
        fail_fast: bool = False,
        queue: Queue | None = None,
        settle: float = _SETTLE,
    ) -> None:
        """
        Args:
            settings: everything below `hydra.launcher`.
            outputs: `paths.outputs`; on a cluster every machine must see it under this path.
            fail_fast: `sweep.fail_fast`.
            queue: what tells how the cluster's jobs are.
            settle: seconds that a result may take from a job's end until it is seen here.

        Raises:
            UserError: see `SlurmSettings.checked`.
        """
        self._settings = SlurmSettings.checked(settings)
        self.slots = self._settings.at_once
        self._folder = outputs.absolute() / FOLDER
        self._notes = Notes(self._folder / "waiting")
        self._queue = queue or Queue()
        self._settle = settle
        self._fail_fast = fail_fast
        self._failed = False
        self._jobs: dict[int, _Submitted] = {}
        self._over: list[tuple[int, JobEnd]] = []
        """Ends that were known at once: what could not be submitted, what is left to the cluster."""
        self._left: list[_Submitted] = []
        self._told_limit = False

    def check(self, work: Work) -> None:
        """
        Raises:
            UserError: the job asks for several machines where there is one.
        """
        if work.nodes > 1 and self._settings.cluster != "slurm":
            raise UserError(
                f"{work.title}: trainer.num_nodes is {work.nodes}, but hydra.launcher.cluster="
                f"{self._settings.cluster} has this machine alone. Give trainer.num_nodes=1."
            )
        if work.time_limit is not None and self._settings.timeout_min is not None and not self._told_limit:
            self._told_limit = True
            print(
                f"sweep.time_limit ends a job after {work.time_limit / 60:g} minutes of work, over all its pieces;"
                f" hydra.launcher.timeout_min={self._settings.timeout_min} is only how long a piece is.",
                flush=True,
            )

    def start(self, work: Work) -> None:
        note = self._notes.find(_key(work))
        if note is not None and note.cluster == self._settings.cluster and self._waits(note):
            print(f"{work.title}: waits for job {note.job}, submitted earlier.", flush=True)
            self._jobs[work.number] = self._submitted(work, note)
            return
        try:
            self._jobs[work.number] = self._submit(work)
        except (OSError, RuntimeError, ValueError) as error:
            self._over.append((work.number, JobEnd(status="failed", error=_refused(error))))

    def ended(self, timeout: float) -> list[tuple[int, JobEnd]]:
        deadline = time.monotonic() + timeout
        while True:
            found, self._over = self._over, []
            for number, job in list(self._jobs.items()):
                end = self._end_of(job)
                if end is not None:
                    found.append((number, end))
                    self._notes.drop(job.note)
                    del self._jobs[number]
            self._failed = self._failed or any(end.status in ("failed", "killed", "timeout") for _, end in found)
            if found or not self._jobs or time.monotonic() > deadline:
                return found
            time.sleep(_TICK)

    def stop(self, *, now: bool) -> None:
        # a sweep that ends at its first failure wants no more of the cluster; a person who leaves may come back
        if self._settings.leaves and not (self._fail_fast and self._failed):
            for number, job in self._jobs.items():
                self._left.append(job)
                self._over.append((number, JobEnd(status="busy", error=f"it is left to the cluster as {job.note.job}")))
            self._jobs = {}
            return
        on_cluster = [job.note.job for job in self._jobs.values() if job.note.cluster == "slurm"]
        cancel(on_cluster if now else pending(on_cluster))
        for job in self._jobs.values():
            self._cue(job).give(now=now)

    def close(self) -> None:
        if self._left:
            ids = " ".join(job.note.job for job in self._left)
            ends = f"scancel {ids}" if self._settings.cluster == "slurm" else f"kill {ids}"
            print(
                f"\n{len(self._left)} jobs are left to the cluster, where they go on or wait: {ids}. The same command"
                f" waits for them; `{ends}` ends them.",
                flush=True,
            )
        elif self._jobs and not self._settings.leaves:
            self.stop(now=True)
            self.ended(5)

    def _waits(self, note: Note) -> bool:
        """Whether a job of an earlier launcher waits or runs, or has just left its result."""
        if self._result(note).exists():
            return False
        if note.cluster == "slurm":
            return self._queue.over(note.job, since=0) is None
        return note.lives()

    def _submit(self, work: Work) -> _Submitted:
        import submitit

        settings = self._settings
        self._folder.mkdir(parents=True, exist_ok=True)
        executor = submitit.AutoExecutor(
            self._folder, cluster=settings.cluster, slurm_max_num_timeout=settings.max_timeouts
        )
        executor.update_parameters(**settings.parameters(work))
        notice = settings.signal_delay_s if settings.cluster == "slurm" else _LOCAL_NOTICE
        task = ClusterTask(
            payload=work.payload,
            env=self._environment(work),
            devices=work.devices,
            nodes=work.nodes,
            time_limit=work.time_limit,
            # the rest of the notice is for being queued again
            saving=notice * 0.75,
        )
        # a launcher may itself run within a job of the cluster, whose settings are not those of its jobs
        with submitit.helpers.clean_env(), _unheard():
            job = executor.submit(task)
        process = process_note(int(job.job_id)) if settings.cluster == "local" else None
        note = Note(key=_key(work), job=job.job_id, cluster=settings.cluster, title=work.title, process=process)
        if note.key:
            self._notes.keep(note)
        return self._submitted(work, note, job)

    def _environment(self, work: Work) -> dict[str, str]:
        cores = self._settings.cpus_per_task
        if cores is None and self._settings.cluster != "slurm":
            cores = usable_cores() // self.slots
        threads = {} if cores is None else {THREADS: str(max(1, cores // work.devices))}
        return threads | dict(work.env)

    def _submitted(self, work: Work, note: Note, job: Any = None) -> _Submitted:
        output = self._folder / f"{note.job}_0_log.out"
        with suppress(OSError):
            work.log.parent.mkdir(parents=True, exist_ok=True)
            work.log.unlink(missing_ok=True)
            work.log.symlink_to(os.path.relpath(output, work.log.parent))
        return _Submitted(work=work, note=note, result=self._result(note), output=output, job=job)

    def _result(self, note: Note) -> Path:
        return self._folder / f"{note.job}_0_result.pkl"

    def _cue(self, job: _Submitted) -> Cue:
        return Cue(folder=self._folder, job=job.note.job)

    def _end_of(self, job: _Submitted) -> JobEnd | None:
        if job.note.cluster == "debug":
            return self._told(job, job.job.result())
        over = self._word(job)
        _refresh(self._folder)
        if job.result.exists():
            return self._told(job, _result_in(job.result))
        if over is None:
            job.gone = None
            return None
        job.gone = job.gone or time.monotonic()
        if time.monotonic() - job.gone < (self._settle if job.note.cluster == "slurm" else 0):
            return None
        why = reason(job.note.job, over) if job.note.cluster == "slurm" else over
        return self._told(job, JobEnd(status="killed", error=why))

    def _word(self, job: _Submitted) -> str | None:
        """A word for how the cluster says that a job ended; None while it waits or runs."""
        if job.note.cluster == "slurm":
            return self._queue.over(job.note.job, since=job.since)
        running = not job.job.done() if job.job is not None else job.note.lives()
        return None if running else "the process that stands for the cluster was ended"

    def _told(self, job: _Submitted, end: JobEnd) -> JobEnd:
        """The end, with the last lines that the job printed where it did not finish."""
        with suppress(OSError):
            self._cue(job).clear()
        if end.status in DONE or end.status in ("interrupted", "busy"):
            return end
        return replace(end, error=f"{end.error}{_tail(job.output)}")


def _key(work: Work) -> str:
    """What tells a run from all others, at each start of its sweep; empty for a job that leaves no record."""
    # the log lies in the study's folder and is named after the run's id
    return str(work.log) if re.fullmatch(r"[0-9a-f]{8}", work.log.stem) else ""


def _result_in(path: Path) -> JobEnd:
    """What the job's task returned, or how it failed before it could."""
    try:
        kind, value = pickle.loads(path.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        return JobEnd(status="failed", error=f"its result cannot be read: {error}")
    if kind == "success" and isinstance(value, JobEnd):
        return value
    return JobEnd(status="failed", error=f"its supervisor failed: {str(value).strip().splitlines()[-1]}")


def _tail(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines() if output.is_file() else []
    own = [line for line in lines if not line.startswith("submitit ")]
    if not own:
        return f"\n    (nothing was printed to {output})"
    return "".join(f"\n    | {line}" for line in own[-TAIL:]) + f"\n    (all of it: {output})"


def _refused(error: Exception) -> str:
    told = " ".join(str(error).split()) or type(error).__name__
    return f"the cluster did not take it: {told}"


def _refresh(folder: Path) -> None:
    """Makes a network disk look for new files; it may believe for a minute that one does not exist."""
    with suppress(OSError):
        os.close(os.open(folder, os.O_RDONLY))


@contextmanager
def _unheard() -> Iterator[None]:
    """What is started within it does not hear Ctrl-C, nor that the terminal is closed."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
