"""What a person sees while a sweep runs, on real pseudo-terminals and in files."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from segladder.launchers.show.live import Board
from segladder.launchers.show.table import Row
from segladder.launchers.work import JobEnd
from segladder.runs.outcome import Outcome
from terminal_screen import on_terminal

DEMO = """
import os, signal, sys, time
from pathlib import Path
from segladder.launchers.show.live import Board
from segladder.launchers.show.table import Row
from segladder.launchers.work import JobEnd
from segladder.runs.outcome import Outcome

jobs, slots, event = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rows = [Row(number=n, settings={"loss.terms": f"[red]dice{n // 3}", "seed": str(n % 3)}) for n in range(jobs)]

def end(number, status="finished"):
    if number == 4:
        return JobEnd(status="failed", error="the loss is [bold]NaN[/bold] at \\x1b[2Jstep 17")
    scores = {"miou": 0.5 + number / 1000}
    return JobEnd(status=status, value=Outcome(
        status=status, folder=Path("o"), metric="miou", val=scores, test=scores, parameters=1, fit_seconds=2.0))

with Board(rows, slots=slots, estimate=90.0) as board:
    for number in range(3):
        board.ended(number, end(number, "skipped"))
    running = []
    for number in range(3, jobs):
        board.started(number)
        running.append(number)
        board.tick()
        if number == jobs // 2:
            board.note("a note: [identical]")
            print("printed by another")
            if event == "raise":
                raise RuntimeError("boom")
            if event == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if event == "hang-up":
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                Path(sys.argv[4]).touch()
                time.sleep(2)
        if len(running) == slots:
            gone = running.pop(0)
            board.ended(gone, end(gone))
    board.tick()
    if event == "stop":
        board.stopping()
    for number in running:
        board.ended(number, end(number))
    board.tick()
if event == "hang-up":
    Path(sys.argv[4]).write_text("done")
else:
    print("the end")
"""


def demo(*words: object, **terminal):
    return on_terminal([sys.executable, "-c", DEMO, *map(str, words)], **terminal)


def done(score: float, status: str = "finished") -> JobEnd:
    outcome = Outcome(
        status=status,
        folder=Path("o"),
        metric="miou",
        val={"miou": score},
        test={"miou": score - 0.1},
        parameters=1,
        fit_seconds=2.0,
    )
    return JobEnd(status=status, value=outcome)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def board(jobs: int, *, slots: int = 2, estimate: float | None = None) -> tuple[Board, list[str], Clock]:
    rows = [Row(number=number, settings={"loss": "ce", "seed": str(number)}) for number in range(jobs)]
    lines, clock = [], Clock()
    return Board(rows, slots=slots, estimate=estimate, say=lines.append, now=clock), lines, clock


def test_the_table_lives_in_one_place_and_leaves_the_counts():
    screen, frames, code = demo(12, 2, "stop", columns=100, rows=24)
    assert code == 0
    assert not screen.cursor_is_hidden and not screen.wrapped
    lines = screen.text.splitlines()
    assert "[5/12] failed loss.terms=[red]dice1 seed=1: the loss is [bold]NaN[/bold] at \\x1b[2Jstep 17" in lines
    assert "a note: [identical]" in lines and "printed by another" in lines
    assert any(
        line.startswith("Stopping: no further job is started; the job at work saves its state") for line in lines
    )
    assert [line for line in lines if "12 jobs:" in line] == [lines[-3]]
    assert lines[-3].startswith("12 jobs: 8 done, 0 running, 1 failed, 3 skipped, 0 to go · 0")
    assert lines[-2].startswith("best so far: val miou 0.5110 (loss.terms=[red]dice3 seed=2)")
    assert lines[-1] == "the end"
    seen = ["\n".join(frame) for frame in frames]
    assert any("  running  " in frame for frame in seen)
    assert any(re.search(r"about 0[01]:\d\d left", frame) for frame in seen), "the estimate, before a job has ended"


@pytest.mark.parametrize(("columns", "rows", "slots"), [(80, 24, 4), (40, 8, 30), (200, 50, 3), (12, 3, 2)])
def test_five_hundred_jobs_fit_any_terminal(columns, rows, slots):
    screen, frames, code = demo(500, slots, "go", columns=columns, rows=rows)
    assert code == 0
    assert not screen.cursor_is_hidden and not screen.wrapped
    # a table higher than the terminal would leave parts of itself behind
    assert screen.text.count("500 jobs:") == 1
    assert screen.text.splitlines()[-1] == "the end"
    seen = [line for frame in frames for line in frame]
    assert (rows < slots) == any("more running" in line for line in seen)
    assert (rows >= 24) == any(line == "best so far" for line in seen)


def test_an_error_leaves_the_terminal_in_order():
    screen, _, code = demo(12, 2, "raise", columns=100, rows=24)
    assert code == 1
    assert not screen.cursor_is_hidden
    lines = screen.text.splitlines()
    assert lines[-1] == "RuntimeError: boom"
    assert "Traceback (most recent call last):" in lines
    assert sum("12 jobs:" in line for line in lines) == 1


def test_a_kill_leaves_the_cursor_visible():
    screen, _, code = demo(12, 2, "kill")
    assert code == -9
    assert not screen.cursor_is_hidden


def test_a_terminal_that_is_gone_ends_no_sweep(tmp_path):
    ours, theirs = pty.openpty()
    sign = tmp_path / "sign"
    words = [sys.executable, "-c", DEMO, "12", "2", "hang-up", str(sign)]
    with open(tmp_path / "errors", "wb") as errors:
        process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=errors,
            env=os.environ | {"TERM": "xterm"},
            start_new_session=True,
        )
    os.close(theirs)
    while not sign.exists() and process.poll() is None:
        os.read(ours, 65536)
    os.close(ours)
    process.wait()
    assert sign.read_text() == "done", (tmp_path / "errors").read_text()


def test_a_dumb_terminal_gets_plain_lines():
    screen, _, code = demo(5, 2, "go", columns=100, env={"TERM": "dumb"})
    assert code == 0
    assert not screen.colored
    assert (
        screen.text.splitlines()[0] == "[1/5] skipped loss.terms=[red]dice0 seed=0: val miou 0.5000, test miou 0.5000"
    )


def test_a_file_gets_a_line_per_event():
    shown, lines, clock = board(12)
    with shown:
        shown.started(2)
        shown.started(3)
        clock.now += 33.2
        shown.ended(2, done(0.98214))
        shown.note("Warning: x")
        shown.tick()
        shown.ended(3, JobEnd(status="timeout", error="its time\nwas over"))
        shown.started(4)
        shown.stopping()
        shown.ended(4, JobEnd(status="interrupted", error="it saved its state"))
        shown.stopping()
    assert lines == [
        "[3/12] started  loss=ce seed=2",
        "[4/12] started  loss=ce seed=3",
        "[3/12] finished loss=ce seed=2: val miou 0.9821, test miou 0.8821, 33 s",
        "Warning: x",
        "[4/12] timeout loss=ce seed=3: its time was over",
        "[5/12] started  loss=ce seed=4",
        "Stopping: no further job is started; the job at work saves its state and will go on next time."
        " Ctrl-C once more ends at once.",
        "[5/12] interrupted loss=ce seed=4: it saved its state",
        "Stopping at once: the jobs at work are ended.",
    ]


def test_many_jobs_done_before_are_one_line():
    shown, lines, _ = board(500)
    with shown:
        for number in range(497):
            shown.ended(number, done(0.5, "skipped"))
        shown.started(497)
        shown.ended(498, done(0.5, "skipped"))
    assert lines == [
        "497 of 500 jobs were done before.",
        "[498/500] started  loss=ce seed=497",
        "[499/500] skipped loss=ce seed=498: val miou 0.5000, test miou 0.4000",
    ]


def test_jobs_that_had_ended_when_the_board_was_made_were_done_before():
    rows = [Row(number=number, settings={}, end=done(0.5, "skipped") if number < 4 else None) for number in range(5)]
    lines: list[str] = []
    with Board(rows, slots=1, estimate=None, say=lines.append) as shown:
        shown.started(4)
    assert lines == ["4 of 5 jobs were done before.", "[5/5] started  job 5"]
