"""What a board says in sentences."""

from __future__ import annotations

import json

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.board import boards
from segladder.report.findings import findings
from segladder.report.reading import read_runs


@pytest.fixture
def said(tmp_path):
    def told():
        (board,) = boards(read_runs(tmp_path).runs, resamples=200)
        return findings(board)

    return told


def test_better_than_all_others_is_said_where_the_data_say_it(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.3, "focal": 0.4})
    first, choice = said()
    assert first.startswith("ce has the highest test miou, 0.")
    assert first.endswith("over 3 seeds, and the data say that it is better than every other.")
    assert choice.startswith("The validation scores choose ce as well, so that no choice made on the test set ")


def test_what_is_open_is_named(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.1, "focal": 0.4})
    first = said()[0]
    assert "better than focal. Whether it is better than " in first


def test_equal_methods_are_not_told_apart(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.1})
    assert said()[0].endswith("but the data tell it apart from no other.")


def test_with_few_seeds_nothing_is_better(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.4}, seeds=(1, 2))
    told = said()
    assert told[0].endswith("there are too few seeds to say whether it is better than any other.")
    assert told[-1].startswith("2 of 2 methods have fewer than 3 seeds: there is no verdict on them.")
    assert not any("the data say that it is better" in sentence for sentence in told)


def test_one_method_has_its_score_alone(tmp_path, said):
    draw_run(tmp_path)
    (told,) = said()
    assert told.startswith("unet ce: test miou 0.") and told.endswith("over 1 seed.")


def test_the_choice_on_the_validation_set_is_what_counts(tmp_path, said):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.11})
    for path in paths[:3]:
        record = json.loads((path / "result.json").read_text())
        record["scores"]["val"]["miou"] -= 0.1
        (path / "result.json").write_text(json.dumps(record))
    told = said()[1]
    assert (
        told.startswith("The validation scores choose dice, whose test miou is 0.") and " to ce): report that" in told
    )
    assert told.endswith("The best of 2 by its test score looks better than it is.")


def test_without_validation_scores_the_best_is_flagged(tmp_path, said):
    for path in draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.2}):
        record = json.loads((path / "result.json").read_text())
        del record["scores"]["val"]
        (path / "result.json").write_text(json.dumps(record))
    assert "There are no validation scores to choose by." in said()[1]
