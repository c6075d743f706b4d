"""The server that the processes of jobs are forked from: it has the heavy imports done, once for the whole sweep."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing.context import ForkContext, ForkServerContext
from typing import Literal

WARM = "segladder.launchers.warm"

METHOD: Literal["forkserver", "fork"] = "forkserver"
"""How processes begin. `fork` makes sense only in a process that has the imports done and no threads: our tests set it
there, to save each sweep a server of its own."""


def fork_server() -> ForkServerContext | ForkContext:
    """The context whose processes start with torch, Lightning and our own modules imported.

    The server itself starts with the first of them, or with `start_early`.
    """
    if METHOD == "fork":
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([WARM])
    return context


def start_early() -> None:
    """Starts the server, so that it imports while the launcher still composes."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        fork_server()
        # what Ctrl-C means is for the launcher to say, and not for a server in the middle of its imports
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            forkserver.ensure_running()
        finally:
            signal.signal(signal.SIGINT, before)


def stop_early() -> None:
    """Ends the server at once, wherever it is: of a launcher that was stopped while it planned nobody needs it."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        pid = getattr(forkserver._forkserver, "_forkserver_pid", None)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
