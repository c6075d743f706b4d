"""Where a corrected copy goes: nowhere near the original, whole or not at all, written by one process."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import sys
import time

import pytest

from segladder.data import DataError
from segladder.data.doctor import destination as module
from segladder.data.doctor.destination import destination


def test_where_a_copy_cannot_go(tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "link").symlink_to(root)
    for given, told in (
        (tmp_path / "full", r"is there already and not empty. Name a new folder, or take it away."),
        (tmp_path / "full" / "mine.txt", r"is there already and not empty"),
        (tmp_path / "full" / "mine.txt" / "copy", r"cannot be written \(Not a directory\). Name another folder"),
        (root / "fixed", r"lies in data.root .*, which is never written to. Name another folder."),
        (tmp_path / "link" / "fixed", r"lies in data.root"),
    ):
        with pytest.raises(DataError, match=told):
            destination(str(given), root)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "link", "set"]
    assert not list(root.iterdir())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc takes no folders")
def test_a_place_that_takes_nothing_is_refused_before_anything_is_read():
    with pytest.raises(DataError, match=r"^fix='/proc/copy' cannot be written \(.*\). Name another folder"):
        destination("/proc/copy", None)


def test_it_lies_in_its_place_only_when_it_is_whole(tmp_path):
    target = destination(str(tmp_path / "new" / "copy"), None)
    with target.writing():
        (target.part / "file").write_text("text")
        assert not target.path.exists()
    assert [path.name for path in target.path.iterdir()] == ["file"]
    assert [path.name for path in target.path.parent.iterdir()] == ["copy"]

    other = destination(str(tmp_path / "other"), None)
    with pytest.raises(KeyboardInterrupt), other.writing():
        (other.part / "file").write_text("text")
        raise KeyboardInterrupt
    assert not list(tmp_path.glob("*other*"))


def test_a_link_to_a_place_that_is_not_there_yet_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    with destination(str(tmp_path / "link"), None).writing():
        pass
    assert (tmp_path / "link").is_symlink() and (tmp_path / "disk").is_dir()


def _write_and_wait(target):
    with target.writing():
        (target.part / "half").write_text("text")
        time.sleep(60)


def test_after_a_kill_nothing_looks_finished_and_a_new_start_takes_the_rest_away(tmp_path):
    target = destination(str(tmp_path / "copy"), None)
    writer = multiprocessing.get_context("fork").Process(target=_write_and_wait, args=(target,))
    writer.start()
    until = time.monotonic() + 30
    while not (target.part / "half").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    assert (target.part / "half").exists() and not target.path.exists()

    with destination(str(tmp_path / "copy"), None).writing():
        assert not list(target.part.iterdir())
        (target.part / "whole").write_text("text")
    assert [path.name for path in target.path.iterdir()] == ["whole"]
    assert not target.part.exists()


def test_two_writers_do_not_mix(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    target = destination(str(tmp_path / "copy"), None)
    target.part.mkdir()
    (target.part / "theirs").write_text("text")
    held = os.open(target.part, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(DataError, match=r"is being written by another process. Wait for it"), target.writing():
            pass
    finally:
        os.close(held)
    assert (target.part / "theirs").exists()
