"""A report that keeps up with a sweep."""

from __future__ import annotations

import functools
import threading
import time

import pytest

from drawn_runs import draw_run
from segladder.report import follow as following
from segladder.report.report import make_report


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(following, "PAUSE", 0.05)
    monkeypatch.setattr(following, "PATIENCE", 3.0)


def made(root):
    return functools.partial(make_report, root, base=root / "report", resamples=0)


def test_it_is_made_anew_when_a_run_has_finished_and_ends_when_none_is_at_work(tmp_path, capsys):
    draw_run(tmp_path, seed=1)
    later = threading.Thread(target=lambda: (time.sleep(1), draw_run(tmp_path, loss="dice", seed=1)))
    later.start()
    following.follow(made(tmp_path), tmp_path, tmp_path / "report", pictures=False)
    later.join()
    first, one, two = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Following {tmp_path}")
    assert "1 finished; " in one and "2 finished; " in two and two.endswith("report.html is up to date")
    assert "dice" in (tmp_path / "report/report.md").read_text()


def test_before_the_first_has_finished_it_waits(tmp_path, capsys):
    draw_run(tmp_path, status="failed")
    following.follow(made(tmp_path), tmp_path, tmp_path / "report", pictures=False)
    assert capsys.readouterr().out.splitlines()[1].endswith("  1 failed")
    assert not (tmp_path / "report").exists()
