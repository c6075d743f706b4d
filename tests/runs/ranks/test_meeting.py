"""Processes that were started from outside find each other, and are not fooled by what an earlier start has left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from segladder.runs.ranks.meeting import FOLDER, Host, Visitor
from segladder.runs.ranks.team import Word
from segladder.runs.ranks.world import World
from segladder.types import UserError

WORD = Word(job={"cfg": {"seed": 3}}, folder="/f", checkpoint=None, address="127.0.0.1", port=1)

VISITOR = """
import sys
from pathlib import Path
from segladder.runs.ranks.meeting import Visitor
from segladder.runs.ranks.world import World
visitor = Visitor(Path(sys.argv[1]), World(starter="torchrun", size=2, rank=1, token="t"))
said = visitor.wait_for_word()
print(said, flush=True)
if not isinstance(said, int):
    visitor.tell(*sys.argv[2:])
    if sys.argv[2] == "ready":
        import time
        time.sleep(60)
"""


def world(rank: int) -> World:
    return World(starter="torchrun", size=2, rank=rank, token="t")


@pytest.fixture
def visit(tmp_path):
    begun = []

    def start(*tells: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", VISITOR, str(tmp_path), *tells]
        begun.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


def until(sign, timeout: float = 60) -> None:
    end = time.monotonic() + timeout
    while not sign():
        assert time.monotonic() < end
        time.sleep(0.05)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_the_others_get_the_word_and_nothing_is_left(tmp_path, visit):
    other = visit("done")
    host = Host(tmp_path, world(0))
    host.give(WORD)
    assert "'seed': 3" in other.communicate(timeout=60)[0]
    until(host.done)
    assert host.lost() is None
    host.end()
    assert not list(tmp_path.iterdir())


def test_what_is_said_can_be_read_by_its_owner_alone_and_is_removed_once_read(tmp_path, visit):
    visit("ready")
    host = Host(tmp_path, world(0))
    assert {path.stat().st_mode & 0o777 for path in files(tmp_path)} == {0o600}
    host.give(WORD)
    until(host.ready)
    assert sorted(path.name for path in files(tmp_path)) == ["rank0", "rank1"]


def test_the_others_are_sent_home_where_there_is_nothing_to_do(tmp_path, visit):
    other = visit("done")
    Host(tmp_path, world(0)).dismiss(0)
    assert other.communicate(timeout=60)[0].strip() == "0"
    assert not list(tmp_path.iterdir())


def test_an_error_of_another_process_is_told_in_its_words(tmp_path, visit):
    visit("failed", "ValueError: boom")
    host = Host(tmp_path, world(0))
    host.give(WORD)
    until(lambda: host.lost() is not None)
    assert host.lost().how == "failed: ValueError: boom" and not host.lost().killed


def test_a_killed_process_is_missed(tmp_path, visit):
    other = visit("ready")
    host = Host(tmp_path, world(0))
    host.give(WORD)
    until(host.ready)
    assert host.lost() is None
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert host.lost().killed


def test_the_word_of_an_earlier_start_that_was_killed_is_not_believed(tmp_path, visit):
    first = visit("ready")
    host = Host(tmp_path, world(0))
    host.give(WORD)
    until(host.ready)
    first.kill()
    first.wait()
    # as if that start had been killed before the word was read
    [place] = (tmp_path / FOLDER).iterdir()
    (place / "word").write_text("{to: {1: 0123456789abcdef}, leave: 0}\n")
    second = visit("done")
    time.sleep(1)
    assert second.poll() is None
    Host(tmp_path, world(0)).give(WORD)
    assert "'seed': 3" in second.communicate(timeout=60)[0]


def test_a_process_does_not_outlive_rank_zero(tmp_path, visit):
    other = visit("ready")
    pid = os.fork()
    if pid == 0:
        host = Host(tmp_path, world(0))
        host.give(WORD)
        until(host.ready)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert other.wait(timeout=5) == 1


def test_a_folder_that_others_may_write_is_refused(tmp_path):
    host = Host(tmp_path, world(0))
    host.end()
    [place] = (tmp_path / FOLDER).iterdir()
    place.chmod(0o777)
    with pytest.raises(UserError, match="cannot be believed"):
        Visitor(tmp_path, world(1))
