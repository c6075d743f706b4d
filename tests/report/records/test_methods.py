"""Runs into methods."""

from __future__ import annotations

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.records.methods import group
from segladder.report.records.reading import read_runs


@pytest.fixture
def grouped(tmp_path):
    return lambda: group(read_runs(tmp_path).runs)


def test_runs_that_differ_in_their_seed_alone_are_one_method(tmp_path, grouped):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.2})
    methods = grouped().methods
    assert {method.label: method.seeds for method in methods} == {"ce": [1, 2, 3], "dice": [1, 2, 3]}


def test_of_repeats_the_newest_finished_counts_and_the_others_are_told(tmp_path, grouped):
    draw_run(tmp_path, seed=1, created="2026-01-01T00:00:00+00:00")
    draw_run(tmp_path, seed=1, created="2026-01-02T00:00:00+00:00", folder="newer-12345678-2")
    draw_run(tmp_path, seed=1, created="2026-01-03T00:00:00+00:00", folder="failed-12345678-3", status="failed")
    (method,) = grouped().methods
    assert [run.created[:10] for run in method.runs] == ["2026-01-02"]
    assert method.notes == ["1 repeat left out: of each seed the newest run counts"]


def test_seeds_that_did_not_finish_are_told_with_their_reason(tmp_path, grouped):
    draw_run(tmp_path, seed=1)
    draw_run(tmp_path, seed=2, status="failed")
    draw_run(tmp_path, seed=3, status="pruned")
    (method,) = grouped().methods
    assert method.notes == ["seed 2 did not finish: failed (bad luck)", "seed 3 did not finish: pruned (bad luck)"]


def test_a_method_of_which_nothing_finished_is_told(tmp_path, grouped):
    draw_run(tmp_path, loss="ce")
    draw_run(tmp_path, loss="dice", status="failed")
    found = grouped()
    assert [method.label for method in found.methods] == ["ce"]
    (told,) = found.without_result
    assert told == "dice: no finished run; seed 1 did not finish: failed (bad luck)."


def test_methods_with_and_without_a_result_are_named_by_the_same_keys(tmp_path, grouped):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.2}, seeds=(1,))
    draw_run(tmp_path, overrides=["optimizer.lr=9"], status="failed")
    draw_run(tmp_path, overrides=["optimizer.lr=0.1"])
    found = grouped()
    assert [told.partition(":")[0] for told in found.without_result] == ["ce optimizer.lr=9"]
    assert {method.label for method in found.methods} == {"ce", "dice", "ce optimizer.lr=0.1"}


def test_what_has_the_default_of_all_that_differs_is_named_so(tmp_path, grouped):
    draw_run(tmp_path)
    draw_run(tmp_path, overrides=["optimizer.lr=0.1"])
    draw_run(tmp_path, overrides=["optimizer.lr=9"], status="failed")
    found = grouped()
    assert {method.label for method in found.methods} == {"optimizer.lr by default", "optimizer.lr=0.1"}
    assert found.without_result[0].startswith("optimizer.lr=9: ")


def test_seeds_that_most_others_of_the_study_have_are_missed(tmp_path, grouped):
    draw_sweep(tmp_path, methods={"ce": 0.1, "dice": 0.2})
    draw_run(tmp_path, loss="focal", seed=1)
    notes = {method.label: method.notes for method in grouped().methods}
    assert notes["focal"] == ["seeds 2, 3 missing, which most others of the study have"]
    assert notes["ce"] == []


def test_another_tools_results_stand_under_their_name_and_other_files_are_seeds(tmp_path, grouped):
    for number in range(2):
        name = {"name": "theirs", "id": f"{number}" * 64, "choices": {"model": "theirs"}, "overrides": []}
        draw_run(tmp_path, seed=None, method="", folder=f"theirs-0000000{number}", **name)
    (method,) = grouped().methods
    assert method.label == "theirs" and len(method.runs) == 2


def test_what_differs_in_the_configuration_alone_is_looked_up_there(tmp_path, grouped):
    for depth in (2, 3):
        path = draw_run(tmp_path, method=str(depth) * 64, folder=f"r-0000000{depth}", id=f"{depth}" * 64)
        (path / "config.yaml").write_text(f"seed: 1\nmodel: {{depth: {depth}}}\n")
    assert {method.settings["model.depth"] for method in grouped().methods} == {"2", "3"}


def test_methods_that_nothing_tells_apart_get_the_beginning_of_their_hash(tmp_path, grouped):
    for digit in "ab":
        path = draw_run(tmp_path, method=digit * 64, folder=f"r-0000000{digit}", id=digit * 64)
        (path / "config.yaml").unlink()
    assert {method.settings["method"] for method in grouped().methods} == {"a" * 8, "b" * 8}


def test_a_run_without_a_seed_that_failed_is_told_as_such(tmp_path, grouped):
    draw_run(tmp_path, seed=None, folder="done")
    draw_run(tmp_path, seed=None, status="failed", folder="lost", loss="focal")
    told = " ".join(grouped().without_result)
    assert "a run without a seed did not finish: failed (bad luck)" in told and "None" not in told
