"""One writer per folder: real processes race, die and come back."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from segladder.runs import lock as lock_module
from segladder.runs import process
from segladder.runs.lock import BusyError, RunLock, lock_state
from segladder.types import UserError

HOLDER = """
import sys, time
from pathlib import Path
from segladder.runs.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""

RACER = """
import random, sys, time
from pathlib import Path
from segladder.runs import lock
from segladder.runs.lock import BusyError, RunLock
read = lock._read
def late(path):
    # What was read is old when it is acted upon: races that last microseconds become likely ones.
    found = read(path)
    time.sleep(random.uniform(0, 0.01))
    return found
lock._read = late
path, start, rounds = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
won = []
for turn in range(rounds):
    time.sleep(max(0.0, start + 0.15 * turn - time.time()))
    try:
        RunLock(path.parent / str(turn) / path.name).acquire()
        won.append(turn)
    except BusyError:
        pass
print(*won, flush=True)
sys.stdin.read()  # live on, so that what was won stays held
"""

CRASHER = """
import os, sys
from pathlib import Path
from segladder.runs import lock
from segladder.runs.lock import RunLock
# Die holding the right to take over, before having taken over.
lock._partial_before = lock._partial
def partial(path, owner):
    made = lock._partial_before(path, owner)
    if path.name == "lock" and path.with_name("lock." + sys.argv[2]).exists():
        os._exit(9)
    return made
lock._partial = partial
RunLock(Path(sys.argv[1])).acquire()
"""


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(running: "subprocess.Popen[str]") -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def end(running: "subprocess.Popen[str]") -> None:
    running.kill()
    running.communicate()


def dead_lock(path: Path, **changes: object) -> str:
    """Leave the lock of a process that is no more; its token."""
    with RunLock(path):
        owner = json.loads(path.read_text())
    owner |= {"pid": 2**22 + 5, "token": "dead0"} | changes
    path.write_text(json.dumps(owner))
    return str(owner["token"])


def silent_for(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_held_lock_is_refused_with_its_owner(tmp_path):
    with RunLock(tmp_path / "lock"):
        assert lock_state(tmp_path / "lock").kind == "alive"
        with pytest.raises(BusyError, match=rf"is being written by process {os.getpid()} on .*Wait until"):
            RunLock(tmp_path / "lock").acquire()
    assert list(tmp_path.iterdir()) == []


def test_another_process_is_refused_until_the_owner_is_killed(tmp_path):
    holder = start(HOLDER, tmp_path / "lock")
    assert first_line(holder) == "held"
    with pytest.raises(BusyError, match=f"process {holder.pid} on"):
        RunLock(tmp_path / "lock").acquire()
    holder.send_signal(signal.SIGKILL)
    while process.start_of(holder.pid) is not None:
        time.sleep(0.01)
    # Not waited for, it is still a zombie here, and dead all the same.
    assert lock_state(tmp_path / "lock").kind == "dead"
    with RunLock(tmp_path / "lock") as mine:
        assert mine.held
    end(holder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stale", [False, True], ids=["free", "stale"])
def test_of_many_at_once_exactly_one_wins(tmp_path, stale):
    rounds = 6
    for turn in range(rounds):
        (tmp_path / str(turn)).mkdir()
        if stale:
            dead_lock(tmp_path / str(turn) / "lock")
    racers = [start(RACER, tmp_path / "lock", time.time() + 1.5, rounds) for _ in range(8)]
    winners = sorted(int(turn) for racer in racers for turn in first_line(racer).split())
    for racer in racers:
        end(racer)
    assert winners == list(range(rounds))
    assert all([entry.name for entry in (tmp_path / str(turn)).iterdir()] == ["lock"] for turn in range(rounds))


def test_the_right_of_one_who_died_taking_over_passes_on(tmp_path):
    token = dead_lock(tmp_path / "lock")
    crashed = start(CRASHER, tmp_path / "lock", token)
    crashed.communicate()
    assert crashed.returncode == 9 and (tmp_path / f"lock.{token}").exists()
    with RunLock(tmp_path / "lock") as mine:
        assert mine.held
    assert not (tmp_path / "lock").exists() and not (tmp_path / f"lock.{token}").exists()


def test_a_used_again_process_id_is_told_by_its_start(tmp_path):
    dead_lock(tmp_path / "lock", pid=os.getpid(), start="12345")
    assert lock_state(tmp_path / "lock").kind == "dead"
    RunLock(tmp_path / "lock").acquire().release()


def test_a_reboot_ends_a_lock_once_it_is_silent(tmp_path):
    dead_lock(tmp_path / "lock", pid=os.getpid(), boot="another-boot")
    assert lock_state(tmp_path / "lock").kind == "alive"
    silent_for(tmp_path / "lock", 60)
    assert lock_state(tmp_path / "lock").kind == "dead"
    RunLock(tmp_path / "lock").acquire().release()


@pytest.mark.parametrize("elsewhere", [{"host": "node17"}, {"space": "pid:[1]"}], ids=["host", "container"])
def test_an_owner_elsewhere_lives_as_long_as_he_gives_signs(tmp_path, elsewhere):
    dead_lock(tmp_path / "lock", **elsewhere)
    silent_for(tmp_path / "lock", 120)
    with pytest.raises(BusyError):
        RunLock(tmp_path / "lock").acquire()
    silent_for(tmp_path / "lock", 200)
    RunLock(tmp_path / "lock").acquire().release()


def test_a_stopped_owner_on_this_machine_keeps_his_lock(tmp_path):
    holder = start(HOLDER, tmp_path / "lock")
    first_line(holder)
    holder.send_signal(signal.SIGSTOP)
    silent_for(tmp_path / "lock", 10_000)
    assert lock_state(tmp_path / "lock").kind == "alive"
    end(holder)


def test_signs_of_life_are_given(tmp_path):
    with RunLock(tmp_path / "lock", beat=0.02):
        silent_for(tmp_path / "lock", 1000)
        deadline = time.monotonic() + 5
        while time.time() - (tmp_path / "lock").stat().st_mtime > 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert time.time() - (tmp_path / "lock").stat().st_mtime < 100


def test_an_owner_who_lost_his_lock_notices_and_leaves_the_new_one_alone(tmp_path):
    path = tmp_path / "lock"
    mine = RunLock(path, beat=0.02).acquire()
    mine.verify()
    other = json.loads(path.read_text()) | {"host": "node17", "token": "other1"}
    path.write_text(json.dumps(other))
    deadline = time.monotonic() + 5
    while mine.held and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not mine.held
    with pytest.raises(UserError, match="has lost its hold"):
        mine.verify()
    mine.release()
    assert json.loads(path.read_text())["token"] == "other1"


def test_a_forked_child_does_not_own_the_lock(tmp_path):
    script = f"""
import os
from pathlib import Path
from segladder.runs.lock import BusyError, RunLock
path = Path({str(tmp_path / "lock")!r})
with RunLock(path) as lock:
    child = os.fork()
    if child == 0:
        print("held", lock.held, flush=True)
        try:
            RunLock(path).acquire()
        except BusyError:
            print("busy", flush=True)
        lock.release()
        os._exit(0)
    os.waitpid(child, 0)
    print("still", path.exists(), lock.held)
print("after", path.exists())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == ["held False", "busy", "still True True", "after False"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 3}', '{"token": "../../x"}'])
def test_a_lock_that_cannot_be_read_is_given_time_and_then_taken(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    with pytest.raises(BusyError, match="another process"):
        RunLock(tmp_path / "lock").acquire()
    silent_for(tmp_path / "lock", 60)
    with RunLock(tmp_path / "lock"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_another_users_lock_that_cannot_be_read_is_judged_by_its_signs_of_life(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    dead_lock(tmp_path / "lock")
    monkeypatch.setattr(lock_module, "open", refuse, raising=False)
    silent_for(tmp_path / "lock", 2 * lock_module.BEAT)
    assert lock_state(tmp_path / "lock").kind == "alive"
    silent_for(tmp_path / "lock", 4 * lock_module.BEAT)
    assert lock_state(tmp_path / "lock").kind == "dead"


def test_a_full_disk_hides_no_error_and_keeps_no_lock(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with pytest.raises(KeyError, match="the run's own"), RunLock(tmp_path / "lock"):
        monkeypatch.setattr(Path, "write_text", full)
        raise KeyError("the run's own")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="No space is left"):
        RunLock(tmp_path / "lock").acquire()


def test_a_disk_without_hard_links_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(lock_module.os, "link", refuse)
    dead_lock(tmp_path / "lock")
    with RunLock(tmp_path / "lock"), pytest.raises(BusyError):
        RunLock(tmp_path / "lock").acquire()
    assert list(tmp_path.iterdir()) == []


def test_without_start_times_signs_of_life_decide(tmp_path, monkeypatch):
    dead_lock(tmp_path / "lock", pid=os.getpid(), start="")
    assert lock_state(tmp_path / "lock").kind == "alive"
    silent_for(tmp_path / "lock", 200)
    assert lock_state(tmp_path / "lock").kind == "dead"
