"""What a board says in sentences."""

from __future__ import annotations

import json

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.boards.ablation import ablation
from segladder.report.boards.board import boards
from segladder.report.boards.findings import findings
from segladder.report.records.reading import read_runs
from segladder.report.sheets.ablations import ablation_sheet
from segladder.report.sheets.leaderboard import leaderboard


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


def flag(path):
    record = json.loads((path / "result.json").read_text())
    record["scores"]["test"]["pixel_accuracy"] = 0.99
    record["per_class"]["test"] = {
        "iou": {"background": 0.99, "disk": 0.1, "ring": 0.1},
        "support": {"background": 1000, "disk": 5, "ring": 5},
    }
    (path / "result.json").write_text(json.dumps(record))


def without_val(path):
    record = json.loads((path / "result.json").read_text())
    del record["scores"]["val"]
    (path / "result.json").write_text(json.dumps(record))


def test_a_method_that_could_not_be_chosen_is_told_and_no_other_recommended_in_its_place(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.3})
    for path in draw_sweep(tmp_path, methods={"stranger": 0.05}):
        without_val(path)
    choice = said()[1]
    assert (
        choice.startswith("The validation scores choose ce, whose test miou is 0.") and "report that one" not in choice
    )
    assert "stranger has no validation scores and could not be chosen." in choice


def test_a_method_with_useless_masks_is_not_chosen_and_its_name_says_so(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.3})
    for path in draw_sweep(tmp_path, methods={"blank": 0.05}):
        flag(path)
    first, choice = said()
    assert first.startswith("blank (useless masks) has the highest test miou")
    assert choice.startswith("The validation scores choose ce") and "report that one" not in choice
    assert "blank has useless masks and could not be chosen." in choice


def test_where_all_that_could_be_chosen_have_useless_masks_none_is(tmp_path, said):
    for path in draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.3}):
        flag(path)
    for path in draw_sweep(tmp_path, methods={"stranger": 0.05}):
        without_val(path)
    assert said()[1].startswith("All methods that have validation scores give useless masks")


def test_useless_masks_never_stand_in_bold(tmp_path):
    draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.3})
    for path in draw_sweep(tmp_path, methods={"blank": 0.05}):
        flag(path)
    (board,) = boards(read_runs(tmp_path).runs, resamples=0)
    sheet = leaderboard(board, base=tmp_path)
    assert [any(cell.best for cell in row) for row in sheet.rows] == [False, True, False]
    cells = {row[0].text: row[1] for row in ablation_sheet(ablation(board)).rows}
    assert cells["ce"].best and not cells["blank"].best


def test_of_how_many_seeds_the_masks_are_useless_is_said(tmp_path, said):
    draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.3})
    flag(draw_sweep(tmp_path, methods={"blank": 0.05})[0])
    assert said()[0].startswith("blank (useless masks of 1 of 3 seeds) has the highest test miou")
