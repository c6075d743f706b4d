"""The leaderboard's columns, digits and notes."""

from __future__ import annotations

import json

from drawn_runs import draw_run, draw_sweep
from segladder.report.sheets.leaderboard import leaderboard


def test_a_line_has_all_that_a_paper_asks_for(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.3, "focal": 0.31})
    made = board()
    sheet = leaderboard(made, base=tmp_path / "report")
    first = table(sheet)[0]
    place = made.places[0]
    low, high = place.estimate.interval()
    assert first["rank"] == "1" and first["model"] == "unet" and first["loss"] == "ce" and first["seeds"] == "3"
    assert first["miou"] == f"{place.sample.mean:.4f} ± {place.sample.std:.4f}"
    assert first["interval"] == f"[{low:.4f}, {high:.4f}]"
    assert (first["parameters"], first["gflop"], first["images_per_second"]) == ("4,000", "0.004", "100")
    assert first["hours"] == "0.0167" and first["memory"] == "1.00"
    best, second = (next(cell for cell in row if "±" in cell.text) for row in sheet.rows[:2])
    assert best.best and second.second and not second.best
    link = sheet.rows[0][-1].link
    assert json.loads((tmp_path / "report" / link / "result.json").resolve().read_text())["choices"]["loss"] == "ce"


def test_too_few_seeds_have_no_rank(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.3})
    draw_run(tmp_path, loss="focal", miss=0.05)
    sheet = leaderboard(board(), base=tmp_path)
    assert [(line["loss"], line["rank"]) for line in table(sheet)] == [("focal", "–"), ("ce", "1"), ("dice", "2")]
    assert "–: no rank, as fewer than 3 seeds give no verdict." in sheet.notes
    assert "Of one seed the interval is of the test images alone, and there is no verdict." in sheet.notes


def test_an_interval_ends_where_a_share_does(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.001}, seeds=(1, 2))
    paths = draw_sweep(tmp_path, methods={"dice": 0.2}, seeds=(1, 2))
    for path, miou in zip(paths, (0.9, 1.0), strict=True):
        record = json.loads((path / "result.json").read_text())
        record["scores"]["test"]["miou"] = miou
        (path / "result.json").write_text(json.dumps(record))
        (path / "per_image.npz").unlink()
    intervals = {line["loss"]: line["interval"] for line in table(leaderboard(board(), base=tmp_path))}
    assert intervals["dice"].endswith("1.0000]")


def test_marks_and_what_is_missing_stand_below(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.3})
    draw_run(tmp_path, loss="focal", seed=1, time={"optimizer_steps": 600, "fit": 3600.0})
    draw_run(tmp_path, loss="focal", seed=2, status="failed")
    sheet = leaderboard(board(), base=tmp_path)
    assert "a: trained for 600 steps; most for 300." in sheet.notes
    assert "focal: seed 2 did not finish: failed (bad luck)." in sheet.notes
    marks = {row[2].text: cell.marks for row in sheet.rows for cell in row if cell.marks}
    assert list(marks.values()) == [("a",)]


def test_where_the_scored_images_are_called_val_no_two_columns_have_one_name(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.3})
    for path in tmp_path.glob("*/*/result.json"):
        record = json.loads(path.read_text())
        record["data"]["splits"] |= {"test": "val"}  # as on VOC and Cityscapes
        path.write_text(json.dumps(record))
    titles = [column.title for column in leaderboard(board(), base=tmp_path).columns]
    assert titles.count("val miou") == 1 and "val miou (best epoch)" in titles


def test_the_dash_of_a_single_run_is_explained(tmp_path, board, table):
    draw_run(tmp_path)
    sheet = leaderboard(board(), base=tmp_path)
    assert [line["rank"] for line in table(sheet)] == ["–"]
    assert "–: no rank, as fewer than 3 seeds give no verdict." in sheet.notes
