"""Hydra's door to `segladder.launchers.process`: Hydra takes launchers from this namespace alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


class ProcessLauncher(Launcher):
    """Runs the jobs of a sweep one after another, each in a process of its own."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._context: HydraContext | None = None
        self._task: TaskFunction | None = None
        self._config: DictConfig | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._context, self._task, self._config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from segladder.launchers.process import launch

        assert self._context is not None and self._task is not None and self._config is not None
        return launch(self._context, self._task, self._config, job_overrides, first=initial_job_idx, **self._settings)
