"""Removal is whole or not at all, and looks again before it acts."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

from left_runs import contents, leave, run_id
from segladder.runs.folder import RunFolder, attempts
from segladder.runs.lock import RunLock
from segladder.runs.record import read, update
from segladder.runs.storage import storing
from segladder.runs.tidy import removal as removal_module
from segladder.runs.tidy.listing import list_runs
from segladder.runs.tidy.pruning import removals
from segladder.runs.tidy.removal import remove


def planned(root, *what, **how):
    return removals(list_runs(root), root, what, **how)


def test_a_removed_run_is_gone_and_nothing_else(tmp_path):
    folder = leave(tmp_path, "00000001", "failed")
    (folder.path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    other = leave(tmp_path, "00000002")
    before = contents(other.path)
    assert [why for _, why in remove(planned(tmp_path, "failed"))] == [""]
    assert sorted(path.name for path in other.path.parent.iterdir()) == ["a-00000002"]
    assert contents(other.path) == before and (tmp_path / "kept" / "file").exists()


def test_a_run_that_somebody_took_up_again_stays(tmp_path):
    busy, changed = leave(tmp_path, "00000001", "interrupted"), leave(tmp_path, "00000002", "interrupted")
    plan = planned(tmp_path, "interrupted")
    update(changed.result, status="finished")
    with RunLock(busy.lock):
        said = [why for _, why in remove(plan)]
    assert "is being written by" in said[0] and "has changed since it was listed" in said[1]
    assert busy.last.exists() and changed.last.exists()


def test_who_decides_about_a_run_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(removal_module, "_PATIENCE", 0.1)
    folder = leave(tmp_path, "00000001", "failed")
    plan = planned(tmp_path, "failed")
    with RunLock(folder.path.parent / ".claim-00000001"):
        assert "is being written" in next(remove(plan))[1]
    assert next(remove(plan))[1] == "" and not folder.path.exists()


def test_a_checkpoint_that_went_is_noted_in_the_record(tmp_path):
    folder = leave(tmp_path, "00000001", checkpoints={"best": "checkpoints/best.ckpt", "last": "checkpoints/last.ckpt"})
    assert [why for _, why in remove(planned(tmp_path, "checkpoints"))] == [""]
    assert folder.best.exists() and not folder.last.exists()
    record = read(folder.path)
    assert record.checkpoints == {"best": "checkpoints/best.ckpt", "last": None}
    assert record.status == "finished" and planned(tmp_path, "checkpoints") == []


def test_what_dead_processes_left_goes_and_the_run_stays(tmp_path):
    folder = leave(tmp_path, "00000001", "running")
    place = folder.path.parent
    program = (
        "import os, sys; from pathlib import Path; from segladder.runs.lock import RunLock\n"
        "[RunLock(Path(path)).acquire() for path in sys.argv[1:]]; os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, folder.lock, place / ".claim-00000001"], check=False)
    (folder.checkpoints / ".last.ckpt.0123abcd.partial").write_bytes(b"x")
    (place / ".jobs").mkdir()
    (place / ".jobs" / "00000001.log").write_text("x")
    os.utime(place / ".jobs" / "00000001.log", (0, 0))
    assert {why for _, why in remove(planned(tmp_path, "locks"))} == {""}
    assert planned(tmp_path, "locks") == []
    assert [path.name for path in place.iterdir()] == ["a-00000001"]
    assert folder.last.exists() and not folder.lock.exists()


def test_a_removal_killed_at_any_moment_leaves_whole_runs_or_none(tmp_path):
    whole = set()
    for number in range(60):
        folder = leave(tmp_path, f"{number:08x}", "failed")
        for part in range(20):
            (folder.pictures / f"{part}.png").write_bytes(b"x")
        whole = {str(path.relative_to(folder.path)) for path in folder.path.rglob("*")}
    program = (
        "import sys; from pathlib import Path; root = Path(sys.argv[1])\n"
        "from segladder.runs.tidy.listing import list_runs\n"
        "from segladder.runs.tidy.pruning import removals\n"
        "from segladder.runs.tidy.removal import remove\n"
        "for done in remove(removals(list_runs(root), root, ['failed'])): print('.', flush=True)\n"
    )
    place = tmp_path / "study"
    for _ in range(3):
        running = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
        assert running.stdout is not None
        for _ in range(5):
            running.stdout.readline()
        time.sleep(0.003)
        running.send_signal(signal.SIGKILL)
        running.wait()
        for path in place.glob("a-*"):
            left = {str(below.relative_to(path)) for below in path.rglob("*") if "lock" not in below.name}
            assert left == whole
    assert all(why == "" for _, why in remove(planned(tmp_path, "failed")))
    # a claim's own files count as left over after a minute
    assert [path for path in place.iterdir() if ".claim-" not in path.name] == []


def test_the_hidden_name_is_no_attempt(tmp_path, monkeypatch):
    folder = leave(tmp_path, "00000001", "failed")
    monkeypatch.setattr(removal_module.secrets, "token_hex", lambda size: "12345678")
    monkeypatch.setattr(removal_module.shutil, "rmtree", lambda path: None)
    assert next(remove(planned(tmp_path, "failed")))[1] == "" and not folder.path.exists()
    assert attempts(tmp_path, "study", run_id("00000001")) == [] and list_runs(tmp_path) == []
    monkeypatch.undo()
    assert [removal.why for removal in planned(tmp_path, "bare")] == ["left by a pruning that was cut off"]
    assert next(remove(planned(tmp_path, "bare")))[1] == ""
    assert list((tmp_path / "study").iterdir()) == []


def test_on_a_full_disk_where_no_lock_can_be_written_there_is_still_room_made(tmp_path, monkeypatch):
    folder = leave(tmp_path, "00000001", "failed")
    plan = planned(tmp_path, "failed")

    def full(self):
        with storing(self.path):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RunLock, "acquire", full)
    assert next(remove(plan))[1] == "" and not folder.path.exists()


def test_a_bare_folder_goes_unless_something_came_out_meanwhile(tmp_path):
    kept = RunFolder(tmp_path / "study" / "a-00000001").create()
    gone = RunFolder(tmp_path / "study" / "a-00000002").create()
    plan = planned(tmp_path, "bare")
    kept.last.write_bytes(b"weights")
    said = [why for _, why in remove(plan)]
    assert "has changed" in said[0] and said[1] == ""
    assert kept.last.exists() and not gone.path.exists()
