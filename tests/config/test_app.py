"""The true command line of a small application, each call a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def app(tmp_path):
    def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(HERE / "toys"), **environment}
        command = [sys.executable, str(HERE / "toys" / "toyapp.py"), *argv]
        return subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True, check=False)

    return run


def test_a_run_gets_its_config_and_its_paths_literally(app) -> None:
    done = app("loss=0.5dice+ce", "loss.weights.dice=3", "data.root=/a=b~(c,d)#[&")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "loss: ce+3*dice root: /a=b~(c,d)#[& False\n"


def test_a_sweep_runs_every_loss_and_drops_settings_of_absent_terms(app) -> None:
    done = app("-m", "loss=ce,dice,dice+ce", "loss.terms.dice.smooth=0")
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.splitlines() if line.startswith(("loss:", "warning:"))]
    assert printed == [
        "warning: Settings of 'dice' have no effect: the loss is 'ce'.",
        "loss: ce root: None False",
        "loss: dice root: None False",
        "loss: ce+dice root: None False",
    ]


def test_flags_may_stand_between_overrides(app) -> None:
    done = app("loss.weights.ce=2", "-m", "loss=ce,dice+ce", "--config-dir", str(HERE / "own"), "data.root=/x")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("loss:")] == [
        "loss: 2*ce root: /x False",
        "loss: 2*ce+dice root: /x False",
    ]


def test_the_config_and_the_defaults_list_are_shown(app) -> None:
    shown = app("--cfg", "job", "loss=mine+ce", "--config-dir", str(HERE / "own"))
    assert "expr: ce+mine" in shown.stdout, shown.stderr
    assert "smooth: 2.0" in shown.stdout
    listed = app("--info", "defaults", "loss=dice+ce")
    assert "loss/term/dice" in listed.stdout, listed.stderr


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["loss=dise+ce"], "segladder: There is no loss term 'dise' in loss=dise+ce: did you mean 'dice'?"),
        (["-m", "loss=ce,dise"], "segladder: There is no loss term 'dise': did you mean 'dice'?"),
        (["loss=null"], "segladder: loss=null would leave nothing to train with."),
        (["loss=ce", "loss.terms.dice.smooth=0"], "segladder: The loss 'ce' has no term 'dice'."),
        (["--cfg", "job", "loss=ce", "loss.terms.dice.smooth=0"], "segladder: The loss 'ce' has no term 'dice'."),
        (["loss.terms.dise.smooth=0"], "segladder: There is no loss term 'dise': did you mean 'dice'?"),
        (["data=folder"], "segladder: 'data.root' has no value yet."),
        (["--config-dir", "nowhere"], "segladder: Additional config directory"),
        (["--cfg", "job", "trainer.max_epoch=5"], "segladder: Unknown key 'trainer.max_epoch'"),
        (["--info", "defaults", "modle=unet", "loss=dise"], "segladder: There is no loss term 'dise'"),
    ],
)
def test_a_mistake_ends_in_one_sentence_and_exit_code_1(app, argv, sentence) -> None:
    done = app(*argv)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_completion_knows_terms_sums_and_models(app) -> None:
    def complete(line: str) -> list[str]:
        return app("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line))).stdout.split()

    assert "hydra_bash_completion" in app("-sc", "install=bash").stdout
    assert complete("python toyapp.py loss=") == ["loss=ce", "loss=dice", "loss=focal"]
    assert complete("python toyapp.py loss=dice+") == ["loss=dice+ce", "loss=dice+focal"]
    assert complete("python toyapp.py model=u") == ["model=unet"]
    assert complete("python toyapp.py trainer.max_e") == ["trainer.max_epochs="]
