"""All pairs in one table."""

from __future__ import annotations

import json

from drawn_runs import draw_run, draw_sweep
from segladder.report.sheets.comparisons import comparisons
from segladder.report.statistics.power import seeds_needed
from segladder.report.statistics.uncertainty import difference_of


def test_every_pair_has_a_line_the_better_first(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.3, "dice": 0.1, "focal": 0.101})
    lines = table(comparisons(board(), power=True))
    assert {(line["method"], line["against"]) for line in lines} >= {("dice", "ce"), ("focal", "ce")} and len(
        lines
    ) == 3
    assert all(line["difference"].startswith("+") and line["interval"].startswith("[") for line in lines)
    settled = {line["against"]: (line["verdict"], line["needed"]) for line in lines if line["against"] == "ce"}
    assert settled == {"ce": ("better", "settled")}
    (open_,) = (line for line in lines if line["against"] != "ce")
    assert open_["verdict"] == "undecided" and open_["needed"] not in ("", "settled")


def test_one_seed_has_an_interval_and_no_verdict(tmp_path, board, table):
    draw_sweep(tmp_path, methods={"ce": 0.1})
    draw_run(tmp_path, loss="dice", miss=0.3)
    (line,) = table(comparisons(board(), power=True))
    assert line["verdict"].startswith("no verdict: 1 seed, 3 are needed") and line["p"] == ""
    assert line["interval"] and line["needed"] == "unknown: one seed"


def test_of_many_pairs_some_are_shown_and_all_count(tmp_path, board):
    draw_sweep(tmp_path, methods={f"loss{n}": 0.1 + 0.01 * n for n in range(6)})
    made = board()
    sheet = comparisons(made, most=9)
    assert len(sheet.rows) == 9 and made.pairs.tests == 15
    assert "Of 15 pairs 9 pairs with the best method and of neighbours are shown" in sheet.notes[-1]


def test_one_method_is_compared_with_nothing(tmp_path, board):
    draw_run(tmp_path)
    assert comparisons(board()) is None


def test_where_no_pair_is_tested_yet_seeds_are_for_all_pairs_that_will_be(tmp_path, board):
    methods = {"ce": 0.1, "dice": 0.105, "focal": 0.11}
    draw_sweep(tmp_path, methods=methods, seeds=(1, 2))
    made = board()
    assert made.pairs.tests == 0
    sheet = comparisons(made, power=True)
    first, second = (place.sample for place in made.places[:2])
    expected = seeds_needed(difference_of(first, second), level=0.05 / 3)
    assert sheet.rows[0][-1].value == expected.seeds
    assert "at 5 % divided by all 3 pairs" in sheet.notes[-1]


def test_an_interval_ends_where_a_difference_of_shares_does(tmp_path, board):
    for loss, mious in (("ce", (0.2, 0.9)), ("dice", (0.1, 0.8))):
        for seed, miou in enumerate(mious):
            path = draw_run(tmp_path, loss=loss, seed=seed)
            record = json.loads((path / "result.json").read_text())
            record["scores"]["test"]["miou"] = miou
            (path / "result.json").write_text(json.dumps(record))
            (path / "per_image.npz").unlink()
    (row,) = comparisons(board()).rows
    assert row[3].text == "[-1.0000, +1.0000]" and dict(row[3].parts) == {"low": -1.0, "high": 1.0}


def test_images_share_is_explained_where_the_column_holds_any(tmp_path, board):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.2}, seeds=(1,))
    assert not any(note.startswith("Images' share") for note in comparisons(board()).notes)
