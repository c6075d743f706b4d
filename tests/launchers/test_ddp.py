"""Jobs of two processes in a sweep: right with our launcher, and what goes wrong with Hydra's own, case by case.

The application is a plain one of Hydra and Lightning, whose processes Lightning itself starts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

APP = Path(__file__).with_name("ddp_app.py")
CONF = Path(__file__).parents[2] / "conf"

STILL = 25.0
"""Seconds without a sign after which a sweep hangs, and twice the time to its first sign on top, which has the imports
of all processes of a job in it. A job takes less than a second once they have started."""


@dataclass
class Swept:
    """What became of a sweep."""

    code: int | None
    """None: it hung."""
    text: str
    notes: list[dict]

    def ranks(self, **config: object) -> list[tuple[int, int]]:
        """(rank, world size) of each process that began to train in the jobs with these settings."""
        return sorted((note["rank"], note["world_size"]) for note in self.begun(**config))

    def begun(self, **config: object) -> list[dict]:
        return [n for n in self.notes if "world_size" in n and config.items() <= n["config"].items()]

    def ended(self, **config: object) -> list[dict]:
        return [n for n in self.notes if "ended" in n and config.items() <= n["config"].items()]


class Sweep:
    """A sweep at work, until it ends or hangs."""

    def __init__(self, folder: Path, *words: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._out = (folder / "out.txt").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, str(APP), *words, f"out={folder}", f"hydra.sweep.dir={folder}"],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=self._out,
            stderr=self._out,
            start_new_session=True,
        )

    def done(self) -> Swept:
        began = last = time.monotonic()
        seen, patience = 0, 300.0
        while self._process.poll() is None and time.monotonic() - last < patience:
            time.sleep(0.1)
            if (size := self._size()) != seen:
                last = time.monotonic()
                patience = STILL + 2 * (last - began) if seen == 0 else patience
                seen = size
        code = self._process.poll()
        self.end()
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return Swept(code, (self._folder / "out.txt").read_text(), [json.loads(line) for line in lines])

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._out.close()

    @property
    def _notes(self) -> Path:
        return self._folder / "notes.jsonl"

    def _size(self) -> int:
        return self._notes.stat().st_size if self._notes.exists() else 0


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Runs a sweep once, for all tests that look at it."""
    root = tmp_path_factory.mktemp("ddp")
    known: dict[tuple[str, ...], Swept] = {}

    def run(*words: str) -> Swept:
        if words not in known:
            known[words] = Sweep(root / str(len(known)), *words).done()
        return known[words]

    return run


@pytest.fixture(scope="module")
def ours(sweep) -> Swept:
    """All faults with one and two processes: every job but the first comes after one of the other size."""
    return sweep(
        "-m", f"hydra.searchpath=[file://{CONF}]", "hydra/launcher=process", "fault=none,zero,one", "devices=1,2"
    )


def test_each_job_has_as_many_processes_as_it_asks_for(ours):
    assert ours.ranks(fault="none", devices=1) == [(0, 1)]
    assert ours.ranks(fault="none", devices=2) == [(0, 2), (1, 2)]


def test_basic_launcher_runs_jobs_twice(sweep):
    theirs = sweep("-m", "hydra/launcher=basic", "x=0,1", "devices=1,2")
    # the second process of a job is a second sweep, from its first job on
    assert len({note["pid"] for note in theirs.begun(x=0, devices=1)}) == 2


def test_a_failure_of_rank_zero_is_one_of_its_job_alone(ours):
    assert ours.code == 1
    assert not ours.ended(fault="zero")
    # the next job of two processes: both hold its configuration
    assert ours.ranks(fault="one", devices=2) == [(0, 2), (1, 2)]


def test_basic_launcher_mixes_jobs_after_a_failure_of_rank_zero(sweep):
    theirs = sweep("-m", "hydra/launcher=basic", "fault=zero,none", "devices=2")
    assert theirs.ranks(fault="zero") == [(0, 2), (1, 2)]
    # rank zero is at its second job while the other still waits in the first: it hangs, or both go down
    assert theirs.code != 0
    assert len(theirs.ended(fault="none")) < 2


def test_all_processes_of_a_trial_hold_the_value_that_was_asked_for(sweep):
    ran = sweep("--search", "process", "devices=2")
    assert ran.code == 0, ran.text
    assert ran.ranks() == [(0, 2), (1, 2)]
    assert len({note["config"]["x"] for note in ran.begun()}) == 1


def test_basic_launcher_gives_each_process_of_a_trial_a_value_of_its_own(sweep):
    theirs = sweep("--search", "basic", "devices=2")
    assert len(theirs.begun()) == 2
    assert len({note["config"]["x"] for note in theirs.begun()}) == 2


def test_a_job_after_one_of_two_processes_starts_clean(ours):
    first = [note for note in ours.begun() if note["rank"] == 0]
    assert len(first) == 6
    assert len({note["pid"] for note in first}) == 6
    assert all(note["leftover"] == [] for note in first)


def test_basic_launcher_leaves_the_process_group_to_the_next_job(sweep):
    theirs = sweep("-m", "hydra/launcher=basic", "x=0,1", "devices=1,2")
    after = theirs.begun(x=1, devices=1)
    # it hangs, or it begins with what the job before has left
    assert theirs.code is None or any("process group" in note["leftover"] for note in after)


def test_a_killed_process_fails_its_job_and_the_sweep_goes_on(ours):
    assert not ours.ended(fault="one", devices=2)
    assert len(ours.ended(fault="one", devices=1)) == 1
    assert ours.code == 1


def test_basic_launcher_is_killed_with_the_process(sweep):
    theirs = sweep("-m", "hydra/launcher=basic", "fault=one,none", "devices=2")
    assert theirs.ranks(fault="one") == [(0, 2), (1, 2)]
    assert theirs.code != 0
    assert not theirs.ended(fault="none")
