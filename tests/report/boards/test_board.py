"""Leaderboards: what stands in one, by which rank, with what marks and notes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drawn_runs import counts, draw_run, draw_sweep, scores
from segladder.metrics.per_image import write_arrays
from segladder.report.boards.board import boards
from segladder.report.boards.comparable import apart
from segladder.report.records.reading import read_runs
from segladder.types import UserError

HASH = {"train": "1" * 64, "val": "2" * 64, "test": "3" * 64}


@pytest.fixture
def board(tmp_path):
    def made(**settings):
        (found,) = boards(read_runs(tmp_path).runs, resamples=200, **settings)
        return found

    return made


def test_methods_stand_by_score_with_mean_and_spread_over_seeds(tmp_path, board):
    paths = draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.1})
    found = board()
    assert [place.method.label for place in found.places] == ["dice", "ce"]
    values = [json.loads((path / "result.json").read_text())["scores"]["test"]["miou"] for path in paths[3:]]
    assert found.places[0].sample.mean == pytest.approx(np.mean(values))
    assert found.places[0].sample.std == pytest.approx(np.std(values, ddof=1))
    assert found.places[0].val == pytest.approx(np.mean(values) - 0.001)
    assert found.images == 30 and found.metric == "miou" and found.title == "disks test: miou"
    assert [place.rank for place in found.places] == [1, 2]


def test_scores_of_fewer_images_are_marked(tmp_path, board):
    [path, *_] = draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.1})
    record = json.loads((path / "result.json").read_text())
    record["data"]["skipped"] = {"count": 3, "counts": {"test": 2, "train": 1}, "samples": []}
    (path / "result.json").write_text(json.dumps(record))
    found = board()
    [mark] = [mark for mark in found.marks if "could not be read" in mark.text]
    assert mark.text == "scored without 2 of the images, which could not be read (1 of 3 seeds)"
    assert [mark.letter in place.letters for place in found.places] == [False, True]


def test_equal_methods_share_a_rank(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.1, "focal": 0.4})
    assert [place.rank for place in board().places] == [1, 1, 3]


def test_with_two_seeds_nobody_is_better(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.4}, seeds=(1, 2))
    found = board()
    assert [place.rank for place in found.places] == [None, None] and found.pairs.tests == 0


def test_another_metric_by_choice(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.2, "dice": 0.1})
    assert board(metric="dice").metric == "dice"
    with pytest.raises(UserError, match="metric=dicee: no run has it: did you mean 'dice'"):
        board(metric="dicee")


def test_other_images_stand_in_another_table_and_the_reason_is_told(tmp_path):
    draw_sweep(tmp_path, methods={"ce": 0.1})
    data = {"name": "disks", "hashes": HASH, "splits": {"test": "test"}, "counts": {}, "info": {}}
    draw_run(tmp_path, loss="dice", data=data)
    found = boards(read_runs(tmp_path).runs, resamples=100)
    assert len(found) == 2
    assert {one.title for one in found} == {f"disks test (images {one.ground.content[:8]}): miou" for one in found}
    (told,) = apart([one.ground for one in found])
    assert told == (
        "Runs on disks test stand in 2 tables, as the images or labels scored are not the same (their hashes differ)."
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"protocol": {"metrics": 1, "boundary_tolerance": 2, "inference": {"size": 64}}}, "different sizes"),
        ({"protocol": {"metrics": 2, "boundary_tolerance": 2, "inference": {}}}, "different versions"),
    ],
)
def test_other_sizes_and_metrics_stand_apart(tmp_path, change, said):
    draw_run(tmp_path, loss="ce")
    draw_run(tmp_path, loss="dice", **change)
    found = boards(read_runs(tmp_path).runs, resamples=100)
    (told,) = apart([one.ground for one in found])
    assert len(found) == 2 and said in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"protocol": {"metrics": 1, "boundary_tolerance": 2, "inference": {"flip": True}}},
            "scored with flip=true; most with whole images",
        ),
        (
            {"protocol": {"metrics": 1, "boundary_tolerance": 3, "inference": {}}},
            "boundary F1 with a tolerance of 3 pixels; most with 2",
        ),
        ({"time": {"optimizer_steps": 600, "fit": 1.0}}, "trained for 600 steps; most for 300"),
        (
            {"model": {"pretrained": ["backbone.weights=imagenet"]}},
            "began with pretrained weights (backbone.weights=imagenet); most with random weights",
        ),
        ({"time": {"fit": 1.0}}, "trained for a number of steps that its record does not tell"),
        ({"model": {}}, "whether it began with pretrained weights is not known"),
        ({"code": {"fingerprint": "0" * 64, "dirty": False}}, "run with code 00000000; most with ffffffff"),
        (
            {"code": {"fingerprint": "f" * 64, "dirty": True}},
            "run from a working copy with changes that were not committed",
        ),
    ],
)
def test_what_differs_otherwise_is_marked(tmp_path, board, change, said):
    draw_sweep(tmp_path, methods={"ce": 0.1, "focal": 0.1}, seeds=(1,))
    path = draw_run(tmp_path, loss="dice")
    record = json.loads((path / "result.json").read_text())
    (path / "result.json").write_text(json.dumps(record | change))
    found = board()
    assert [(mark.letter, mark.text) for mark in found.marks] == [("a", said)]
    assert {place.method.label: place.letters for place in found.places} == {
        "ce": [],
        "focal": [],
        "dice": ["a"],
    }


def test_where_no_value_is_that_of_most_all_are_marked(tmp_path, board):
    for loss, seed, steps in (("ce", 1, 300), ("ce", 2, 1200), ("dice", 1, 600)):
        draw_run(tmp_path, loss=loss, seed=seed, time={"optimizer_steps": steps, "fit": 1.0})
    assert {mark.text for mark in board().marks} == {
        "trained for 300 and 1,200 steps; others differ",
        "trained for 600 steps; others differ",
    }


def test_a_budget_of_time_among_budgets_of_steps_is_marked(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "focal": 0.1}, seeds=(1, 2))
    for seed, steps in ((1, 290), (2, 310)):
        time = {"optimizer_steps": steps, "fit": 3600.0}
        draw_run(tmp_path, loss="dice", seed=seed, overrides=["+trainer.max_time=00:01:00:00"], time=time)
    found = board()
    said = "trained for 00:01:00:00 at most (trainer.max_time); most without a limit of time"
    assert [mark.text for mark in found.marks] == [said]
    assert {place.method.settings["loss"]: place.letters for place in found.places}["dice"] == ["a"]


def test_budgets_of_another_time_are_marked(tmp_path, board):
    for loss, time in (("ce", "1h"), ("focal", "1h"), ("dice", "2h")):
        draw_run(tmp_path, loss=loss, overrides=[f"trainer.max_time={time}"])
    said = "trained for 2h at most (trainer.max_time); most for 1h at most (trainer.max_time)"
    assert [mark.text for mark in board().marks] == [said]


def test_other_training_data_and_weights_chosen_on_the_test_set_are_marked(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "focal": 0.1}, seeds=(1,))
    path = draw_run(tmp_path, loss="dice")
    record = json.loads((path / "result.json").read_text())
    record["data"]["hashes"] |= {"train": "0" * 64, "val": record["data"]["hashes"]["test"]}
    (path / "result.json").write_text(json.dumps(record))
    assert {mark.text for mark in board().marks} == {
        "trained on other images or labels than most",
        "best weights chosen on other validation images than most",
        "its best weights were chosen on the images that it is scored on",
    }


def test_high_pixel_accuracy_with_useless_masks_is_flagged(tmp_path, board):
    draw_run(tmp_path, loss="ce")
    useless = {"test": {"miou": 0.33, "pixel_accuracy": 0.95, "dice": 0.4}}
    per_class = {
        "test": {
            "iou": {"background": 0.95, "disk": 0.0, "ring": 0.04},
            "support": {"background": 95.0, "disk": 3.0, "ring": 2.0},
        }
    }
    path = draw_run(tmp_path, loss="dice", scores=useless, per_class=per_class)
    (path / "per_image.npz").unlink()
    assert any("useless masks" in mark.text for mark in board().marks)


def test_a_record_that_its_images_contradict_is_left_out_and_told(tmp_path, board):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1}, seeds=(1, 2, 3))
    record = json.loads((paths[1] / "result.json").read_text())
    record["scores"]["test"]["miou"] = 0.99
    (paths[1] / "result.json").write_text(json.dumps(record))
    found = board()
    assert found.places[0].sample.seeds == 2
    (told,) = found.notes
    assert "seed 2 left out: its record says miou 0.990000, its images" in told


@pytest.mark.parametrize("loss", ["missing", "damaged", "other images"])
def test_without_a_runs_images_the_interval_is_of_the_seeds_alone(tmp_path, board, loss):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1}, seeds=(1, 2, 3))
    file = paths[1] / "per_image.npz"
    if loss == "missing":
        file.unlink()
    elif loss == "damaged":
        file.write_bytes(file.read_bytes()[:100])
    else:
        write_arrays(file, counts(0.1, images=29, seed=2))
    found = board()
    place = found.places[0]
    assert place.sample.seeds == 3 and np.isnan(place.estimate.images_variance)
    assert not np.isnan(place.estimate.interval()[0])
    assert "single images are known of 2 of 3 runs only" in found.notes[0]


def test_images_in_another_order_are_the_same_images(tmp_path, board):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.2})
    before = board()
    file = paths[0] / "per_image.npz"
    with np.load(file) as arrays:
        turned = {k: v[::-1] if k in ("image_id", "tp", "fp", "fn") else v for k, v in arrays.items()}
    write_arrays(file, turned)
    after = board()
    for mine, theirs in zip(before.places, after.places, strict=True):
        assert mine.estimate.variance == pytest.approx(theirs.estimate.variance)
    assert not after.notes


def test_what_is_no_share_is_left_out(tmp_path, board):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1}, seeds=(1, 2, 3))
    record = json.loads((paths[0] / "result.json").read_text())
    record["scores"]["test"]["miou"] = 97.3
    (paths[0] / "result.json").write_text(json.dumps(record))
    (paths[0] / "per_image.npz").unlink()
    found = board()
    assert found.places[0].sample.seeds == 2
    assert "seed 1 left out: its record says miou 97.3, which is no share from 0 to 1" in found.notes[0]


def test_undefined_scores_have_no_part_in_a_mean(tmp_path, board):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1}, seeds=(1, 2, 3))
    record = json.loads((paths[0] / "result.json").read_text())
    record["scores"]["test"]["miou"] = None
    (paths[0] / "result.json").write_text(json.dumps(record))
    found = board()
    assert found.places[0].sample.seeds == 2
    assert any("1 of 3 runs have an undefined score" in mark.text for mark in found.marks)


def test_an_evaluation_is_no_seed_but_stands_on_other_data_as_its_runs_method(tmp_path):
    paths = draw_sweep(tmp_path, methods={"ce": 0.1}, seeds=(1, 2, 3))
    for path in paths:
        parent = json.loads((path / "result.json").read_text())
        again = {"parent": parent["id"], "method": "", "seed": parent["seed"]}
        draw_run(tmp_path, folder=f"{path.name}-test-2", id="e" * 64, **again)
        other = {"name": "camvid", "hashes": HASH, "splits": {"test": "test"}, "counts": {}, "info": {}}
        elsewhere = {"data": other, "id": f"{parent['seed']}" * 64}
        draw_run(tmp_path, folder=f"{path.name}-camvid", **again, **elsewhere)
    found = boards(read_runs(tmp_path).runs, resamples=100)
    assert [(one.ground.data, one.places[0].sample.seeds) for one in found] == [("camvid", 3), ("disks", 3)]
    assert all(len(one.places) == 1 for one in found)


def test_a_strangers_predictions_stand_on_the_board(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.3})
    theirs = {"name": "theirs", "choices": {"model": "theirs"}, "overrides": [], "monitor": {"name": "miou"}}
    draw_run(tmp_path, seed=None, method="", miss=0.05, folder="theirs-12345678", **theirs)
    found = board()
    assert [place.method.label for place in found.places] == ["theirs", "unet ce"]
    assert [place.rank for place in found.places] == [None, 1]


def test_folders_without_a_score_say_how_many_there_are(tmp_path):
    draw_run(tmp_path, status="failed")
    with pytest.raises(UserError, match=r"No run has a score to report \(1 failed\)"):
        boards(read_runs(tmp_path).runs)


def test_the_scores_drawn_are_those_of_the_records():
    arrays = counts(0.1)
    assert scores(arrays)["miou"] == pytest.approx(
        np.mean(arrays["tp"].sum(0) / (arrays["tp"] + arrays["fp"] + arrays["fn"]).sum(0))
    )
