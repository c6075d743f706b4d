"""Ablation tables as lists and matrices."""

from __future__ import annotations

from drawn_runs import draw_sweep
from segladder.report.ablation import ablation
from segladder.report.sheets.ablations import ablation_differences, ablation_sheet


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
    differences = table(ablation_differences(made))
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
