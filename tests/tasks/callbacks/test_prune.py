"""A trial reports each validation once, is ended where the pruner says so, and is judged alike when it is resumed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
import torch

from segladder.tasks.callbacks import Prune
from segladder.types import UserError

VALUES = [0.5, 0.6, 0.1, 0.7]


@pytest.fixture
def storage(tmp_path: Path) -> str:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = f"sqlite:///{tmp_path / 'search.db'}"
    study = optuna.create_study(study_name="s", storage=url, direction="maximize")
    study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING))
    return url


def validate(callback: Prune, values: list[float], *, epochs: int = 100, begin: int = 0) -> list[bool]:
    """Whether the trainer is told to stop after each validation; what Lightning does, without the training."""
    told = []
    progress = SimpleNamespace(batch_progress=SimpleNamespace(is_last_batch=True))
    trainer = SimpleNamespace(
        is_global_zero=True,
        sanity_checking=False,
        max_steps=-1,
        max_epochs=epochs,
        fit_loop=SimpleNamespace(epoch_loop=progress),
        strategy=SimpleNamespace(reduce_boolean_decision=lambda wish, all: wish),
    )
    callback.on_fit_start(trainer, None)
    for epoch, value in enumerate(values, start=begin):
        trainer.current_epoch, trainer.should_stop = epoch, False
        trainer.callback_metrics = {"val/miou": torch.tensor(value)}
        task = SimpleNamespace(monitor="val/miou", scores={"val": {"miou": value}})
        callback.on_validation_end(trainer, task)
        told.append(trainer.should_stop)
    return told


def made(storage: str, **settings) -> Prune:
    return Prune(storage=storage, study="s", trial=0, pruner="ThresholdPruner", pruner_settings=settings)


def reported(storage: str) -> dict[int, float]:
    return optuna.load_study(study_name="s", storage=storage).trials[0].intermediate_values


def test_it_stops_where_the_pruner_says_so(storage):
    callback = made(storage, lower=0.3)
    assert validate(callback, VALUES[:3]) == [False, False, True]
    assert callback.pruned_at == 2
    assert reported(storage) == dict(enumerate(VALUES[:3]))


def test_a_resumed_run_repeats_what_was_reported_and_is_judged_as_before(storage):
    first = made(storage, lower=0.3)
    validate(first, VALUES[:2])
    resumed = made(storage, lower=0.55)  # by now the first validation would be too low
    resumed.load_state_dict({"validations": 0})
    assert validate(resumed, VALUES[:2]) == [False, False]
    later = made(storage, lower=0.3)
    later.load_state_dict(resumed.state_dict())
    assert validate(later, VALUES[2:3], begin=2) == [True]


def test_a_run_that_was_pruned_and_killed_before_it_could_say_so_is_pruned_again(storage):
    validate(made(storage, lower=0.3), VALUES[:3])
    resumed = made(storage, lower=0.0)
    assert validate(resumed, VALUES[:3]) == [False, False, True]


def test_the_last_validation_prunes_nothing(storage):
    assert validate(made(storage, lower=0.3), VALUES[:3], epochs=3) == [False, False, False]
    assert reported(storage) == dict(enumerate(VALUES[:3]))


def test_an_undefined_score_is_not_reported(storage):
    assert validate(made(storage, lower=0.3), [float("nan"), 0.5]) == [False, False]
    assert reported(storage) == {1: 0.5}


def test_a_trial_that_is_not_there_is_told_in_a_sentence(storage):
    gone = Prune(storage=storage, study="s", trial=7, pruner="MedianPruner")
    with pytest.raises(UserError, match="has no trial 7"):
        validate(gone, VALUES)
