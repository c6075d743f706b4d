"""What the terminal shows lands in the log, and the log never ends a run."""

import io
import logging
import os
import subprocess
import sys

import pytest

from segladder.runs.log import LogTee


class Terminal(io.StringIO):
    def isatty(self):
        return True


def sit_down(monkeypatch):
    """Stand-ins for stdout and stderr. No fixture: pytest puts its own streams in place after those."""
    streams = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    return streams


def test_lines_go_to_both_and_the_streams_come_back(tmp_path, monkeypatch):
    terminal = sit_down(monkeypatch)
    with LogTee(tmp_path / "run.log"):
        assert sys.stdout.isatty()
        print("epoch 1")
        print("careful", file=sys.stderr)
        print("no end", end="")
    assert (sys.stdout, sys.stderr) == terminal
    assert terminal[0].getvalue() == "epoch 1\nno end" and terminal[1].getvalue() == "careful\n"
    assert (tmp_path / "run.log").read_text() == "epoch 1\ncareful\nno end\n"


def test_lines_are_in_the_file_before_the_end(tmp_path, monkeypatch):
    sit_down(monkeypatch)
    with LogTee(tmp_path / "run.log"):
        print("epoch 1")
        assert (tmp_path / "run.log").read_text() == "epoch 1\n"


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        (["\r 10%", "\r 50%", "\r100%", "\n"], "100%\n"),
        (["a\r\n", "b\r\n"], "a\nb\n"),
        (["\x1b[1;32mgreen\x1b[0m \x1b]8;;http://x\x1b\\link\n"], "green link\n"),
        (["\x1b[3", "1mred\n"], "red\n"),
        (["\r\x1b[2K1/2", "\r\x1b[2K2/2", "\n"], "2/2\n"),
        (["one 1\ntwo 1", "\r\x1b[2K\x1b[1A\x1b[2Kone 2\ntwo 2\n"], "one 2\ntwo 2\n"),
        (["before\n", "bar\n", "\x1b[1A\x1b[2K", "after\n"], "before\nafter\n"),
        (["ünï\udcff\n"], "ünï\\udcff\n"),
        (["\x1b[99A", "still\n"], "still\n"),
    ],
)
def test_a_moving_bar_is_one_line_and_colours_are_gone(tmp_path, monkeypatch, written, logged):
    terminal = sit_down(monkeypatch)
    with LogTee(tmp_path / "run.log"):
        for text in written:
            sys.stdout.write(text)
    assert (tmp_path / "run.log").read_text().replace(" 100%", "100%") == logged
    assert terminal[0].getvalue() == "".join(written)


def test_a_bar_and_lines_of_the_other_stream_do_not_mix(tmp_path, monkeypatch):
    sit_down(monkeypatch)
    with LogTee(tmp_path / "run.log"):
        sys.stderr.write("\r10%")
        print("saved")
        sys.stderr.write("\r90%\n")
    assert (tmp_path / "run.log").read_text() == "saved\n90%\n"


def test_handlers_made_before_are_taken_along_and_back(tmp_path, monkeypatch):
    terminal = sit_down(monkeypatch)
    logger, handler = logging.getLogger("segladder-test"), logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    try:
        with LogTee(tmp_path / "run.log"):
            logger.warning("loud")
        assert handler.stream is terminal[1]
    finally:
        logger.removeHandler(handler)
    assert (tmp_path / "run.log").read_text() == "loud\n"


def test_a_resumed_run_adds_to_its_log(tmp_path, monkeypatch):
    sit_down(monkeypatch)
    for word in ("first", "second"):
        with LogTee(tmp_path / "run.log"):
            print(word)
    assert (tmp_path / "run.log").read_text() == "first\nsecond\n"


def test_secrets_are_taken_out(tmp_path, monkeypatch):
    terminal = sit_down(monkeypatch)
    with LogTee(tmp_path / "run.log", scrub=lambda line: line.replace("hunter2", "***")):
        print("key=hunter2")
    assert (tmp_path / "run.log").read_text() == "key=***\n"
    assert terminal[0].getvalue() == "key=hunter2\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, which only Linux has")  # noqa: PTH110
def test_a_full_disk_is_said_once_and_the_run_goes_on(tmp_path, monkeypatch):
    terminal = sit_down(monkeypatch)
    (tmp_path / "run.log").symlink_to("/dev/full")
    with LogTee(tmp_path / "run.log"):
        print("one")
        print("two")
    assert terminal[0].getvalue() == "one\ntwo\n"
    assert terminal[1].getvalue().count("cannot be written (No space left on device); the run goes on.") == 1


def test_a_log_that_cannot_be_opened_is_said_and_the_run_goes_on(tmp_path, monkeypatch):
    terminal = sit_down(monkeypatch)
    with LogTee(tmp_path / "no" / "run.log"):
        print("one")
    assert terminal[0].getvalue() == "one\n" and "cannot be written" in terminal[1].getvalue()


def test_an_error_passes_through(tmp_path, monkeypatch):
    terminal = sit_down(monkeypatch)
    with pytest.raises(ValueError, match="mine"), LogTee(tmp_path / "run.log"):
        raise ValueError("mine")
    assert (sys.stdout, sys.stderr) == terminal


def test_a_forked_child_writes_to_the_terminal_alone(tmp_path):
    script = f"""
import os
from segladder.runs.log import LogTee
from pathlib import Path
with LogTee(Path({str(tmp_path / "run.log")!r})):
    print("parent", flush=True)
    if (child := os.fork()) == 0:
        print("child", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "parent\nchild\n"
    assert (tmp_path / "run.log").read_text() == "parent\n"
