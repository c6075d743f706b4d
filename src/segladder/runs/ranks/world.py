"""Which process of a parallel run this one is, as its starter says: nobody, torchrun, SLURM's srun, or a hand."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from segladder.types import UserError

_INTERACTIVE = ("bash", "interactive")
"""Names of SLURM jobs that are a shell: what is typed there was started by the person."""


@dataclass(frozen=True, kw_only=True)
class World:
    """The processes that were started from outside to run together, and this one among them.

    A process that was started by itself is a world of one. What each of them starts on its own machine is not counted.
    """

    starter: str
    """For messages: `torchrun`, `srun`, …; empty for a process by itself."""
    size: int = 1
    rank: int = 0
    local_rank: int = 0
    node: int = 0
    token: str = ""
    """Equal for all processes of one start."""
    address: str | None = None
    """The machine of rank zero where the starter named it."""
    port: int | None = None

    @classmethod
    def here(cls, env: Mapping[str, str] | None = None) -> World:
        """The world that this process was started in.

        Raises:
            UserError: the starter's variables do not fit each other.
        """
        env = os.environ if env is None else env
        if {"RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= env.keys():
            return cls(
                starter="torchrun" if "TORCHELASTIC_RUN_ID" in env else "the environment (WORLD_SIZE)",
                size=_number(env, "WORLD_SIZE"),
                rank=_number(env, "RANK"),
                local_rank=_number(env, "LOCAL_RANK"),
                node=_number(env, "GROUP_RANK" if "GROUP_RANK" in env else "NODE_RANK", 0),
                token=_token(
                    env, "TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE"
                ),
                address=env["MASTER_ADDR"],
                port=_number(env, "MASTER_PORT"),
            )
        # a batch script has SLURM_NTASKS and SLURM_PROCID, too; only what srun starts has a step
        if "SLURM_STEP_ID" in env and "SLURM_PROCID" in env and env.get("SLURM_JOB_NAME") not in _INTERACTIVE:
            size = _number(env, "SLURM_STEP_NUM_TASKS" if "SLURM_STEP_NUM_TASKS" in env else "SLURM_NTASKS", 1)
            several = _number(env, "SLURM_STEP_NUM_NODES" if "SLURM_STEP_NUM_NODES" in env else "SLURM_NNODES", 1) > 1
            here = env.get("SLURMD_NODENAME") or socket.gethostname()
            return cls(
                starter="srun",
                size=size,
                rank=_number(env, "SLURM_PROCID"),
                local_rank=_number(env, "SLURM_LOCALID", 0),
                node=_number(env, "SLURM_NODEID", 0),
                token=_token(env, "SLURM_CLUSTER_NAME", "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
                address=env.get("MASTER_ADDR") or (here if several else None),
                port=_number(env, "MASTER_PORT") if "MASTER_PORT" in env else None,
            )
        return cls(starter="")

    @classmethod
    def of_nodes(cls, nodes: int, env: Mapping[str, str] | None = None) -> World:
        """The world of a run that was started by hand, once on each of several machines.

        Raises:
            UserError: a variable that tells the machines from each other is missing.
        """
        env = os.environ if env is None else env
        missing = [name for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK") if name not in env]
        if missing:
            raise UserError(
                f"trainer.num_nodes is {nodes}, and {', '.join(missing)} is not set. Start the command on each machine"
                f" by torchrun or srun, or with MASTER_ADDR, MASTER_PORT and its own NODE_RANK in the environment."
            )
        rank = _number(env, "NODE_RANK")
        if rank >= nodes:
            raise UserError(f"NODE_RANK is {rank}, and trainer.num_nodes={nodes} numbers machines 0 to {nodes - 1}.")
        return cls(
            starter="hand",
            size=nodes,
            rank=rank,
            node=rank,
            token=_token(env, "MASTER_ADDR", "MASTER_PORT"),
            address=env["MASTER_ADDR"],
            port=_number(env, "MASTER_PORT"),
        )

    def started_here(self, *, devices: int, nodes: int) -> list[int]:
        """The local ranks that this process has to start, so that there is one process per device.

        Args:
            devices: `trainer.devices`, on each machine.
            nodes: `trainer.num_nodes`.

        Raises:
            UserError: the trainer's numbers do not fit the processes that were started.
        """
        if self.size == nodes and self.local_rank == 0:
            return list(range(1, devices))
        if self.size == devices * nodes and self.local_rank < devices:
            return []
        machines = "machine" if nodes == 1 else "machines"
        advice = (
            f"trainer.devices={self.size}"
            if nodes == 1
            else f"trainer.devices and trainer.num_nodes whose product is {self.size}, all machines alike"
        )
        raise UserError(
            f"{self.starter} has started {self.size} processes, and trainer.devices={devices} on {nodes} {machines}"
            f" (trainer.num_nodes) needs {devices * nodes}. Give {advice}, or start as many as there are devices."
        )


def _number(env: Mapping[str, str], name: str, otherwise: int | None = None) -> int:
    text = env.get(name)
    if text is None and otherwise is not None:
        return otherwise
    if text is None or not text.isdigit():
        raise UserError(f"{name} is {text!r} in the environment, where a number belongs. Unset it, or set it right.")
    return int(text)


def _token(env: Mapping[str, str], *names: str) -> str:
    return " ".join(f"{name}={env[name]}" for name in names if name in env)
