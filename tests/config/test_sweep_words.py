"""Words about sweeps that make no sense are refused, and those without an effect are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from segladder.config.composition import Composition
from segladder.config.sweep_words import refuse_sweep_words
from segladder.config.words import prepare_overrides
from segladder.types import UserError

CONF = Path(__file__).parents[2] / "conf"


def told(*words: str, sweep: bool = False, own: Path | None = None, command: str = "train") -> list[str]:
    prepared = prepare_overrides(words, sweep=sweep)
    context = Composition(CONF, command, tuple(prepared), (own,) if own else ())
    return refuse_sweep_words(prepared, sweep=sweep, context=context)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("hydra.launcher.slots=1,2", "sweep over how the sweep itself is run. Give hydra.launcher.slots one value"),
        ("hydra/launcher=process,slurm", "sweep over how the sweep itself is run. Give hydra/launcher one value"),
        ("hydra.sweeper.params.seed=1,2", "Write the key itself: seed=…"),
        ("sweep.retry=true,false", "Give sweep.retry one value"),
        ("sweep.time_limit=choice(1,2)", "Give sweep.time_limit one value"),
        ("study=unet_depth,rungs", "names several sweeps. Start each by itself"),
        ("study_name=a,b", "once for each folder. Give study_name one value"),
        ("paths.outputs=/a,/b", "once for each folder. Give paths.outputs one value"),
        ("name=a,b", "Leave it out: jobs are named after the settings that they differ in"),
        ("optimizer.lr=interval(0.1,1)", "Add hydra/sweeper=optuna to search it, or list values: optimizer.lr="),
        ("optimizer.lr=tag(log,interval(0.1,1))", "a grid has no ranges"),
        ("sweep.varying=[seed]", "the sweep itself fills in sweep.varying"),
        ("sweep.dry=1", "sweep.dry is 1. Give true or false"),
        ("sweep.dry=yes", "sweep.dry is 'yes'. Give true or false"),
        ("sweep.fail_fast=null", "sweep.fail_fast is None. Give true or false"),
        ("sweep.time_limit=0", "sweep.time_limit is 0. Give the minutes that a job may take, above 0, or null"),
        ("sweep.time_limit=-2.5", "sweep.time_limit is -2.5"),
        ("sweep.time_limit=nan", "sweep.time_limit is nan"),
        ("sweep.time_limit=5m", "sweep.time_limit is '5m'"),
        ("sweep.time_limit=true", "sweep.time_limit is True"),
    ],
)
def test_a_sweep_refuses(word: str, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        told(word, "seed=1,2", sweep=True)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    "words",
    [
        ("seed=1,2", "loss=ce,dice+ce", "sweep.time_limit=0.5", "sweep.fail_fast=true", "sweep.dry=true"),
        ("hydra.launcher.slots=2", "name=mine", "study_name=mine", "paths.outputs=/a,b/c", "seed=1,2"),
        ("experiment=lab,null", "debug=null,fast", "model.depth=range(2,5)", "data=glob(d*)"),
        ("hydra/sweeper=optuna", "optimizer.lr=tag(log,interval(1e-4,1e-1))", "hydra.sweeper.n_trials=3"),
        ("hydra/sweeper=optuna_unet", "model=unet"),
        ("study=unet_depth", "seed=1,2"),
        ("modle=a,b",),
        ("loss=ce,[",),
    ],
)
def test_a_sweep_that_makes_sense_passes_and_other_mistakes_are_left_to_hydra(words, tmp_path, monkeypatch) -> None:
    (tmp_path / "a,b" / "c").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert told(*(word.replace("/a,b", "a,b") for word in words), sweep=True) == []


def test_what_a_study_or_a_search_space_asks_for_is_checked_like_what_is_typed(tmp_path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "hydra" / "sweeper").mkdir(parents=True)
    params = "hydra: {sweeper: {params: {optimizer.lr: 'interval(0.1,1)', seed: '1,2'}}}\n"
    (tmp_path / "study" / "ranges.yaml").write_text(f"# @package _global_\n{params}")
    (tmp_path / "study" / "names.yaml").write_text("# @package _global_\nhydra: {sweeper: {params: {name: 'a,b'}}}\n")
    (tmp_path / "hydra" / "sweeper" / "optuna_mine.yaml").write_text(
        "defaults: [optuna]\nparams: {optimizer.lr: 'interval(0.1,1)'}\n"
    )
    with pytest.raises(UserError, match=r"'optimizer.lr=interval\(0.1,1\)' is a range"):
        told("study=ranges", sweep=True, own=tmp_path)
    with pytest.raises(UserError, match="'name=a,b' would do the same run"):
        told("study=names", sweep=True, own=tmp_path)
    assert told("study=ranges", "hydra/sweeper=optuna", sweep=True, own=tmp_path) == []
    assert told("hydra/sweeper=optuna_mine", sweep=True, own=tmp_path) == []


@pytest.mark.parametrize("sweep", [False, True])
@pytest.mark.parametrize(
    "word",
    [
        "hydra.run.dir=/x",
        "hydra.sweep.dir=x",
        "hydra.sweep.subdir=1,2",
        "hydra.job.chdir=true",
        "hydra.output_subdir=.hydra",
        "++hydra.run.dir=x",
    ],
)
def test_words_for_folders_of_hydras_are_refused(word: str, sweep: bool) -> None:
    with pytest.raises(UserError, match=r"run folders are segladder's own\. paths\.outputs=DIR"):
        told(word, sweep=sweep)


def test_words_for_folders_that_change_nothing_pass() -> None:
    assert told("hydra.output_subdir=null", "hydra.job.chdir=false", "hydra.run.dir=.") == []


def test_a_single_run_refuses_or_tells_what_belongs_to_a_sweep() -> None:
    with pytest.raises(UserError, match=r"sweep\.dry=true lists the jobs of a sweep.*Add -m"):
        told("sweep.dry=true")
    with pytest.raises(UserError, match="Give true or false"):
        told("sweep.dry=maybe")
    with pytest.raises(UserError, match="above 0, or null"):
        told("sweep.time_limit=0")
    with pytest.raises(UserError, match="Add -m hydra/sweeper=optuna to search"):
        told("optimizer.lr=interval(0,1)")
    with pytest.raises(UserError, match=r"fills in sweep\.search"):
        told("sweep.search={trial:1}")
    assert told("sweep.dry=false", "sweep.rerun=all", "sweep.time_limit=null", "seed=1") == []
    assert told("sweep.fail_fast=true", "sweep.time_limit=3", "sweep.retry=true") == [
        f"'{word}' has no effect: it belongs to a sweep. Add -m, or leave it out."
        for word in ("sweep.fail_fast=true", "sweep.time_limit=3", "sweep.retry=true")
    ]


def test_a_command_without_sweeps_leaves_their_words_to_hydra() -> None:
    assert told("sweep.dry=true", command="predict") == []


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("+foo=1", "'+foo=1' adds a key that nothing reads. Unknown key 'foo'."),
        ("++sede=1", "did you mean 'seed'?"),
        ("+max_epochs=5", "did you mean 'trainer.max_epochs'?"),
        ("+modle.depth=3", "did you mean 'model'?"),
        ("+foo=1,2", "adds a key that nothing reads"),
    ],
)
def test_a_new_key_that_nothing_reads_is_refused(word: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        told(word, sweep="," in word)
    assert hint in str(error.value)


def test_new_keys_that_something_reads_pass(tmp_path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("x: 1\n")
    text = "# @package _global_\ntrainer: {max_epochs: '${epochs}'}\noptimizer: {lr: '${oc.select:knobs.lr,0.1}'}\n"
    (tmp_path / "experiment" / "own.yaml").write_text(text)
    own = {"own": tmp_path}
    assert told("experiment=own", "+epochs=3", "+knobs.lr=0.2", **own) == []
    with pytest.raises(UserError, match="nothing reads"):
        told("+epochs=3", **own)
    assert told("+depth=3", "model.depth=${depth}") == []
    assert told("+depth=3", "model.depth=${depth},2", sweep=True) == []
    assert told("+mine=a", **own) == []
    assert told("+trainer.detect_anomaly=true", "++seed=3", "+callbacks.x._target_=a.B") == []
    assert told("+backbone=resnet18", command="evaluate") == []
