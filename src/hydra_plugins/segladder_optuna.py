"""Hydra's door to a search: trials that Optuna asks for, run by whichever launcher was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra.plugins.sweeper import Sweeper

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


class OptunaSweeper(Sweeper):
    """Searches the values of several-valued words instead of trying all combinations of them."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        """Everything below `hydra.sweeper`."""
        self.hydra_context: HydraContext | None = None
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self._task: TaskFunction | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from hydra.core.plugins import Plugins

        self.hydra_context, self._task, self.config = hydra_context, task_function, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from segladder.launchers.search.loop import search

        assert self.hydra_context is not None and self._task is not None
        assert self.config is not None and self.launcher is not None
        return search(
            self.hydra_context, self._task, self.config, self.launcher, settings=self.settings, arguments=arguments
        )
