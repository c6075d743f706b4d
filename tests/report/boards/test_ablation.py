"""Ablation tables."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_runs import draw_run
from segladder.report.boards.ablation import ablation, varying_keys
from segladder.report.boards.board import boards
from segladder.report.records.reading import read_runs
from segladder.report.statistics.several import holm
from segladder.types import UserError


def drawn(tmp_path, *, models=("unet", "fcn"), losses=("ce", "dice"), backbones=(None,), seeds=(1, 2, 3), without=()):
    for number, (model, loss, backbone) in enumerate(
        (m, lo, b) for m in models for lo in losses for b in backbones if (m, lo, b) not in without
    ):
        miss = 0.1 + 0.1 * (model == "fcn") + 0.02 * (loss == "dice") + 0.05 * (backbone == "big")
        for seed in seeds:
            moment = f"2026-01-01T00:00:{number:02d}+00:00"
            draw_run(tmp_path, model=model, loss=loss, backbone=backbone, seed=seed, miss=miss, created=moment)
    (board,) = boards(read_runs(tmp_path).runs, resamples=200)
    return board


def test_the_varying_keys_are_found(tmp_path):
    board = drawn(tmp_path, backbones=("small", "big"))
    assert varying_keys(board) == ["model", "backbone", "loss"]
    table = ablation(board, rows="model", cols="loss")
    assert (table.rows, table.cols, table.rest) == ("model", "loss", ["backbone"])
    assert table.row_values == ["unet", "fcn"] and table.col_values == ["ce", "dice"]


def test_cells_are_means_over_the_rest_where_all_of_it_is_there(tmp_path):
    board = drawn(tmp_path, backbones=("small", "big"))
    table = ablation(board, rows="model", cols="loss")
    means = {place.method.label: place.sample.mean for place in board.places}
    cell = table.cells["unet", "dice"]
    assert cell.sample.mean == pytest.approx(np.mean([means["unet small dice"], means["unet big dice"]]))
    assert cell.methods == 2 and cell.seeds == 3
    assert "Averaged over backbone (2 combinations, all there)." in table.notes


def test_what_is_missing_is_told_and_not_averaged(tmp_path):
    board = drawn(tmp_path, backbones=("small", "big"), without=[("fcn", "dice", "big")])
    table = ablation(board, rows="model", cols="loss")
    assert table.cells["fcn", "dice"].sample is None and table.cells["fcn", "ce"].sample is not None
    assert "model=fcn loss=dice is missing backbone=big." in table.notes
    assert table.cells["fcn", "dice"].difference is None


def test_differences_are_to_the_baseline_and_corrected_for_the_table(tmp_path):
    board = drawn(tmp_path)
    table = ablation(board, rows="model", cols="loss", baseline="unet,ce")
    assert set(table.baselines.values()) == {("unet", "ce")} and len(table.baselines) == 3
    cells = [table.cells[where] for where in table.baselines]
    assert [cell.p for cell in cells] == pytest.approx(holm([cell.difference.p_value() for cell in cells]))
    assert table.cells["fcn", "ce"].verdict.word == "worse"
    base = table.cells["unet", "ce"]
    assert base.difference is None
    assert cells[0].difference.value == pytest.approx(cells[0].sample.mean - base.sample.mean)


def test_a_baseline_of_the_columns_is_that_of_the_same_row(tmp_path):
    table = ablation(drawn(tmp_path), rows="model", cols="loss", baseline="dice")
    assert table.baselines == {("unet", "ce"): ("unet", "dice"), ("fcn", "ce"): ("fcn", "dice")}
    assert "Differences are to loss=dice of the same model." in table.notes


def test_without_a_word_the_first_that_ran_is_the_baseline(tmp_path):
    table = ablation(drawn(tmp_path, models=("unet",), losses=("focal", "ce", "dice")))
    assert (table.rows, table.cols) == ("loss", "")
    assert set(table.baselines.values()) == {("focal", "")}


def test_with_two_seeds_there_is_an_interval_and_no_verdict(tmp_path):
    table = ablation(drawn(tmp_path, models=("unet",), seeds=(1, 2)))
    (where,) = table.baselines
    cell = table.cells[where]
    assert not np.isnan(cell.difference.interval()[0])
    assert cell.verdict.text == "no verdict: 2 seeds, 3 are needed"


def test_where_nothing_varies_there_is_no_table(tmp_path):
    assert ablation(drawn(tmp_path, models=("unet",), losses=("ce",))) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"rows": "modle"}, "rows=modle: it does not vary among the runs: did you mean 'model'"),
        ({"rows": "model+loos"}, "rows=model.loos: loos does not vary among the runs: did you mean 'loss'"),
        ({"rows": "model", "cols": "model"}, "share a key"),
        ({"baseline": "unett"}, "baseline=unett: there is no 'unett': did you mean 'unet'"),
        ({"baseline": "ce,dice"}, "baseline=ce,dice names two values of one key"),
    ],
)
def test_words_that_name_nothing_are_told(tmp_path, words, said):
    with pytest.raises(UserError, match=said):
        ablation(drawn(tmp_path), **words)


def methods_of(tmp_path, *methods):
    """A board of methods given as settings: the leading ones by name, others as typed."""
    for number, settings in enumerate(methods):
        leading = {key: settings[key] for key in ("model", "loss", "backbone") if key in settings}
        typed = [f"{key}={value}" for key, value in settings.items() if key not in leading]
        moment = f"2026-01-01T00:00:{number:02d}+00:00"
        for seed in (1, 2, 3):
            draw_run(tmp_path, seed=seed, miss=0.1 + 0.02 * number, overrides=typed, created=moment, **leading)
    (board,) = boards(read_runs(tmp_path).runs, resamples=100)
    return board


def test_keys_that_each_model_has_its_own_of_go_with_the_model(tmp_path):
    board = methods_of(
        tmp_path,
        {"model": "unet", "backbone": None, "optimizer.lr": "1"},
        {"model": "fcn", "backbone": "resnet18", "optimizer.lr": "2"},
        {"model": "fpn", "backbone": "resnet18", "optimizer.lr": "2"},
    )
    table = ablation(board)
    assert (table.rows, table.cols, table.rest) == ("model", "", [])
    assert table.row_values == ["unet", "fcn", "fpn"] and all(cell.sample for cell in table.cells.values())
    assert table.notes[0] == (
        "backbone and optimizer.lr go with model: what differs by model may be due to them as well."
    )


def test_a_key_that_only_some_models_have_makes_one_axis_with_the_model(tmp_path):
    board = methods_of(
        tmp_path,
        *(
            {"model": model, "backbone": backbone, "loss": loss}
            for loss in ("ce", "dice")
            for model, backbone in (("unet", None), ("fpn", "small"), ("fpn", "big"))
        ),
    )
    table = ablation(board, baseline="big,dice")
    assert (table.rows, table.cols, table.rest) == ("model+backbone", "loss", [])
    assert table.row_values == ["unet", "fpn small", "fpn big"] and len(table.cells) == 6
    assert all(cell.sample for cell in table.cells.values())
    assert set(table.baselines.values()) == {("fpn big", "dice")}
    assert [place.method.label for place in table.members["unet", "ce"]] == ["unet ce"]
    # by choice each key is an axis of its own
    table = ablation(board, rows="model", cols="backbone")
    assert table.col_values == ["", "small", "big"] and table.rest == ["loss"]


def test_by_choice_several_keys_make_an_axis(tmp_path):
    board = drawn(tmp_path, backbones=("small", "big"))
    table = ablation(board, rows="model+loss", cols="backbone", baseline="unet ce,small")
    assert table.row_values == ["unet ce", "unet dice", "fcn ce", "fcn dice"] and not table.rest
    assert set(table.baselines.values()) == {("unet ce", "small")}


def test_one_factor_that_all_others_share_is_not_confounded(tmp_path):
    board = drawn(tmp_path, backbones=("small", "big"))
    assert not any("may be due" in note for note in ablation(board, rows="model", cols="loss").notes)


def test_a_table_that_would_be_mostly_empty_is_made_by_choice_alone(tmp_path):
    alone = [{"model": "unet", "loss": loss} for loss in ("ce", "dice", "focal")]
    board = methods_of(tmp_path, *alone, *({"model": model, "loss": "ce"} for model in ("fcn", "fpn", "lab")))
    assert ablation(board) is None
    table = ablation(board, rows="model", cols="loss")
    assert sum(cell.sample is not None for cell in table.cells.values()) == 6


@pytest.mark.parametrize("word", ["ce+dice", "dice+ce", "1*dice+ce", "loss=dice+ce", "dice + ce"])
def test_a_baseline_names_a_loss_in_any_order(tmp_path, word):
    table = ablation(drawn(tmp_path, models=("unet",), losses=("ce", "ce+dice")), baseline=word)
    assert set(table.baselines.values()) == {("ce+dice", "")}


@pytest.mark.parametrize("word", ["unet", "model=unet"])
def test_a_baseline_is_a_value_or_a_key_and_its_value(tmp_path, word):
    table = ablation(drawn(tmp_path), rows="model", cols="loss", baseline=word)
    assert set(table.baselines.values()) == {("unet", "ce"), ("unet", "dice")}


def test_the_methods_without_a_key_are_its_none(tmp_path):
    board = methods_of(tmp_path, {"backbone": None}, {"backbone": "big"})
    assert set(ablation(board, baseline="backbone=none").baselines.values()) == {("", "")}


@pytest.mark.parametrize(("rows", "cols"), [("model", "loss"), ("loss", "model"), ("model", None)])
def test_a_key_that_only_some_models_have_goes_along_with_a_model_that_was_typed(tmp_path, rows, cols):
    board = methods_of(
        tmp_path,
        *(
            {"model": model, "backbone": backbone, "loss": loss}
            for loss in ("ce", "dice")
            for model, backbone in (("unet", None), ("fpn", "small"), ("fpn", "big"))
        ),
    )
    table = ablation(board, rows=rows, cols=cols)
    assert "model+backbone" in (table.rows, table.cols) and not any("missing" in note for note in table.notes)
    assert all(cell.sample is not None for cell in table.cells.values())


def test_a_baseline_that_nothing_is_compared_with_is_told(tmp_path):
    board = methods_of(tmp_path, {"model": "unet", "loss": "ce"}, {"model": "fcn", "loss": "dice"})
    table = ablation(board, rows="model", cols="loss", baseline="unet,dice")
    assert not table.baselines
    assert table.notes[-1] == "Nothing is compared with baseline=unet,dice: its cell is empty, or all others are."
