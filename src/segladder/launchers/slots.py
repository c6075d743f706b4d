"""How the jobs at work divide one machine: cores as threads, GPUs by which of them a job can see."""

from __future__ import annotations

import os
import resource
import subprocess
from dataclasses import dataclass

from segladder.runs.environment import usable_cores
from segladder.types import UserError

_OWN_FILES = 64
_FILES_OF_JOB = 24
"""File handles of the launcher itself, and for each job at work."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A job's share of the machine."""

    threads: int
    """Cores divided by slots."""
    gpus: tuple[str, ...]
    """As `CUDA_VISIBLE_DEVICES` names them; empty where there are none."""

    def environment(self, *, devices: int, accelerator: str) -> dict[str, str]:
        """What the job's process finds in its environment.

        Args:
            devices: processes that train together in the job.
            accelerator: `trainer.accelerator`.
        """
        found = {"SEGLADDER_THREADS": str(max(1, self.threads // devices))}
        if self.gpus and accelerator != "cpu":
            found["CUDA_VISIBLE_DEVICES"] = ",".join(self.gpus)
        return found


def divide(slots: object, *, jobs_per_gpu: object = 1, gpus: list[str] | None = None) -> list[Slot]:
    """The machine in so many shares.

    With one job per GPU each slot has as many GPUs as there are for it; with several, they share.

    Args:
        slots: jobs at once.
        jobs_per_gpu: slots that may share one GPU.
        gpus: those there are; None: those that this process can see.

    Raises:
        UserError: more slots than cores or places on GPUs.
    """
    for key, value in (("slots", slots), ("jobs_per_gpu", jobs_per_gpu)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UserError(f"hydra.launcher.{key} is {value!r}. Give a whole number from 1.")
    assert isinstance(slots, int) and isinstance(jobs_per_gpu, int)
    gpus = visible_gpus() if gpus is None else gpus
    cores = usable_cores()
    if gpus and slots > len(gpus) * jobs_per_gpu:
        need = -(-slots // len(gpus))
        raise UserError(
            f"hydra.launcher.slots is {slots}, but {len(gpus)} GPU{'s' * (len(gpus) > 1)} can be seen here, for"
            f" {jobs_per_gpu} job{'s' * (jobs_per_gpu > 1)} each. Give at most {len(gpus) * jobs_per_gpu}, or let jobs"
            f" share a GPU: hydra.launcher.jobs_per_gpu={need}."
        )
    if not gpus and jobs_per_gpu > 1:
        raise UserError(f"hydra.launcher.jobs_per_gpu is {jobs_per_gpu}, but no GPU can be seen here. Leave it out.")
    if not gpus and slots > cores:
        raise UserError(
            f"hydra.launcher.slots is {slots}, but this machine gives us {cores} core{'s' * (cores > 1)}."
            f" Give at most {cores}."
        )
    each = len(gpus) // slots
    return [
        Slot(
            threads=max(1, cores // slots),
            gpus=tuple(gpus[i * each : (i + 1) * each]) if each else tuple(gpus[i // jobs_per_gpu :][:1]),
        )
        for i in range(slots)
    ]


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; asks the driver, sets up nothing."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        named = [word.strip() for word in chosen.split(",")]
        return [] if named in ([""], ["-1"]) else named
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split() if done.returncode == 0 else []


def require_files(*, slots: int, workers: int) -> None:
    """Makes room for the file handles of jobs and their workers, which each hold some.

    Args:
        slots: jobs at once.
        workers: processes that read data for each job.

    Raises:
        UserError: the system allows too few.
    """
    wanted = _OWN_FILES + slots * _FILES_OF_JOB * (1 + workers)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = resource.RLIM_INFINITY
    if soft != infinite and soft < max(wanted, 4096):
        aim = max(wanted, 4096) if hard == infinite else min(hard, max(wanted, 4096))
        if aim > soft:
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
            soft = aim
    if soft != infinite and soft < wanted:
        raise UserError(
            f"{slots} job{'s' * (slots > 1)} at once may need {wanted} open files, but the limit is {soft}."
            f" Raise it (ulimit -n {wanted}), or give fewer hydra.launcher.slots."
        )
