"""Files are whole or not there, whatever is killed when."""

import errno
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from segladder.runs.atomic import remove_partials, replace_atomic, write_atomic
from segladder.types import UserError

WRITER = """
import sys
from pathlib import Path
from segladder.runs.atomic import write_atomic
path = Path(sys.argv[1])
number = 0
while True:
    write_atomic(path, f"{number} " * 50_000)
    number += 1
    if number == 2:
        print("going", flush=True)
"""


def test_a_killed_writer_never_leaves_half_a_file(tmp_path):
    path = tmp_path / "result.json"
    for attempt in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(random.Random(attempt).uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        words = path.read_text().split()
        assert len(words) == 50_000 and len(set(words)) == 1
    remove_partials(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]


def test_what_fails_half_way_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "last.ckpt"
    write_atomic(path, b"old")
    with pytest.raises(KeyboardInterrupt), replace_atomic(path) as partial:
        partial.write_bytes(b"ne")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_full_disk_is_a_sentence_and_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "last.ckpt"
    write_atomic(path, b"old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"No space is left on the disk of '.*last\.ckpt'.*Free some space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"


def test_an_error_of_a_library_on_a_full_disk_is_the_same_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("segladder.runs.storage.free_bytes", lambda path: 0)
    with pytest.raises(UserError, match="No space is left"), replace_atomic(tmp_path / "a"):
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")


def test_an_error_of_a_library_with_space_left_stays_what_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="cannot pickle"), replace_atomic(tmp_path / "a"):
        raise RuntimeError("cannot pickle")


def test_a_missing_folder_is_not_hidden(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "no" / "file", "x")
