"""The two ways in which a run ends early without being at fault: the user can mend something, or wants it to stop."""

from __future__ import annotations

import signal


class UserError(ValueError):
    """Something the user can mend: shown as its sentence alone, without a traceback, exit code 1."""


class Interrupted(Exception):  # noqa: N818  it is no error
    """A run was asked to stop and has stopped with its state saved."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(f"stopped by {signal.Signals(signum).name}")
