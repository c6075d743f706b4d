"""A search's trials on disk."""

from __future__ import annotations

import pytest

from segladder.launchers.search.objectives import Objective
from segladder.launchers.search.settings import Settings
from segladder.launchers.search.space import Dimension, Space
from segladder.launchers.search.study import SearchStudy, alone, definition_of
from segladder.launchers.search.summary import command_line, summary
from segladder.types import UserError

LR = Dimension(key="optimizer.lr", word="optimizer.lr", typed="interval", low=1e-4, high=1e-1, log=True)
LOSS = Dimension(key="loss", word="loss", typed="ce,dice", choices=("ce", "dice"))
DEPTH = Dimension(key="model.depth", word="model.depth", typed="range(2,5)", choices=("2", "3", "4"), ordered=True)
SPACE = Space(dimensions=(LR, LOSS, DEPTH), fixed=("model=unet", "paths.outputs='x y'"))
MIOU = Objective(name="miou", direction="maximize")
FEW = {"n_trials": 8, "sampler_settings": {"n_startup_trials": 3}}


def opened(folder, *, space=SPACE, objectives=(MIOU,), sampler="tpe") -> SearchStudy:
    settings = Settings.of(FEW | {"sampler": sampler} | ({} if sampler == "tpe" else {"sampler_settings": None}))
    return SearchStudy(folder, "s", space, objectives, settings)


def worth(params) -> float:
    return params["optimizer.lr"] + (params["loss"] == "dice") + params["model.depth"]


def run(study: SearchStudy, count: int) -> list[dict]:
    for _ in range(count):
        trial = study.ask()
        study.tell(trial.number, "COMPLETE", values=[worth(trial.params)], folder=None)
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_opened_anew_before_each_trial_asks_what_an_uncut_one_does(sampler, tmp_path):
    for name in ("uncut", "cut"):
        (tmp_path / name).mkdir()
    whole = run(opened(tmp_path / "uncut", sampler=sampler), 6)
    for _ in range(6):
        pieces = run(opened(tmp_path / "cut", sampler=sampler), 1)
    assert pieces == whole
    assert len({str(params) for params in whole}) > 3


def test_a_trial_left_running_is_found_with_its_parameters(tmp_path):
    asked = opened(tmp_path).ask()
    [left] = opened(tmp_path).unfinished()
    assert (left.number, left.params) == (asked.number, asked.params)


def test_what_comes_next_is_what_is_asked_for_and_looking_leaves_no_trace(tmp_path):
    study = opened(tmp_path)
    upcoming, _ = study.next_parameters()
    assert study.trials == []
    assert study.ask().params == upcoming


def test_a_failed_trial_is_tried_again_under_a_number_of_its_own_and_counts_once(tmp_path):
    study = opened(tmp_path)
    first = study.ask()
    study.tell(first.number, "FAIL", folder=None, error="it broke")
    assert [trial.number for trial in study.failed()] == [0]
    again = study.again(study.failed()[0])
    assert again.number == 1 and again.params == first.params
    assert study.failed() == [] and study.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"space": Space(dimensions=(LR, LOSS), fixed=SPACE.fixed)}, "searches optimizer.lr=interval"),
        ({"objectives": (Objective(name="dice", direction="maximize"),)}, "is after miou, and now it would be dice"),
        ({"space": Space(dimensions=SPACE.dimensions, fixed=("model=fcn",))}, "runs with model=unet, and now"),
    ],
)
def test_another_search_under_the_same_name_is_refused(changes, sentence, tmp_path):
    opened(tmp_path)
    with pytest.raises(UserError, match=sentence):
        opened(tmp_path, **changes)


def test_words_that_decide_no_result_are_no_part_of_a_search():
    here = definition_of(SPACE, [MIOU])
    there = definition_of(Space(dimensions=SPACE.dimensions, fixed=("model=unet", "sweep.retry=true")), [MIOU])
    assert here == there
    assert definition_of(Space(dimensions=SPACE.dimensions, fixed=("model=unet", "study=x")), [MIOU]) != here


def test_a_database_that_is_none_is_told_in_a_sentence(tmp_path):
    (tmp_path / "search.db").write_bytes(b"not a database, by any means" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        opened(tmp_path)


def test_two_searches_of_one_study_never_run_at_once(tmp_path):
    with alone(tmp_path, "s"), pytest.raises(UserError, match="Another search is at study 's'"), alone(tmp_path, "s"):
        pass
    with alone(tmp_path, "s"):
        pass


def test_the_summary_ranks_the_best_first_and_gives_its_command(tmp_path):
    study = opened(tmp_path)
    run(study, 8)
    pruned, failed = study.ask(), study.ask()
    study.tell(pruned.number, "PRUNED", folder=None)
    study.tell(failed.number, "FAIL", folder=None, error="it broke")
    study.ask()
    said = summary(study, [MIOU], SPACE)
    lines = said.splitlines()[2:13]
    values = [float(line.split()[2]) for line in lines[:8]]
    assert values == sorted(values, reverse=True)
    assert [line.split()[-1] for line in lines[8:]] == ["pruned", "failed", "off"]
    best = max((trial for trial in study.trials if trial.values), key=lambda trial: trial.values[0])
    assert command_line(SPACE, best.params) in said
    assert "segladder train model=unet 'paths.outputs=x y' optimizer.lr=" in said
    assert "PED-ANOVA" in said


def test_of_several_objectives_the_summary_marks_the_pareto_front(tmp_path):
    objectives = (MIOU, Objective(name="latency", direction="minimize"))
    study = opened(tmp_path, objectives=objectives)
    for values in ([0.9, 9.0], [0.5, 2.0], [0.4, 3.0]):
        study.tell(study.ask().number, "COMPLETE", values=values, folder=None)
    lines = summary(study, objectives, SPACE).splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["*", "0"], ["*", "1"]]
    assert lines[4].split()[0] == "2"
    assert sum("segladder train" in line for line in lines) == 2
