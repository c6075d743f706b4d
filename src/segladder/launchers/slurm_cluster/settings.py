"""`hydra.launcher` of `hydra/launcher=slurm`: checked before anything is submitted, and as submitit takes it."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from segladder.config.suggest import did_you_mean
from segladder.launchers.work import Work
from segladder.types import UserError

Cluster = Literal["slurm", "local", "debug"]
_PROGRAMS = ("sbatch", "srun", "squeue", "scancel")

_OURS = {
    "nodes": "trainer.num_nodes says how many machines a job takes",
    "ntasks_per_node": "trainer.devices says how many processes a job has on each machine",
    "gpus_per_node": "it is a key of hydra.launcher itself",
    "time": "hydra.launcher.timeout_min is its place",
    "signal_delay_s": "it is a key of hydra.launcher itself",
    "use_srun": "one task on each machine is started by srun",
    "stderr_to_stdout": "both streams of a job go into one log",
    "array_parallelism": "hydra.launcher.slots says how many jobs are at work at once",
    "job_name": "each job is named after what it varies",
}
"""Parameters of submitit that are refused below `hydra.launcher.slurm`, and why."""

MOST = 1000
"""Jobs in a cluster's queue unless `slots` says otherwise; clusters refuse what goes beyond a limit of theirs."""

EXTRA = 5
"""Minutes of cluster time beyond `sweep.time_limit`, for starting and for saving."""


@dataclass(frozen=True, kw_only=True)
class SlurmSettings:
    """Everything below `hydra.launcher`; see conf/hydra/launcher/slurm.yaml for what each means."""

    cluster: Cluster = "slurm"
    slots: int | None = None
    timeout_min: int | None = None
    signal_delay_s: int = 120
    max_timeouts: int = 100
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gpus_per_node: int | None = None
    cpus_per_task: int | None = None
    mem_gb: float | None = None
    on_interrupt: Literal["leave", "save"] | None = None
    slurm: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> SlurmSettings:
        """
        Args:
            settings: plain values, as Hydra gives them to the launcher.

        Raises:
            UserError: one of them cannot be used, submitit is missing, or this machine reaches no cluster.
        """
        if importlib.util.find_spec("submitit") is None:
            raise UserError("hydra/launcher=slurm needs submitit: pip install 'segladder[slurm]'.")
        names = [entry.name for entry in fields(cls)]
        for key in settings:
            if key not in names:
                end = did_you_mean(key, names)
                more = " Other parameters of submitit go below hydra.launcher.slurm." if end == "." else ""
                raise UserError(f"hydra.launcher of hydra/launcher=slurm has no key '{key}'{end}{more}")
        plain = {key: value for key, value in settings.items() if value is not None}
        checked = cls(**plain | {"slurm": dict(plain.get("slurm", {}))})
        checked._check()
        return checked

    @property
    def leaves(self) -> bool:
        """Whether Ctrl-C leaves the jobs to the cluster."""
        return (self.on_interrupt or ("leave" if self.cluster == "slurm" else "save")) == "leave"

    @property
    def at_once(self) -> int:
        """Most jobs that are submitted and not yet done."""
        # submitit's executor of one machine starts whatever it is given at once
        return self.slots or (MOST if self.cluster == "slurm" else 1)

    def minutes(self, work: Work) -> int:
        """The time that the cluster is asked for; a job that needs more is queued again and goes on."""
        if self.timeout_min is not None:
            return self.timeout_min
        return 240 if work.time_limit is None else int(-(-work.time_limit // 60)) + EXTRA

    def gpus(self, work: Work) -> int | None:
        """GPUs on each machine: as said, else as many as the job trains on."""
        if self.gpus_per_node is not None:
            return self.gpus_per_node
        return work.devices if work.accelerator in ("gpu", "cuda") else None

    def parameters(self, work: Work) -> dict[str, Any]:
        """What `submitit.AutoExecutor.update_parameters` takes."""
        title = re.sub(r"[^A-Za-z0-9._+=,-]+", "_", work.title)[:60]
        own = dict(self.slurm)
        # a cluster may be set up not to queue a job again unless it asks for that
        additional = {"requeue": True} | dict(own.pop("additional_parameters", None) or {})
        arguments = list(own.pop("srun_args", None) or [])
        if work.nodes > 1:
            arguments = ["--kill-on-bad-exit=1", *arguments]
        return {
            "name": f"segladder {title}".replace(" ", "-"),
            "timeout_min": self.minutes(work),
            "nodes": work.nodes,
            "tasks_per_node": 1,
            "cpus_per_task": self.cpus_per_task,
            "gpus_per_node": self.gpus(work),
            "mem_gb": self.mem_gb,
            "stderr_to_stdout": True,
            "slurm_partition": self.partition,
            "slurm_account": self.account,
            "slurm_qos": self.qos,
            "slurm_constraint": self.constraint,
            "slurm_signal_delay_s": self.signal_delay_s,
            "slurm_additional_parameters": additional,
            "slurm_srun_args": arguments or None,
            "slurm_wckey": own.pop("wckey", "segladder"),
            **{f"slurm_{key}": value for key, value in own.items()},
        }

    def _check(self) -> None:
        if self.cluster not in get_args(Cluster):
            raise UserError(f"hydra.launcher.cluster is '{self.cluster}'; it is one of {', '.join(get_args(Cluster))}.")
        if self.on_interrupt not in (None, "leave", "save"):
            raise UserError(f"hydra.launcher.on_interrupt is '{self.on_interrupt}'; it is leave, save or null.")
        for key in ("slots", "timeout_min", "signal_delay_s", "max_timeouts", "cpus_per_task"):
            _positive(key, getattr(self, key))
        for key in ("gpus_per_node", "mem_gb"):
            value = getattr(self, key)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
                raise UserError(f"hydra.launcher.{key} is {value!r}; give a number from 0, or null.")
        if self.timeout_min is not None and self.cluster == "slurm" and self.timeout_min * 60 <= self.signal_delay_s:
            raise UserError(
                f"hydra.launcher.timeout_min={self.timeout_min} leaves no time to train: a job is asked to save its"
                f" state {self.signal_delay_s} s (hydra.launcher.signal_delay_s) before that."
            )
        self._check_own()
        if self.cluster == "slurm" and (missing := [name for name in _PROGRAMS if shutil.which(name) is None]):
            raise UserError(
                f"hydra/launcher=slurm finds no {' and no '.join(missing)} on this machine's PATH. Start the sweep on"
                " a login node of the cluster, or try it on this machine with hydra.launcher.cluster=local."
            )

    def _check_own(self) -> None:
        from submitit import SlurmExecutor

        known = sorted(SlurmExecutor._valid_parameters() - _OURS.keys())
        for key in self.slurm:
            if key in _OURS:
                raise UserError(f"hydra.launcher.slurm.{key} cannot be set: {_OURS[key]}.")
            if key not in known:
                end = did_you_mean(key, known)
                more = " Flags that submitit does not know go below additional_parameters." if end == "." else ""
                raise UserError(f"submitit has no parameter '{key}' for hydra.launcher.slurm{end}{more}")


def _positive(key: str, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise UserError(f"hydra.launcher.{key} is {value!r}; give a whole number from 1, or null.")
