"""A whole report, before it has a form."""

from __future__ import annotations

import json

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.report import make_report


@pytest.fixture
def warnings(tmp_path):
    return lambda **words: make_report(tmp_path, base=tmp_path, resamples=100, **words).warnings


def test_numbers_that_make_no_sense_are_told_with_record_and_key(tmp_path, warnings):
    path = draw_run(tmp_path) / "result.json"
    record = json.loads(path.read_text())
    record["model"]["parameters"] = "many"
    path.write_text(json.dumps(record))
    assert warnings() == [f"'{path}' says model.parameters 'many', which is no measurement. It is left out."]


def test_of_many_damaged_files_the_first_are_named_and_the_others_counted(tmp_path, warnings):
    for path in draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.1}, seeds=(1, 2, 3, 4)):
        (path / "metrics.csv").write_text("")
    told = warnings()
    assert len(told) == 6 and all("has no column 'step'" in sentence for sentence in told[:5])
    assert told[5] == "3 more files beside records are damaged."


def test_where_there_is_no_grid_the_ways_to_a_table_are_named(tmp_path, warnings):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.1, "focal": 0.1}, study="losses", seeds=(1,))
    draw_sweep(tmp_path, methods={"a": 0.1, "b": 0.1, "c": 0.1}, by="model", study="models", seeds=(1,))
    assert warnings() == [
        "disks test: miou: model, loss vary, but most of their combinations are missing, so that there is no ablation"
        " table. Name its keys with rows= and cols=, or one study with study= (losses, models)."
    ]
    assert warnings(study="losses") == []
