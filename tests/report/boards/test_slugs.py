"""Which table of a report comes first, and how its files are called."""

from __future__ import annotations

import csv

import pytest

from drawn_runs import HASHES, draw_run, draw_sweep
from segladder.report.report import make_report
from segladder.report.written.whole import write_report

FEW, MANY = "1" * 64, "e" * 64


def draw_on(root, test, *, losses=("ce", "dice"), seeds=(1, 2), **changes):
    hashes = HASHES | {"test": test}
    splits = {name: name for name in hashes}
    data = {"name": "disks", "hashes": hashes, "splits": splits, "info": {}}
    for loss in losses:
        for seed in seeds:
            draw_run(root, loss=loss, seed=seed, data=data, miss=0.1 if loss == "ce" else 0.2, **changes)


@pytest.fixture
def report(tmp_path):
    return lambda: make_report(tmp_path / "runs", base=tmp_path, resamples=100)


def names(report):
    return [[sheet.name for sheet in part.sheets] for part in report.parts]


def test_the_table_of_the_most_runs_comes_first_and_has_the_plain_name(tmp_path, report):
    draw_on(tmp_path / "runs", FEW, losses=("ce",), seeds=(1,), model="few")
    draw_on(tmp_path / "runs", MANY)
    assert names(report()) == [
        ["leaderboard-disks-test-miou", "ablation-disks-test-miou-loss", "comparisons-disks-test-miou"],
        ["leaderboard-disks-test-miou-11111111"],
    ]


def test_a_run_on_still_other_images_renames_no_file(tmp_path, report):
    draw_on(tmp_path / "runs", "5" * 64, seeds=(1,), model="few")
    draw_on(tmp_path / "runs", MANY)
    before = [name for part in names(report()) for name in part]
    draw_on(tmp_path / "runs", FEW, losses=("ce",), seeds=(1,), model="one")
    after = [name for part in names(report()) for name in part]
    assert after == [*before, "leaderboard-disks-test-miou-11111111"]


def test_all_files_of_one_table_have_one_name(tmp_path, report):
    draw_on(tmp_path / "runs", FEW, seeds=(1,), model="few")
    draw_on(tmp_path / "runs", MANY)
    files = {path.name for path in write_report(report(), tmp_path / "report")}
    second = {name for name in files if "11111111" in name}
    assert {
        "leaderboard-disks-test-miou-11111111.tex",
        "ablation-disks-test-miou-11111111-loss.csv",
        "comparisons-disks-test-miou-11111111.csv",
        "disks-test-miou-11111111-curves.png",
    } <= second
    with open(tmp_path / "report" / "comparisons-disks-test-miou-11111111.csv", newline="") as file:
        assert {row["images"] for row in csv.DictReader(file)} == {FEW}
    assert not any(name.endswith(("-2.csv", "-3.csv")) for name in files)


def test_at_another_size_the_size_is_in_the_name(tmp_path, report):
    draw_sweep(tmp_path / "runs", methods={"ce": 0.1, "dice": 0.2})
    draw_run(tmp_path / "runs", loss="ce", seed=9, protocol={"metrics": 1, "inference": {"size": [64, 64]}})
    assert names(report())[1] == ["leaderboard-disks-test-miou-at-64-64"]


def test_one_table_alone_says_nothing_of_its_images(tmp_path, report):
    draw_sweep(tmp_path / "runs", methods={"ce": 0.1, "dice": 0.2})
    write_report(report(), tmp_path / "report", pictures=False)
    head = (tmp_path / "report" / "leaderboard-disks-test-miou.csv").read_text().splitlines()[0]
    assert "images" not in head.split(",")
