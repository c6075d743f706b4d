"""What of `hydra/launcher=ray` runs in Ray's own processes on the nodes: a seat for one job at a time, and a look
whether a node sees what its jobs need. Light, and free of Ray itself: the launcher makes an actor and a task of them.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from segladder.launchers.ray_nodes.host import NOW, SAVE, Home
from segladder.launchers.work import JobEnd, Work

_FAREWELL = 5.0
_TICK = 1.0


class Seat:
    """A share of a node: jobs run in it one after another, each in a fresh process."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._parent = os.getppid()
        self._host: subprocess.Popen[bytes] | None = None
        self._link: Connection | None = None
        self._sending = threading.Lock()

    def node(self) -> str:
        """The name of the machine; answered as soon as Ray has found room for the seat."""
        return platform.node()

    def run(self, work: Work) -> JobEnd:
        """Runs a job to its end."""
        try:
            work.log.parent.mkdir(parents=True, exist_ok=True)
            if self._host is None or self._host.poll() is not None:
                self._start(work)
            assert self._link is not None
            with self._sending:
                self._link.send(work)
            while not self._link.poll(_TICK):
                self._end_with_the_node()
            end: JobEnd = self._link.recv()
            return end
        except EOFError:
            assert self._host is not None
            code = self._host.wait(_FAREWELL)
            why = f"the process that it was forked from ended on {self.node()} with exit code {code}"
            return JobEnd(status="killed" if code < 0 else "failed", error=why)
        except OSError as error:
            return JobEnd(status="failed", error=f"it could not be started on {self.node()}: {error}")

    def stop(self, now: bool) -> None:
        """Asks the job at work to save its state and end, or ends it."""
        with self._sending, suppress(OSError):
            if self._link is not None:
                self._link.send(NOW if now else SAVE)

    def _end_with_the_node(self) -> None:
        """Ray's own process of the node has started this one. Without it nobody hears how the job ends, and a process
        that is busy is not ended by Ray: the job has to be free for others as soon as the launcher counts it lost."""
        if os.getppid() != self._parent:
            os._exit(1)

    def _start(self, work: Work) -> None:
        ours, theirs = Pipe()
        env = os.environ | dict(self._home.env) | dict(work.env)
        if not self._home.gpus:
            # some versions of Ray leave it as the node has it: those GPUs may be other jobs'
            env["CUDA_VISIBLE_DEVICES"] = ""
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [*self._home.path, env.get("PYTHONPATH", "")]))
        with open(work.log, "ab") as log:
            self._host = subprocess.Popen(
                [sys.executable, "-m", "segladder.launchers.ray_nodes.host", str(theirs.fileno())],
                cwd=self._home.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()
        ours.send(self._home)
        self._link = ours


def what_is_missing(folder: str, token: str, fingerprint: str) -> str:
    """What keeps this node from running jobs, as the end of a sentence that begins with its name; empty if nothing.

    Args:
        folder: the launcher's working folder.
        token: a file that the launcher has just written beside the runs.
        fingerprint: of the launcher's segladder.
    """
    from segladder.runs.code import fingerprint as of_this_node

    if not Path(token).is_file():
        return (
            f"does not see '{Path(token).parent}'. Point paths.outputs at a folder on a disk that all nodes share,"
            " under the same path on each"
        )
    if not Path(folder).is_dir():
        return f"has no '{folder}', where the sweep is started. Start it in a folder that all nodes share"
    if of_this_node() != fingerprint:
        return "has another version of segladder. Install the same one on all nodes"
    return ""
