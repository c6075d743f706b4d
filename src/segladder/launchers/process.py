"""One process per job: a failed or killed job is recorded and the rest go on; nothing leaks from job to job.

The heavy imports are paid once, in a fork server that the jobs are forked from.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from omegaconf import open_dict

from segladder.launchers.table import sweep_table
from segladder.types import Interrupted, UserError

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

WARM = "segladder.launchers.warm"


class SweepFailedError(UserError):
    """At least one job of a sweep did not finish; the others did what they could."""


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a sweep between two jobs."""


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What a job's process said before it ended."""

    status: str
    """finished, skipped, failed, interrupted."""
    value: Any = None
    """What the task returned."""
    error: str = ""


def launch(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    job_overrides: Sequence[Sequence[str]],
    *,
    first: int,
) -> list[JobReturn]:
    """Runs the jobs in order and returns what each returned.

    Args:
        context: Hydra's, for composing.
        task: the command's function, called with each job's configuration.
        config: the sweep's configuration.
        job_overrides: the words of each job.
        first: number of the first job.

    Raises:
        SweepFailedError: after all jobs have had their turn, when any did not finish.
        SweepInterrupted: after Ctrl-C, when the running job has saved its state.
    """
    jobs = [_compose(context, config, words, number) for number, words in enumerate(job_overrides, start=first)]
    titles = [" ".join(filter_overrides(list(words))) for words in job_overrides]
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([WARM])
    print(f"Sweep of {len(jobs)} jobs, one process each.", flush=True)
    results: list[JobResult] = []
    with _noting_interrupts() as stopped:
        for number, (job, title) in enumerate(zip(jobs, titles, strict=True), start=1):
            if stopped:
                break
            print(f"\n[{number}/{len(jobs)}] {title}", flush=True)
            results.append(_run(server, task, job))
            if results[-1].status in ("failed", "interrupted"):
                print(f"[{number}/{len(jobs)}] {results[-1].status}: {results[-1].error}", flush=True)
    print(f"\n{sweep_table([list(filter_overrides(list(w))) for w in job_overrides], results)}", flush=True)
    if stopped:
        raise SweepInterrupted
    failed = [
        f"  {title}: {result.error}"
        for title, result in zip(titles, results, strict=True)
        if result.status in ("failed", "interrupted")
    ]
    if failed:
        raise SweepFailedError(f"{len(failed)} of {len(jobs)} jobs did not finish:\n" + "\n".join(failed))
    return [_returned(job, words, r) for job, words, r in zip(jobs, job_overrides, results, strict=True)]


def _compose(context: HydraContext, config: DictConfig, words: Sequence[str], number: int) -> DictConfig:
    job: DictConfig = context.config_loader.load_sweep_config(config, list(words))
    with open_dict(job):
        job.hydra.job.id = f"{os.getpid()}_{number}"
        job.hydra.job.num = number
    return job


def _run(server: Any, task: TaskFunction, job: DictConfig) -> JobResult:
    ours, theirs = server.Pipe(duplex=False)
    payload = cloudpickle.dumps((task, job, Singleton.get_state(), list(sys.argv[:1])))
    process = server.Process(target=_child, args=(payload, theirs))
    process.start()
    theirs.close()
    try:
        said: JobResult = ours.recv()
    except EOFError:
        said = JobResult(status="failed")
    process.join()
    if said.status == "failed" and not said.error:
        code = process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        hint = " Out of memory is the usual reason." if code == -signal.SIGKILL else ""
        return JobResult(status="failed", error=f"the process was ended by {how}.{hint}")
    return said


def _child(payload: bytes, pipe: Connection) -> None:
    """One job, in a fresh process."""
    # workers of a DataLoader are then forked as usual, not started from the server with all imports anew
    multiprocessing.set_start_method(None, force=True)
    task, job, singletons, program = cloudpickle.loads(payload)
    Singleton.set_state(singletons)
    HydraConfig.instance().set_config(job)
    sys.argv = [*program, *job.hydra.overrides.task]
    with open_dict(job):
        del job["hydra"]
    pipe.send(_result_of(task, job))
    pipe.close()


def _result_of(task: TaskFunction, job: DictConfig) -> JobResult:
    try:
        value = task(job)
    except (Interrupted, KeyboardInterrupt) as error:
        return JobResult(status="interrupted", error=str(error) or "stopped at once by Ctrl-C")
    except UserError as error:
        return JobResult(status="failed", error=str(error))
    except Exception as error:
        # the run's record and log hold it, too; a sweep goes on
        traceback.print_exc()
        return JobResult(status="failed", error=f"{type(error).__name__}: {error}")
    return JobResult(status=getattr(value, "status", "finished"), value=value)


def _returned(job: DictConfig, words: Sequence[str], result: JobResult) -> JobReturn:
    answer = JobReturn(overrides=words, cfg=job, status=JobStatus.COMPLETED)
    answer.return_value = getattr(result.value, "score", result.value)
    return answer


@contextmanager
def _noting_interrupts() -> Iterator[list[int]]:
    """Ctrl-C reaches the job's process by itself; here it only means that no further job is started."""
    noted: list[int] = []

    def note(signum: int, frame: object) -> None:
        noted.append(signum)

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
