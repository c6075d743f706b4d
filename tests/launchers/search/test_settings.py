"""What is set below `hydra.sweeper`."""

from __future__ import annotations

import sys

import pytest

from segladder.launchers.search.settings import PRUNERS, SAMPLERS, Settings
from segladder.types import UserError

GIVEN = {"n_trials": 3, "sampler": "tpe"}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_can_be_made(sampler):
    settings = Settings.of(GIVEN | {"sampler": sampler})
    assert type(settings.make_sampler(0)).__name__ == SAMPLERS[sampler]


@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_pruner_can_be_made(pruner):
    needed = {"percentile": {"percentile": 25.0}, "threshold": {"lower": 0.1}}.get(pruner)
    settings = Settings.of(GIVEN | {"pruner": pruner, "pruner_settings": needed})
    assert type(settings.make_pruner()).__name__ == PRUNERS[pruner]


def test_values_of_the_yaml_become_words():
    params = {"a": None, "b": True, "c": [1, None], "d": 0.1, "loss": "ce,dice"}
    assert Settings.of(GIVEN | {"params": params}).params == {
        "a": "null",
        "b": "true",
        "c": "[1,null]",
        "d": "0.1",
        "loss": "ce,dice",
    }


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n_trials": 0}, "n_trials is 0. Give a whole number from 1"),
        ({"n_trials": True}, "n_trials is True"),
        ({"n_trials": "many"}, "n_trials is 'many'"),
        ({"seed": -1}, "seed is -1"),
        ({"sampler": "tpo"}, "did you mean 'tpe'"),
        ({"sampler": None}, "sampler is 'None'"),
        ({"pruner": "medain"}, "did you mean 'median'"),
        ({"pruner": "percentile"}, "refuses its settings: .*percentile"),
        ({"pruner": "median", "pruner_settings": {"warmup": 3}}, "'median' has no setting 'warmup'"),
        ({"sampler_settings": {"n_startup": 3}}, "did you mean 'n_startup_trials'"),
        ({"sampler_settings": 3}, "Give settings by name"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(given, sentence):
    with pytest.raises(UserError, match=sentence):
        Settings.of(GIVEN | given)


def test_settings_of_no_pruner_warn():
    with pytest.warns(UserWarning, match="no effect without a pruner"):
        Settings.of(GIVEN | {"pruner_settings": {"n_startup_trials": 3}})


def test_without_optuna_the_message_names_the_extra(monkeypatch, tmp_path):
    (tmp_path / "optuna.py").write_text("raise ModuleNotFoundError(\"No module named 'optuna'\", name='optuna')\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "optuna"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UserError, match=r"pip install 'segladder\[optuna\]'"):
        Settings.of(GIVEN)
