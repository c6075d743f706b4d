"""Signals are noted, the second Ctrl-C acts at once, and handlers come back."""

from __future__ import annotations

import os
import signal

import pytest

from segladder.tasks.callbacks import InterruptGuard
from segladder.types import Interrupted


def test_the_first_signal_is_noted_and_the_second_ctrl_c_raises(capsys):
    with InterruptGuard() as guard:
        os.kill(os.getpid(), signal.SIGINT)
        assert guard.requested == signal.SIGINT
        assert "state saved" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted, match="SIGINT"):
            guard.leave()


def test_handlers_are_those_of_before_afterwards():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with InterruptGuard():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_nobody_leaves_who_was_not_asked():
    InterruptGuard().leave()
