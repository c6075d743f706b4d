"""Hydra's door to `segladder.launchers.slurm_cluster.executor`: jobs on a SLURM cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra_plugins.segladder_launcher import SweepLauncher

if TYPE_CHECKING:
    from segladder.launchers.work import Executor


class SlurmLauncher(SweepLauncher):
    """Submits each job of a sweep to a cluster and waits for them."""

    def check(self) -> None:
        # nothing is submitted before its first job
        self.executor()

    def executor(self) -> Executor:
        from pathlib import Path

        from omegaconf import OmegaConf

        from segladder.launchers.slurm_cluster.executor import ClusterExecutor

        settings = OmegaConf.to_container(OmegaConf.create(self.settings), resolve=True)
        assert isinstance(settings, dict) and self._config is not None
        return ClusterExecutor(
            {str(key): value for key, value in settings.items()},
            outputs=Path(str(OmegaConf.select(self._config, "paths.outputs") or "outputs")),
            fail_fast=bool(OmegaConf.select(self._config, "sweep.fail_fast")),
        )
