"""What is kept of a run for its own page: the curve's shape, each line of a configuration once."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from segladder.report.page.details import MOST_RUNS, POINTS, curves, details, thinned


def test_a_short_curve_is_kept_whole():
    points = [(float(i), math.sin(i)) for i in range(POINTS)]
    assert thinned(points) == points


def test_a_long_curve_keeps_its_ends_its_peaks_and_its_order():
    rng = np.random.default_rng(0)
    points = [(float(i), float(value)) for i, value in enumerate(rng.normal(0, 1, 9999).cumsum())]
    points[4321] = (4321.0, 1e6)
    points[7777] = (7777.0, -1e6)
    kept = thinned(points)
    assert POINTS // 2 < len(kept) <= POINTS
    assert kept[0] == points[0] and kept[-1] == points[-1]
    assert points[4321] in kept and points[7777] in kept
    assert [x for x, _ in kept] == sorted({x for x, _ in kept}) and set(kept) <= set(points)


def test_a_flat_curve_is_thinned_too():
    assert 2 < len(thinned([(float(i), 0.5) for i in range(1000)])) <= POINTS


def test_curves_are_those_of_training_and_validation(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(
        "step,epoch,lr,train/loss,train/loss/ce,val/miou,val/iou/disk,test/miou\n"
        "1,0,0.1,2,1.5,,,\n2,0,,,,0.5,0.4,\n3,1,0.05,1,nan,,,\n4,1,,,,0.6,0.5,0.55\n5,2,0.0"
    )
    assert curves(path) == [
        {"name": "lr", "x": [1, 3], "y": [0.1, 0.05]},
        {"name": "train/loss", "x": [1, 3], "y": [2.0, 1.0]},
        {"name": "train/loss/ce", "x": [1], "y": [1.5]},
        {"name": "val/miou", "x": [2, 4], "y": [0.5, 0.6]},
    ]


def test_a_file_that_is_none_or_no_table_has_no_curves(tmp_path):
    assert curves(tmp_path / "metrics.csv") == []
    for content in (b"", b"\0\xff\xfe", b"a,b\n1,2\n", b'step,"loss\n1,2\n'):
        (tmp_path / "metrics.csv").write_bytes(content)
        assert curves(tmp_path / "metrics.csv") == []


def test_configurations_come_back_line_by_line(report):
    told = details(report.runs)
    assert told is not None
    for run, kept in zip(report.runs, told["runs"], strict=True):
        text = "\n".join(told["lines"][line] for line in kept["config"])
        assert text.rstrip() == run.folder.config.read_text().rstrip()
    assert len(told["lines"]) == len(set(told["lines"]))


def test_of_too_many_runs_nothing_is_kept(report):
    few = [replace(report.runs[0], path="nowhere") for _ in range(MOST_RUNS)]
    assert details(few) is not None
    assert details([*few, few[0]]) is None
