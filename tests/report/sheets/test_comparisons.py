"""All pairs in one table."""

from __future__ import annotations

from drawn_runs import draw_run, draw_sweep
from segladder.report.sheets.comparisons import comparisons


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
