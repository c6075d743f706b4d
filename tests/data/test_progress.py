import io

import pytest

from segladder.data import progress


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A second passes with every look at it."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))


def test_the_line_appears_after_two_seconds_and_is_wiped_away(monkeypatch, clock):
    screen = Screen()
    monkeypatch.setattr(progress.sys, "stderr", screen)
    assert list(progress.with_progress("abcdef", 2975, "counting classes")) == list("abcdef")
    lines = screen.getvalue().split("\r")
    assert lines[1] == "counting classes: 2 of 2,975" and lines[-1] == "" and not lines[-2].strip()


def test_nothing_is_written_where_nobody_looks(monkeypatch, clock):
    silent = io.StringIO()
    monkeypatch.setattr(progress.sys, "stderr", silent)
    assert list(progress.with_progress(range(9), 9, "measuring")) == list(range(9)) and not silent.getvalue()


def test_short_work_needs_no_line(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(progress.sys, "stderr", screen)
    assert list(progress.with_progress(range(9), 9, "measuring")) == list(range(9)) and not screen.getvalue()
