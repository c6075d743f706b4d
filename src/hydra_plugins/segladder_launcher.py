"""Hydra's doors to `segladder.launchers`: Hydra takes launchers from this namespace alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from segladder.launchers.work import Executor


class SweepLauncher(Launcher):
    """Plans the jobs of a sweep and runs them wherever its executor does; what all our launchers share."""

    forks = False
    """Whether its jobs are forked on this machine."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        """Everything below `hydra.launcher`."""
        self._context: HydraContext | None = None
        self._task: TaskFunction | None = None
        self._config: DictConfig | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._context, self._task, self._config = hydra_context, task_function, config

    def check(self) -> None:
        """Refuses settings that make no sense here, before any job is composed.

        Raises:
            UserError: a setting of the launcher.
        """

    @abstractmethod
    def executor(self) -> Executor:
        """What runs the jobs; asked for after all of them are planned and some are to run."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from segladder.launchers.sweep import run_sweep

        assert self._context is not None and self._task is not None and self._config is not None
        self.check()
        return run_sweep(
            self._context,
            self._task,
            self._config,
            job_overrides,
            first=initial_job_idx,
            make_executor=self.executor,
            slots=self.settings.get("slots"),
            forks=self.forks,
        )


class ProcessLauncher(SweepLauncher):
    """Runs the jobs of a sweep on this machine, each in a process of its own, `slots` at once."""

    forks = True

    def check(self) -> None:
        # an executor of processes starts nothing before its first job
        self.executor()

    def executor(self) -> Executor:
        from segladder.launchers.process import ProcessExecutor

        return ProcessExecutor(**self.settings)
