"""A trial of a search that falls behind the others is ended early; how far it came is told to the search's database."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung

PRUNED_AT = "pruned_at"
"""Attribute of a trial: the validation that ended it."""


class Prune(Callback):
    """Reports the monitored value after each validation, and stops training where the pruner says so.

    It stops as early stopping does, so the epoch's checkpoints are written and all processes of a parallel run leave
    together; `trainer.min_epochs` is respected. The process of rank zero alone knows the database. A resumed run
    repeats what the uncut one reported and is judged as that was.

    Optuna behaviours this leans on (4 and 5): a `Trial` made of a study and an id goes on with a running trial.
    """

    def __init__(
        self, *, storage: str, study: str, trial: int, pruner: str, pruner_settings: Mapping[str, Any] | None = None
    ) -> None:
        """
        Args:
            storage: URL of the search's database.
            study: its name in there.
            trial: number of the trial that this run is.
            pruner: class in `optuna.pruners`.
            pruner_settings: its arguments.
        """
        self._storage, self._study, self._number = storage, study, trial
        self._pruner, self._settings = pruner, dict(pruner_settings or {})
        self._trial: Any = None
        self._validations = 0
        self.pruned_at: int | None = None
        """The validation, from 0, that ended the run; None while it goes on."""

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            self._trial = self._open()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        task = cast("Rung", pl_module)
        value = trainer.callback_metrics.get(task.monitor)
        if value is None:
            return
        score = task.scores["val"].get(task.monitor.removeprefix("val/"), float(value))
        step, self._validations = self._validations, self._validations + 1
        # there is nothing to save by ending what is about to end
        behind = self._trial is not None and self._behind(score, step, last=_is_last(trainer))
        if trainer.strategy.reduce_boolean_decision(behind, all=False):
            self.pruned_at = step
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._validations = int(state_dict["validations"])

    def _behind(self, score: float, step: int, *, last: bool) -> bool:
        known = self._trial.study.get_trials(deepcopy=False)[self._number]
        if step in known.intermediate_values:
            return bool(known.user_attrs.get(PRUNED_AT) == step)
        if math.isnan(score):
            return False
        self._trial.report(score, step)
        if last or not self._trial.should_prune():
            return False
        self._trial.set_user_attr(PRUNED_AT, step)
        return True

    def _open(self) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study = optuna.load_study(
                study_name=self._study,
                storage=optuna.storages.RDBStorage(self._storage, engine_kwargs={"connect_args": {"timeout": 60}}),
                sampler=optuna.samplers.RandomSampler(),
                pruner=getattr(optuna.pruners, self._pruner)(**self._settings),
            )
            found = study.get_trials(deepcopy=False)[self._number]
        except (KeyError, IndexError) as error:
            raise UserError(
                f"The search '{self._study}' in {self._storage} has no trial {self._number}. Start the search again"
                " rather than one of its jobs."
            ) from error
        return optuna.trial.Trial(study, found._trial_id)


def _is_last(trainer: Trainer) -> bool:
    """Whether training ends with this validation in any case."""
    if trainer.max_steps > 0 and trainer.global_step >= trainer.max_steps:
        return True
    epochs = trainer.max_epochs
    within = trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
    return bool(epochs and epochs > 0 and trainer.current_epoch + 1 >= epochs and within)
