"""Hydra's door to `segladder.launchers.ray_nodes.executor`: jobs on a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra_plugins.segladder_launcher import SweepLauncher

if TYPE_CHECKING:
    from segladder.launchers.ray_nodes.executor import RayExecutor
    from segladder.launchers.work import Executor


class RayLauncher(SweepLauncher):
    """Runs the jobs of a sweep wherever a Ray cluster has room for them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._executor: RayExecutor | None = None

    def executor(self) -> Executor:
        import atexit

        from omegaconf import OmegaConf

        from segladder.launchers.ray_nodes.executor import RayExecutor

        if self._executor is None:
            # kept for the batches of a search: connecting takes seconds, and so do the imports on the nodes
            settings = OmegaConf.to_container(OmegaConf.create(self.settings), resolve=True)
            assert isinstance(settings, dict)
            self._executor = RayExecutor({str(key): value for key, value in settings.items()})
            atexit.register(self._executor.shut_down)
        return self._executor
