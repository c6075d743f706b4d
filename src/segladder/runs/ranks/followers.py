"""The processes that rank zero starts beside itself on its machine, one for each further device.

We start them, not Lightning: its way is to run the command line again in each, which composes anew, in a sweep sweeps
anew, and when one of them dies kills rank zero without a word. Ours get the settled job through a pipe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TextIO

from segladder.config.secrets import scrub
from segladder.runs.ranks.team import Lost, PeerLostError, Word
from segladder.runs.ranks.world import World
from segladder.types import Interrupted, UserError

_PROGRAM = (
    "import sys; from multiprocessing.connection import Connection; pipe = Connection(int(sys.argv[1]));"
    " sys.path[:] = pipe.recv(); from segladder.runs.ranks.followers import serve;"
    " from segladder.runs.ranks.parallel import run_beside; serve(pipe, run_beside)"
)
_TAIL = 15
"""Lines of a lost process's log that are told."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a follower stands, told beside the word."""

    rank: int
    local_rank: int
    node: int
    parent: int
    argv: list[str]


class Guest(Protocol):
    """How a process beside rank zero speaks to it."""

    def tell(self, state: str, error: str = "") -> None:
        """`ready`, `done`, `stopped`; `failed` or `killed` with the reason."""


@dataclass
class _Follower:
    rank: int
    process: subprocess.Popen[bytes]
    pipe: Connection
    log: Path
    said: str = ""
    """ready, done, stopped, failed."""
    error: str = ""

    def listen(self) -> None:
        with suppress(EOFError, OSError):
            while self.pipe.poll():
                self.said, self.error = self.pipe.recv()

    def lost(self) -> Lost | None:
        code = self.process.poll()
        self.listen()
        if self.said == "failed":
            return Lost(rank=self.rank, how=f"failed: {self.error}", killed=False, wrote=self.tail())
        if code is None or self.said in ("done", "stopped"):
            return None
        if code < 0:
            hint = ", for which a lack of memory is the usual reason" if code == -signal.SIGKILL else ""
            how = f"was killed by {signal.Signals(-code).name}{hint}"
        else:
            how = f"ended with exit code {code} without a word"
        return Lost(rank=self.rank, how=how, killed=code < 0, wrote=self.tail())

    def tail(self) -> str:
        with suppress(OSError):
            return "\n".join(scrub(line) for line in self.log.read_text(errors="replace").splitlines()[-_TAIL:])
        return ""


class Followers:
    """See `ranks.Peers`."""

    def __init__(self, word: Word, *, local_ranks: list[int], node: int, devices: int) -> None:
        """Starts the processes.

        Args:
            word: what they are told.
            local_ranks: which of this machine's devices are theirs.
            node: which of the machines this is.
            devices: processes on each machine.
        """
        self._all: list[_Follower] = []
        try:
            for local in local_ranks:
                self._all.append(_start(word, local=local, node=node, devices=devices))
        except BaseException:
            self.end()
            raise

    def lost(self) -> Lost | None:
        return next((lost for follower in self._all if (lost := follower.lost()) is not None), None)

    def ready(self) -> bool:
        for follower in self._all:
            follower.listen()
        return all(follower.said for follower in self._all)

    def done(self) -> bool:
        return all(follower.process.poll() is not None for follower in self._all)

    def end(self) -> None:
        for follower in self._all:
            follower.process.kill()
            follower.process.wait()
            follower.pipe.close()
            with suppress(OSError):
                if follower.log.stat().st_size == 0:
                    follower.log.unlink()


def _start(word: Word, *, local: int, node: int, devices: int) -> _Follower:
    rank = node * devices + local
    ours, theirs = Pipe()
    log = Path(word.folder) / f"rank{rank}.log"
    # what libraries and a user's own code look at; they cannot tell who has started the process
    env = os.environ | {"RANK": str(rank), "LOCAL_RANK": str(local), "NODE_RANK": str(node)}
    with open(log, "ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())],
            env=env,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    theirs.close()
    with suppress(OSError):  # it has died: whoever watches it will tell
        ours.send([str(Path(path).absolute()) if path else str(Path.cwd()) for path in sys.path])
        ours.send((word, _Place(rank=rank, local_rank=local, node=node, parent=os.getpid(), argv=list(sys.argv))))
    return _Follower(rank, process, ours, log)


def serve(pipe: Connection, run: Callable[..., None]) -> None:
    """The follower's own process, from its start to its end; `run` as of `follow`."""
    # a signal to the whole group is rank zero's to act on; in training the processes agree on it
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    word, place = pipe.recv()
    _die_with(place.parent, pipe)
    sys.argv = list(place.argv)
    sys.stdout, sys.stderr = _Scrubbed(sys.stdout), _Scrubbed(sys.stderr)
    guest = _ToParent(pipe)
    code = follow(word, guest, run, local_rank=place.local_rank, node=place.node)
    sys.stdout.flush()
    sys.stderr.flush()
    # without the interpreter's own farewell, which may wait for a process group whose other members are gone
    os._exit(code)


def follow(
    word: Word, guest: Guest, run: Callable[..., None], *, local_rank: int, node: int, world: World | None = None
) -> int:
    """Does rank zero's job beside it and tells how that went; returns the exit code.

    Args:
        word: rank zero's.
        guest: tells rank zero how far this process is.
        run: trains and tests beside rank zero, `parallel.run_beside`.
        local_rank: which of its machine's devices is this process's.
        node: which of the machines it is on.
        world: where it was not rank zero that has started this process.
    """
    try:
        from segladder.config.plugins import import_plugins

        job = word.settled_job()
        import_plugins(job.cfg.get("plugins") or [])
        run(job, word, guest, local_rank=local_rank, node=node, world=world)
    except Interrupted:
        guest.tell("stopped")
        return 0
    except PeerLostError as error:
        # of the processes that this one has started on its machine
        guest.tell("killed" if error.status == "interrupted" else "failed", error.told)
        return 1
    except BaseException as error:
        told = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{told}\n" if isinstance(error, UserError) else "".join(traceback.format_exception(error)))
        guest.tell("failed", scrub(told))
        return 1
    guest.tell("done")
    return 0


class _ToParent:
    """How a follower speaks to the rank zero that has started it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def tell(self, state: str, error: str = "") -> None:
        with suppress(OSError):
            self._pipe.send((state, error))


class _Scrubbed:
    """A text stream that lets no secret through."""

    def __init__(self, under: TextIO) -> None:
        self._under = under

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            bare = line.rstrip("\r\n")
            self._under.write(scrub(bare) + line[len(bare) :])
        self._under.flush()
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)


def _die_with(parent: int, pipe: Connection) -> None:
    """Ends this process as soon as its parent has ended, however that came about."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_wait_for_end, args=(pipe,), name="parent-watch", daemon=True).start()
    if os.getppid() != parent:  # it was gone before we asked
        os._exit(1)


def _wait_for_end(pipe: Connection) -> None:
    with suppress(EOFError, OSError):
        pipe.recv()
    os._exit(1)
