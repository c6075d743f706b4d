"""The table of runs: which there are, in which order, in which columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.page.embedded import json_text
from segladder.report.page.runs_table import runs_table
from segladder.report.page.tables import few_words, rounded
from segladder.report.records.reading import read_runs
from segladder.report.report import Report, make_report


def cells(data, key):
    column = next(column for column in data["columns"] if column["key"] == key)
    if "at" in column:
        return [column["words"][place] for place in column["at"]]
    return column.get("values", column.get("texts"))


def test_runs_of_the_boards_come_first_by_rank_then_the_others(report, outputs):
    table = runs_table(report, base=outputs)
    ranked = [run.path for place in report.parts[0].board.places for run in place.method.runs]
    paths = [run.path for run in table.runs]
    assert paths[: len(ranked)] == ranked
    assert sorted(paths) == sorted(run.path for run in report.runs)
    assert table.places(report.parts[0].board.places[1].method.runs) == [3, 4, 5]


def test_a_report_without_its_runs_has_those_of_its_boards(report, outputs):
    table = runs_table(Report(root=report.root, parts=report.parts), base=outputs)
    assert {run.status for run in table.runs} == {"finished"} and len(table.runs) == 12


def test_a_repeat_and_a_run_that_failed_are_there_too(tmp_path):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1}, seeds=(1, 2))
    draw_run(tmp_path / "outputs", seed=1, folder="again")
    draw_run(tmp_path / "outputs", seed=3, status="failed")
    report = make_report(tmp_path / "outputs", base=tmp_path, resamples=0)
    table = runs_table(report, base=tmp_path)
    assert sorted(cells(table.data, "folder"))[0] == "outputs/study/again"
    assert sorted(cells(table.data, "seed")) == [1, 1, 2, 3]
    assert len(set(table.keys)) == 4
    assert cells(table.data, "reason")[cells(table.data, "status").index("failed")] == "bad luck"


def test_an_evaluation_has_the_settings_of_its_run(tmp_path):
    root = tmp_path / "outputs"
    draw_run(root, overrides=["optimizer.lr=0.1"])
    [run] = read_runs(root).runs
    draw_run(
        root,
        folder="evaluation",
        parent=run.id,
        overrides=["run=somewhere"],
        protocol={"metrics": 1, "boundary_tolerance": 2, "inference": {"flip": True}},
    )
    table = runs_table(make_report(root, base=tmp_path, resamples=0), base=tmp_path)
    assert cells(table.data, "set.optimizer.lr") == ["0.1", "0.1"]
    assert sorted(cells(table.data, "set.inference.flip")) == ["", "true"]
    assert "set.run" not in [column["key"] for column in table.data["columns"]]


def test_scores_are_of_the_test_set_and_what_was_monitored_of_the_validation_set(report, outputs):
    keys = [column["key"] for column in runs_table(report, base=outputs).data["columns"]]
    scores = [key for key in keys if key.startswith(("test.", "val.", "train."))]
    assert scores[0] == "test.miou" and scores[-1] == "val.miou"
    assert [key for key in scores if key.startswith("val.")] == ["val.miou"]
    assert {key for key in scores if key.startswith("test.")} == {
        f"test.{name}" for name in report.runs[0].scores["test"]
    }


def test_a_run_takes_little_room(report, outputs):
    first = report.runs[0]
    runs = [replace(first, path=f"{first.path}-{i}", id=f"{i:08x}", name=f"{first.name}-{i}") for i in range(2000)]
    text = json_text(runs_table(Report(root=report.root, parts=[], runs=runs), base=outputs).data)
    assert len(text) / len(runs) < 400


@pytest.mark.parametrize(
    ("value", "kept"),
    [(31_045_634.0, 31045634), (0.123456789, 0.1234568), (float("nan"), None), (None, None), (1e300, 1e300), (-0.0, 0)],
)
def test_numbers_are_short_and_counts_whole(value, kept):
    assert rounded(value) == kept and isinstance(rounded(value), type(kept))


def test_repeated_words_are_kept_once():
    assert few_words(["a", "b", "a", "a", "b"]) == {"words": ["a", "b"], "at": [0, 1, 0, 0, 1]}
    assert few_words(["a", "b", "c"]) == {"texts": ["a", "b", "c"]}
