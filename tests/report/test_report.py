"""A whole report, before it has a form."""

from __future__ import annotations

import json

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.report import make_report
from segladder.types import UserError


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


def test_a_baseline_without_a_table_is_told_or_refused_where_it_names_nothing(tmp_path, warnings):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.1, "focal": 0.1}, study="losses", seeds=(1,))
    draw_sweep(tmp_path, methods={"a": 0.1, "b": 0.1, "c": 0.1}, by="model", study="models", seeds=(1,))
    told = "disks test: miou: baseline=ce is not used, as there is no ablation table."
    assert told in warnings(baseline="ce")
    with pytest.raises(UserError, match="baseline=banana: there is no 'banana'"):
        warnings(baseline="banana")


def test_records_that_cannot_be_read_are_grouped_by_reason(tmp_path, warnings):
    paths = draw_sweep(tmp_path, methods={f"loss{n}": 0.1 for n in range(8)}, seeds=(1,))
    for path in paths[:5]:
        (path / "result.json").write_text("{")
    for path in paths[5:7]:
        (path / "result.json").write_text('{"schema": 99}')
    broken, newer = warnings()
    assert "is not valid JSON" in broken and broken.endswith("4 more are left out for the same reason.")
    assert "99" in newer and newer.endswith("1 more is left out for the same reason.")


def test_weights_as_one_text_count_and_what_is_no_name_is_told(tmp_path, warnings):
    for seed, weights in ((1, "backbone.weights=imagenet"), (2, {"a": 1})):
        path = draw_run(tmp_path, seed=seed) / "result.json"
        record = json.loads(path.read_text())
        record["model"]["pretrained"] = weights
        path.write_text(json.dumps(record))
    runs = {run.seed: run.pretrained for run in make_report(tmp_path, base=tmp_path, resamples=0).runs}
    assert runs == {1: ("backbone.weights=imagenet",), 2: None}
    assert warnings() == [f"""'{path}' says model.pretrained {{"a": 1}}, which is no name. It is left out."""]
