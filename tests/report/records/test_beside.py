"""Files beside a record that cannot be read."""

from __future__ import annotations

import pytest

from drawn_runs import draw_run
from segladder.report.records import beside
from segladder.report.records.beside import unreadable
from segladder.report.records.reading import read_runs


@pytest.fixture
def told(tmp_path):
    return lambda: unreadable(read_runs(tmp_path).runs)


def test_of_whole_files_nothing_is_said(tmp_path, told):
    draw_run(tmp_path)
    draw_run(tmp_path, seed=2, status="failed")
    assert told() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"model: {a: 1", "is no valid YAML: it was cut short or edited"),
        (b"\xff\xff", "is no valid YAML: it was cut short or edited"),
        (b"", "holds no configuration: it was cut short or edited"),
        (None, "is missing"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_told(tmp_path, told, content, said):
    path = draw_run(tmp_path) / "config.yaml"
    path.unlink() if content is None else path.write_bytes(content)
    (sentence,) = told()
    assert sentence.startswith(f"'{path}' {said}") and "the run" in sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column 'step'"),
        (b"\x89PNG\r\n", "has no column 'step'"),
        (b"step,epoch,val/miou\n1,0,0.5\n\0\0\0\n", "holds zero bytes"),
        (b"step,epoch,val/miou\n1,0,0.5\n2,0\n3,0,0.6\n", "has 1 line of another length than its head"),
    ],
)
def test_learning_curves_that_cannot_be_read_are_told(tmp_path, told, content, said):
    path = draw_run(tmp_path) / "metrics.csv"
    path.write_bytes(content)
    (sentence,) = told()
    assert sentence.startswith(f"'{path}' {said}") and "learning curves" in sentence


def test_half_a_last_line_is_how_a_run_ends_that_was_cut_off(tmp_path, told):
    path = draw_run(tmp_path) / "metrics.csv"
    path.write_bytes(path.read_bytes() + b"500,4")
    assert told() == []


def test_another_tools_record_needs_no_files(tmp_path, told):
    path = draw_run(tmp_path, seed=None, method="")
    for name in ("config.yaml", "metrics.csv"):
        (path / name).unlink()
    assert told() == []


def test_of_more_runs_than_the_page_shows_none_is_looked_at(tmp_path, told, monkeypatch):
    (draw_run(tmp_path) / "config.yaml").unlink()
    draw_run(tmp_path, seed=2)
    assert len(told()) == 1
    monkeypatch.setattr(beside, "MOST_RUNS", 1)
    assert told() == []


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ("1,0,0.5,0.1\n2,0,nan,0.1\n3,0,inf,0.1\n", "2 lines"),
        ("1,0,0.5,0.1\n2,0,0.6,-inf\n", "1 line"),
        ("1,0,0.5,0.1\n2,0,x,0.1\n", "1 line"),
        ("1,0,0.5,nan\n2,0,0.6,\n", ""),
        ("1,0,0.5,0.1\n2,0,na", ""),
    ],
)
def test_values_that_no_curve_can_show_are_told_but_not_the_score_of_a_class_that_is_not_there(
    tmp_path, told, rows, count
):
    path = draw_run(tmp_path) / "metrics.csv"
    path.write_text(f"step,epoch,val/miou,val/iou/disk\n{rows}")
    said = f"'{path}' has {count} with values that are no finite numbers: its learning curves lack these points."
    assert told() == ([said] if count else [])
