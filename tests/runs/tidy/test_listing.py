"""What lies in an outputs folder is listed whole: good, dead, damaged, newer and half-made runs."""

from __future__ import annotations

import json

import pytest

from left_runs import leave, run_id
from segladder.runs.folder import RunFolder
from segladder.runs.lock import RunLock
from segladder.runs.tidy.listing import arranged, list_runs, of_statuses, of_study, run_folders, size_of
from segladder.types import UserError


def statuses(root):
    return {line.folder.path.name: line.status for line in list_runs(root)}


def test_every_kind_of_run_is_listed_under_its_effective_status(tmp_path):
    leave(tmp_path, "00000001", "finished", val=0.5)
    leave(tmp_path, "00000002", "running")
    leave(tmp_path, "00000003", "finished", parent=run_id("00000001"))
    leave(tmp_path, "00000004", "failed", parent=run_id("00000001"))
    leave(tmp_path, "00000005").result.write_text('{"schema": 1, "id"')
    newer = leave(tmp_path, "00000006").result
    newer.write_text(json.dumps(json.loads(newer.read_text()) | {"schema": 99}))
    RunFolder(tmp_path / "study" / "a-00000007").create()
    half = RunFolder(tmp_path / "study" / "a-00000008").create()
    half.last.write_bytes(b"weights")
    alive = leave(tmp_path, "00000009", "running")
    begun = RunFolder(tmp_path / "study" / "a-0000000a").create()
    with RunLock(alive.lock), RunLock(begun.lock):
        found = statuses(tmp_path)
    assert [found[f"a-0000000{digit}"] for digit in "123456789a"] == [
        *("finished", "interrupted", "evaluated", "failed", "damaged", "newer", "bare", "damaged", "running", "running")
    ]
    reasons = {line.id[:8]: line.reason for line in list_runs(tmp_path) if line.reason}
    assert "is not valid JSON" in reasons["00000005"] and "schema 99" in reasons["00000006"]
    assert "no result.json" in reasons["00000008"]


def test_a_line_says_what_the_record_says(tmp_path):
    folder = leave(
        tmp_path,
        "0000000f",
        val=0.75,
        seed=3,
        choices={"model": "unet", "loss": "ce", "backbone": None},
        time={"fit": 1.0, "total": 2.5},
    )
    leave(tmp_path, "0000000f", "failed")
    line, again = list_runs(tmp_path)
    assert (line.name, line.study, line.short, line.seed, line.metric) == ("a", "study", "0000000f", 3, "miou")
    assert (line.val, line.test, line.seconds) == (0.75, 0.74, 2.5)
    assert line.bytes == sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
    assert again.short == "0000000f-2" and again.val is None


def test_links_hidden_folders_and_foreign_ones_are_not_looked_into(tmp_path):
    outside = leave(tmp_path / "elsewhere", "00000001")
    root = tmp_path / "outputs"
    leave(root, "00000002")
    (root / "study" / "link-00000001").symlink_to(outside.path)
    (root / "link").symlink_to(tmp_path / "elsewhere")
    outside.path.rename(root / "study" / ".pruned-a-00000001.0123abcd")
    (root / "study" / "notes-0123abcd").mkdir()
    assert [folder.path.name for folder in run_folders(root)] == ["a-00000002"]


def test_what_a_link_points_at_takes_no_space(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 10_000)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "small").write_bytes(b"x" * 10)
    (tmp_path / "run" / "link").symlink_to(tmp_path / "big")
    assert size_of(tmp_path / "run") < 1000


def test_scores_sort_best_first_each_metric_by_its_direction_and_undefined_ones_last(tmp_path):
    for digits, value in (("00000001", 0.2), ("00000002", None), ("00000003", 0.9)):
        leave(tmp_path, digits, val=value)
    for digits, value in (("00000004", 5.0), ("00000005", 3.0)):
        leave(tmp_path, digits, monitor={"name": "aaa", "mode": "min", "value": value})
    lines = list_runs(tmp_path)
    assert [line.id[7] for line in arranged(lines, "score")] == ["5", "4", "3", "1", "2"]
    assert [line.id[7] for line in arranged(lines, "created")] == ["5", "4", "3", "2", "1"]


def test_a_study_and_statuses_are_picked_and_an_unknown_study_names_the_nearest(tmp_path):
    leave(tmp_path, "00000001", "failed", study="losses")
    leave(tmp_path, "00000002", study=None)
    lines = list_runs(tmp_path)
    assert [line.id[7] for line in of_study(lines, "single")] == ["2"]
    assert [line.id[7] for line in of_statuses(lines, ["failed", "bare"])] == ["1"]
    with pytest.raises(UserError, match=r"study=loses.*did you mean 'losses'"):
        of_study(lines, "loses")


@pytest.mark.parametrize(("name", "sentence"), [("absent", "is not there"), ("file", "is a file")])
def test_no_folder_is_a_sentence(tmp_path, name, sentence):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=sentence):
        list_runs(tmp_path / name)
    assert list_runs(tmp_path) == []
