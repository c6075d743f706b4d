"""One process of a job on a cluster: started afresh by the machine's supervisor, and never outliving it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import cloudpickle

from segladder.launchers.work import JobEnd

_PROGRAM = "from segladder.launchers.slurm_cluster.rank import work_off; work_off({})"
"""Given as words, not as a module: what Lightning starts beside it must be the program that the user started."""

_EXIT = 30.0
"""Seconds that a process has to exit after it said how the job ended."""


class Rank:
    """The supervisor's side of one process."""

    def __init__(self, payload: bytes, env: Mapping[str, str]) -> None:
        """
        Args:
            payload: for `job_process.run_payload`.
            env: the environment that its interpreter starts with.
        """
        self._pipe, theirs = Pipe()
        self._end: JobEnd | None = None
        number = theirs.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", _PROGRAM.format(number)],
            env=dict(env),
            pass_fds=(number,),
            start_new_session=True,
            preexec_fn=_deaf,
        )
        theirs.close()
        with suppress(OSError):
            self._pipe.send_bytes(payload)

    def ask(self) -> None:
        """Asks it to save the job's state and end."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)

    def ended(self) -> JobEnd | None:
        """How the job ended, as the process said or as its exit shows; None while it is at work."""
        if self._end is None:
            gone = self.process.poll() is not None
            try:
                if self._pipe.poll():
                    self._end = cloudpickle.loads(self._pipe.recv_bytes())
            except (EOFError, OSError):
                gone = self.process.wait() is not None
            if gone and self._end is None:
                self._end = _unsaid(self.process.returncode)
        return self._end

    def end(self) -> None:
        """Ends it with all that it started; at once, unless it has said its word and is only leaving."""
        if self._end is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_EXIT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._pipe.close()


def work_off(descriptor: int) -> None:
    """The process itself: takes its payload, runs it, says how it ended.

    Args:
        descriptor: of the pipe to the supervisor. When its other end closes, this process and all that it started
            end at once: a job must not go on beside the one that is started in its place.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGHUP))
    pipe = Connection(descriptor)
    try:
        payload = pipe.recv_bytes()
        threading.Thread(target=_end_with, args=(pipe,), name="supervisor", daemon=True).start()
        from segladder.launchers.job_process import run_payload

        end = run_payload(payload)
    except KeyboardInterrupt:
        end = JobEnd(status="interrupted", error="stopped before it had begun")
    sys.stdout.flush()
    sys.stderr.flush()
    pipe.send_bytes(cloudpickle.dumps(end))


def _end_with(pipe: Connection) -> None:
    with suppress(EOFError, OSError):
        pipe.recv_bytes()
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _deaf() -> None:
    # some clusters send a job's signal to every process of it; the supervisor alone acts on this one
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def _unsaid(code: int) -> JobEnd:
    """The end of a process that did not say how."""
    if code == -signal.SIGINT:
        return JobEnd(status="interrupted", error="stopped before it had begun")
    if code < 0:
        hint = " Out of memory is the usual reason." if code == -signal.SIGKILL else ""
        return JobEnd(status="killed", error=f"the process was ended by {signal.Signals(-code).name}.{hint}")
    return JobEnd(status="failed", error=f"the process ended with exit code {code} without saying why")
