"""Ablation tables as lists and matrices."""

from __future__ import annotations

from drawn_runs import draw_sweep
from segladder.report.boards.ablation import ablation
from segladder.report.sheets.ablations import ablation_differences, ablation_sheet
from segladder.report.written.latex import latex


def test_one_key_is_a_list_with_differences(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.4})
    made = ablation(board(), baseline="ce")
    lines = {line["loss"]: line for line in table(ablation_sheet(made))}
    assert lines["ce"]["difference"] == "baseline" and lines["dice"]["verdict"] == "worse"
    assert lines["dice"]["difference"].startswith("-0.")
    assert ablation_differences(made) is None


def test_two_keys_are_a_matrix_and_a_list_of_differences(tmp_path, board, table):
    for model in ("unet", "fcn"):
        draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.4}, model=model)
    made = ablation(board(), rows="model", cols="loss", baseline="ce")
    sheet = ablation_sheet(made)
    assert [column.title for column in sheet.columns] == ["model \\ loss", "ce", "dice"]
    rows = {line["model"]: line for line in table(sheet)}
    assert "±" in rows["unet"]["loss=ce"] and rows["unet"]["loss=dice"].endswith(" *)")
    assert sum(cell.best for row in sheet.rows for cell in row) == 1
    one_by_one = ablation_differences(made)
    assert one_by_one.notes[0] == "Differences are to loss=ce of the same model." and "2 diff" in one_by_one.notes[1]
    differences = table(one_by_one)
    assert sorted((line["model"], line["loss"], line["against"]) for line in differences) == [
        ("fcn", "dice", "ce"),
        ("unet", "dice", "ce"),
    ]


def test_what_is_missing_has_a_dash(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.4}, model="unet")
    draw_sweep(tmp_path, methods={"ce": 0.1}, model="fcn")
    sheet = ablation_sheet(ablation(board(), rows="model", cols="loss"))
    rows = {line["model"]: line for line in table(sheet)}
    assert rows["fcn"]["loss=dice"] == "–"
    assert "model=fcn loss=dice is missing altogether." in sheet.notes


def test_over_how_many_differences_p_is_corrected_stands_below(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.4, "focal": 0.2})
    sheet = ablation_sheet(ablation(board(), baseline="ce"))
    said = "p is by Holm over the 2 differences of this table that seeds suffice for; that of the comparisons over all"
    assert sheet.notes[-1].startswith(said)
    assert said in latex(sheet).replace("\n", " ")
