"""What may go from an outputs folder: what was asked for, never a run at work, never the best that there is."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from left_runs import contents, leave, run_id
from segladder.runs.folder import RunFolder
from segladder.runs.lock import RunLock
from segladder.runs.record import update
from segladder.runs.tidy.listing import list_runs
from segladder.runs.tidy.pruning import ENDED, WHAT, removals


def plan(root, *what, **how):
    return sorted(
        (removal.kind, str(removal.path.relative_to(root))) for removal in removals(list_runs(root), root, what, **how)
    )


def test_each_status_takes_its_own_runs_and_planning_touches_nothing(tmp_path):
    for digit, status in enumerate((*ENDED, "finished", "running")):
        leave(tmp_path, f"0000000{digit}", status)
    before = contents(tmp_path)
    assert plan(tmp_path, "failed") == [("run", "study/a-00000000")]
    # of a run whose process is gone the record still says running
    assert plan(tmp_path, "interrupted") == [("run", "study/a-00000001"), ("run", "study/a-00000005")]
    assert len(plan(tmp_path, *ENDED)) == 5
    assert contents(tmp_path) == before


def test_a_run_at_work_is_never_taken(tmp_path):
    folder = leave(tmp_path, "00000001", "running")
    begun = RunFolder(tmp_path / "study" / "a-00000002").create()
    with RunLock(folder.lock), RunLock(begun.lock):
        assert plan(tmp_path, *WHAT) == []


def test_repeats_are_what_a_newer_finished_attempt_has_replaced(tmp_path):
    for status in ("finished", "failed", "finished", "interrupted"):
        leave(tmp_path, "00000001", status)
    leave(tmp_path, "00000001", "finished", study="other")
    leave(tmp_path, "00000002", "failed")
    leave(tmp_path, "00000002", "interrupted")
    assert plan(tmp_path, "repeats") == [("run", "study/a-00000001"), ("run", "study/a-00000001-2")]


def test_of_repeats_that_began_in_one_moment_the_higher_number_stays(tmp_path):
    for _ in range(2):
        leave(tmp_path, "00000001", created="2026-01-01T00:00:00+00:00")
    assert plan(tmp_path, "repeats") == [("run", "study/a-00000001")]


def test_bare_are_runs_of_which_nothing_came_out(tmp_path):
    leave(tmp_path, "00000001", "failed", bare=True)
    leave(tmp_path, "00000002", "failed")
    leave(tmp_path, "00000003", "finished", bare=True)
    RunFolder(tmp_path / "study" / "a-00000004").create()
    assert plan(tmp_path, "bare") == [("run", "study/a-00000001"), ("run", "study/a-00000004")]


def test_checkpoints_are_taken_of_finished_runs_and_the_only_one_stays(tmp_path):
    leave(tmp_path, "00000001")
    leave(tmp_path, "00000002", "interrupted")
    leave(tmp_path, "00000003").best.unlink()
    assert plan(tmp_path, "checkpoints") == [("checkpoint", "study/a-00000001/checkpoints/last.ckpt")]
    assert len(plan(tmp_path, "checkpoints", keep="none")) == 3


def test_what_is_younger_than_asked_for_stays(tmp_path):
    young, old = leave(tmp_path, "00000001", "failed"), leave(tmp_path, "00000002", "failed")
    text = old.result.read_text()
    moment = update(old.result).updated
    old.result.write_text(text.replace(text[text.index('"updated": "') + 12 :][:32], f"2020{moment[4:32]}"))
    assert plan(tmp_path, "failed", older_than=3600) == [("run", "study/a-00000002")]
    assert young.path.exists()


def test_what_is_no_run_folder_of_ours_stays(tmp_path):
    leave(tmp_path, "00000001", "failed").result.write_text('{"schema": 1}')
    foreign = leave(tmp_path, "00000002", "failed")
    (foreign.pictures / "x.png").write_bytes(b"x")
    foreign.pictures.rename(foreign.path / "photos")
    leave(leave(tmp_path, "00000003", "failed").path / "more", "00000004", "finished")
    (tmp_path / "study" / "mine").mkdir()
    (tmp_path / "study" / "link-00000005").symlink_to(leave(tmp_path / "else" / "where", "00000005", "failed").path)
    assert plan(tmp_path / "study", *WHAT) == []


def test_locks_are_what_dead_processes_left(tmp_path):
    folder = leave(tmp_path, "00000001", "running")
    place = folder.path.parent
    program = (
        "import os, sys; from pathlib import Path; from segladder.runs.lock import RunLock\n"
        "[RunLock(Path(path)).acquire() for path in sys.argv[1:]]; os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, folder.lock, place / ".claim-00000001"], check=False)
    (folder.checkpoints / ".last.ckpt.0123abcd.partial").write_bytes(b"x" * 10)
    (place / ".pruned-a-00000009.0123abcd").mkdir()
    (place / ".jobs").mkdir()
    ages = {"00000001.log": 120, "job-3.log": 7200, "00000002.log": 120, "notes.txt": 7200}
    for name, age in ages.items():
        (place / ".jobs" / name).write_text("x")
        os.utime(place / ".jobs" / name, (time.time() - age, time.time() - age))
    (place / ".claim-00000003").write_text("just being written")
    with RunLock(place / ".claim-00000004"):
        assert plan(tmp_path, "locks") == [
            ("leftover", "study/.claim-00000001"),
            ("leftover", "study/.jobs/00000001.log"),
            ("leftover", "study/.jobs/job-3.log"),
            ("leftover", "study/.pruned-a-00000009.0123abcd"),
            ("leftover", "study/a-00000001"),
        ]


@pytest.mark.parametrize("what", WHAT)
def test_the_newest_finished_attempt_keeps_its_record_whatever_is_asked(tmp_path, what):
    folder = leave(tmp_path, "00000001")
    leave(tmp_path, "00000002", parent=run_id("00000001"))
    assert all(removal.kind != "run" for removal in removals(list_runs(tmp_path), tmp_path, [what], keep="none"))
    assert folder.result.exists()
