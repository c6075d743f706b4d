"""What Lightning is told about the processes of a run: they are there already, it has none to start."""

from __future__ import annotations

import socket

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.utilities.rank_zero import rank_zero_only

LOCALHOST = "127.0.0.1"


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


class RankEnvironment(ClusterEnvironment):
    """One process of a run, whoever started it.

    It stands in for Lightning's own detection of torchrun and SLURM, too: that would start processes anew with the
    words of the command line, take a batch job of several tasks for several processes, and requeue jobs by itself.
    """

    def __init__(self, *, local_rank: int, node: int, address: str, port: int) -> None:
        """
        Args:
            local_rank: which of its machine's devices is this process's.
            node: which of the machines it is on.
            address: machine of rank zero.
            port: where rank zero waits for the others.
        """
        super().__init__()
        self._local_rank, self._node, self._address, self._port = local_rank, node, address, port
        self._rank, self._size = 0, 1

    @classmethod
    def alone(cls) -> RankEnvironment:
        """The only process of its run."""
        return cls(local_rank=0, node=0, address=LOCALHOST, port=free_port())

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return self._address

    @property
    def main_port(self) -> int:
        return self._port

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self._size

    def set_world_size(self, size: int) -> None:
        self._size = size

    def global_rank(self) -> int:
        return self._rank

    def set_global_rank(self, rank: int) -> None:
        self._rank = rank
        rank_zero_only.rank = rank  # type: ignore[attr-defined]

    def local_rank(self) -> int:
        return self._local_rank

    def node_rank(self) -> int:
        return self._node
