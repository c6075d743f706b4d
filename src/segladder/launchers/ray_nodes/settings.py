"""`hydra.launcher` of `hydra/launcher=ray`: checked before anything starts, and what a job asks of a node."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segladder.config.suggest import did_you_mean
from segladder.launchers.work import Work
from segladder.types import UserError


@dataclass(frozen=True, kw_only=True)
class Request:
    """What one job holds of one node while it is at work."""

    cpus: float
    gpus: float = 0.0
    memory: int = 0
    """Bytes."""
    resources: tuple[tuple[str, float], ...] = ()
    """Of the cluster's own making, such as `a100`."""

    def __str__(self) -> str:
        words = [f"{self.cpus:g} CPU{'s' * (self.cpus != 1)}"]
        if self.gpus:
            words.append(f"{self.gpus:g} GPU{'s' * (self.gpus > 1)}")
        if self.memory:
            words.append(f"{self.memory / 2**30:g} GiB of memory")
        words += [f"{amount:g} {name}" for name, amount in self.resources]
        return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

    def fits(self, node: Mapping[str, float]) -> int:
        """How many such jobs a node can hold at once.

        Args:
            node: all that it has, as `ray.nodes()` tells it.
        """
        found = [node.get("CPU", 0.0) / self.cpus]
        gpus = node.get("GPU", 0.0)
        if 0 < self.gpus < 1:
            # a job's share is of one GPU
            found.append(math.floor(gpus) * math.floor(1 / self.gpus + 1e-6))
        elif self.gpus:
            found.append(gpus / self.gpus)
        if self.memory:
            found.append(node.get("memory", 0.0) / self.memory)
        found += [node.get(name, 0.0) / amount for name, amount in self.resources]
        return math.floor(min(found) + 1e-6)

    def options(self) -> dict[str, Any]:
        """As Ray's `.options()` takes it."""
        memory = {"memory": self.memory} if self.memory else {}
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "resources": dict(self.resources), **memory}


@dataclass(frozen=True, kw_only=True)
class RaySettings:
    """Everything below `hydra.launcher`; see conf/hydra/launcher/ray.yaml for what each means."""

    address: str | None = None
    slots: int | None = None
    cpus: float = 1
    gpus: float | None = None
    memory_gb: float | None = None
    resources: dict[str, float] = field(default_factory=dict)
    runtime_env: dict[str, Any] = field(default_factory=dict)
    grace: float = 30

    @classmethod
    def checked(cls, settings: Mapping[str, Any]) -> RaySettings:
        """
        Args:
            settings: plain values, as Hydra gives them to the launcher.

        Raises:
            UserError: one of them cannot be used.
        """
        names = [entry.name for entry in fields(cls)]
        for key in settings:
            if key not in names:
                raise UserError(f"hydra.launcher of hydra/launcher=ray has no key '{key}'{did_you_mean(key, names)}")
        checked = cls(**{key: value for key, value in settings.items() if value is not None})
        checked._check()
        return checked

    def request(self, work: Work, *, gpus_there: bool) -> Request:
        """What a job asks of the node that it runs on.

        Args:
            work: the job.
            gpus_there: whether any node of the cluster has GPUs.

        Raises:
            UserError: it asks for what Ray cannot give it.
        """
        if work.nodes > 1:
            raise UserError(
                f"{work.title}: trainer.num_nodes is {work.nodes}, but a job over Ray runs on one node. Use"
                " hydra/launcher=slurm, or start single runs with torchrun (docs/distributed.md)."
            )
        needs_gpu = work.accelerator in ("gpu", "cuda")
        if self.gpus is None:
            each = 1.0 if needs_gpu or (gpus_there and work.accelerator == "auto") else 0.0
        else:
            each = float(self.gpus) if work.accelerator != "cpu" else 0.0
        if needs_gpu and not each:
            raise UserError(
                f"{work.title}: trainer.accelerator is {work.accelerator}, but hydra.launcher.gpus is 0. Give 1, or a"
                " part such as 0.25, or leave it null."
            )
        if work.devices > 1 and 0 < each < 1:
            raise UserError(
                f"{work.title}: trainer.devices is {work.devices}, and each of them needs a whole GPU, but"
                f" hydra.launcher.gpus is {each:g}. Give 1, or trainer.devices=1."
            )
        return Request(
            cpus=self.cpus * work.devices,
            gpus=each * work.devices,
            memory=int((self.memory_gb or 0) * 2**30),
            resources=tuple(sorted((name, float(amount)) for name, amount in self.resources.items())),
        )

    def _check(self) -> None:
        if self.address is not None and (not isinstance(self.address, str) or not self.address.strip()):
            raise UserError(
                f"hydra.launcher.address is {self.address!r}; give host:port, ray://host:port, auto, or null."
            )
        if self.slots is not None and (isinstance(self.slots, bool) or not isinstance(self.slots, int)):
            raise UserError(f"hydra.launcher.slots is {self.slots!r}; give a whole number from 1, or null.")
        if self.slots is not None and self.slots < 1:
            raise UserError(f"hydra.launcher.slots is {self.slots}; give a whole number from 1, or null.")
        if not _number(self.cpus) or self.cpus <= 0 or (self.cpus > 1 and self.cpus != int(self.cpus)):
            raise UserError(f"hydra.launcher.cpus is {self.cpus!r}; give a whole number from 1, or a part such as 0.5.")
        if self.gpus is not None and (not _number(self.gpus) or not 0 <= self.gpus <= 1):
            raise UserError(
                f"hydra.launcher.gpus is {self.gpus!r}; give 0, 1, a part such as 0.25 where jobs share a GPU, or null."
                " A job on several GPUs is asked for with trainer.devices."
            )
        for key in ("memory_gb", "grace"):
            value = getattr(self, key)
            if value is not None and (not _number(value) or value < 0):
                raise UserError(f"hydra.launcher.{key} is {value!r}; give a number from 0.")
        if not isinstance(self.runtime_env, dict):
            raise UserError(f"hydra.launcher.runtime_env is {self.runtime_env!r}; give {{env_vars: {{NAME: value}}}}.")
        if not isinstance(self.resources, dict):
            raise UserError(f"hydra.launcher.resources is {self.resources!r}; give {{name: amount}}.")
        for name, amount in self.resources.items():
            if name in ("CPU", "GPU", "memory"):
                own = {"CPU": "cpus", "GPU": "gpus", "memory": "memory_gb"}[name]
                raise UserError(f"hydra.launcher.resources.{name} cannot be set: hydra.launcher.{own} is its place.")
            if not _number(amount) or amount <= 0:
                raise UserError(f"hydra.launcher.resources.{name} is {amount!r}; give a number above 0.")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
