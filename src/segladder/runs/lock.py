"""One writer per folder: a lock file that says who holds it and that he lives, and outlives him harmlessly.

Only operations that are atomic on local disks and on NFS are used (making a hard link, renaming), no `flock`,
which some cluster file systems lack. A dead owner's lock is taken over by exactly one process: whoever makes
the file `lock.<token of the dead owner>` has, alone and once, the right to end that owner's lock. Tokens are
never used twice, so a late-comer with old knowledge finds that the lock has moved on.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from segladder.runs.process import Owner, lives, rebooted, this_process
from segladder.runs.storage import storing
from segladder.types import UserError

BEAT = 15.0
"""Seconds between two signs of life."""
SILENCE = 180.0
"""An owner on another machine that was silent for so many seconds is dead."""
SILENCE_AFTER_BOOT = 45.0
"""The same for a machine of our own name that has started anew, which ended its processes."""
SILENCE_OF_UNREADABLE = 45.0
"""A lock that does not read as one (another user's, or just being written) is dead after so many seconds."""


@dataclass(frozen=True)
class LockState:
    """What a lock file says: `free` (there is none), `alive` or `dead`; and whose it is."""

    kind: Literal["free", "alive", "dead"]
    owner: Owner | None = None


class BusyError(UserError):
    """Somebody else holds the lock and lives."""

    def __init__(self, path: Path, owner: Owner | None) -> None:
        self.owner = owner
        super().__init__(
            f"'{path.parent}' is being written by {owner or 'another process'}. Wait until it has ended, or end it."
        )


def lock_state(path: Path) -> LockState:
    """Whether the lock file at `path` is held, without touching anything."""
    found = _read(path)
    if found is None:
        return LockState("free")
    return LockState("alive" if _alive(found, now=time.time()) else "dead", found.owner)


class RunLock:
    """The right to write into a folder, from `acquire` to `release`, or as a context manager.

    Owned by the process that acquired it: a forked child inherits the object but never the right, and its
    `release` does nothing. A daemon thread refreshes the file every `beat` seconds.
    """

    def __init__(self, path: Path, *, beat: float = BEAT) -> None:
        """
        Args:
            path: the lock file, in the folder that it guards.
            beat: seconds between two signs of life.
        """
        self.path = Path(path)
        self.beat = beat
        self._owner: Owner | None = None
        self._stop = threading.Event()
        self._lost = False

    @property
    def held(self) -> bool:
        """Whether this very process holds the lock, as far as the last sign of life showed."""
        return self._owner is not None and self._owner.pid == os.getpid() and not self._lost

    def acquire(self) -> Self:
        """Take the lock, if need be from a dead owner.

        Raises:
            BusyError: somebody else holds it and lives.
            UserError: the folder cannot be written.
        """
        if self.held:
            raise BusyError(self.path, self._owner)
        owner = this_process(secrets.token_hex(8))
        with storing(self.path):
            while not _create(self.path, owner):
                found = _read(self.path)
                if found is None:
                    continue
                if _alive(found, now=_folder_time(self.path, owner)):
                    raise BusyError(self.path, found.owner)
                if _seize(self.path, owner):
                    break
                time.sleep(0.01)
        self._owner = owner
        self._lost = False
        self._stop = threading.Event()
        threading.Thread(target=self._live, args=(owner, self._stop), name="run-lock", daemon=True).start()
        return self

    def release(self) -> None:
        """Give the lock back; nothing happens when this process does not hold it."""
        owner, self._owner = self._owner, None
        if owner is None or owner.pid != os.getpid():
            return
        self._stop.set()
        try:
            _end(self.path, owner.token, successor=None)
        except OSError:
            # A full disk holds no file for the right to end a lock, and must not hide what the run itself met;
            # removing needs no space. What cannot even be removed is dead as soon as this process is.
            with suppress(OSError):
                if _mine(self.path, owner):
                    self.path.unlink()

    def verify(self) -> None:
        """Make sure that the folder is still ours: after a machine slept for long, another may have taken it.

        Raises:
            UserError: another process holds the lock now.
        """
        if self._owner is None or self._owner.pid != os.getpid() or self._lost or not _mine(self.path, self._owner):
            self._lost = True
            raise UserError(
                f"This process has lost its hold on '{self.path.parent}': its lock was removed, or taken over"
                f" after {SILENCE:.0f} s without a sign of life."
                f" Start the same command again once the folder is free."
            )

    def __enter__(self) -> Self:
        return self if self.held else self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _live(self, owner: Owner, stop: threading.Event) -> None:
        while not stop.wait(self.beat):
            try:
                if not _mine(self.path, owner):
                    self._lost = not stop.is_set()
                    return
                os.utime(self.path)
            except OSError:
                # A network disk that does not answer now may do so at the next beat; others wait for SILENCE.
                continue


def _create(path: Path, owner: Owner) -> bool:
    """Make the lock file, whole from the first moment; False when there is one already."""
    partial = _partial(path, owner)
    try:
        os.link(partial, path)
    except FileExistsError:
        return False
    except OSError:
        # No hard links on this file system (exFAT, some FUSE): the file is then empty for a moment.
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        with open(descriptor, "wb") as file:
            file.write(partial.read_bytes())
    finally:
        partial.unlink(missing_ok=True)
    return True


def _seize(path: Path, owner: Owner) -> bool:
    """Take over the file at `path` from its dead owner; False when somebody else was first."""
    found = _read(path)
    if found is None or _alive(found, now=_folder_time(path, owner)):
        return False
    return _end(path, found.token, successor=owner)


def _end(path: Path, token: str, *, successor: Owner | None) -> bool:
    """End the lock with `token` at `path` and put the successor's in its place; False when it had ended."""
    right = path.with_name(f"{path.name}.{token}")
    claimant = this_process(secrets.token_hex(8))
    # The right itself may lie with a process that died holding it: then it is taken over in the same way.
    if not _create(right, claimant) and not _seize(right, claimant):
        return False
    try:
        found = _read(path)
        if found is None or found.token != token:
            return False
        if successor is None:
            path.unlink()
        else:
            _partial(path, successor).replace(path)
        return True
    finally:
        right.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Found:
    """A lock file as read: its owner where that could be made out, and when it last gave a sign of life."""

    owner: Owner | None
    token: str
    touched: float


def _read(path: Path) -> _Found | None:
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(4096)
    except FileNotFoundError:
        return None
    except PermissionError:
        # Another user's; when it was last touched can be seen all the same.
        status, text = path.stat(), b""
    try:
        owner = Owner.from_json(json.loads(text))
    except ValueError:
        owner = None
    token = owner.token if owner else f"unreadable{status.st_ino}x{status.st_mtime_ns}"
    return _Found(owner, token, status.st_mtime)


def _alive(found: _Found, *, now: float) -> bool:
    # A sign of life from the far future comes from a clock that was wrong then; it is none.
    age = abs(now - found.touched)
    if found.owner is None:
        return age < SILENCE_OF_UNREADABLE
    known = lives(found.owner)
    if known is not None:
        return known
    return age < (SILENCE_AFTER_BOOT if rebooted(found.owner) else SILENCE)


def _folder_time(path: Path, owner: Owner) -> float:
    """The time by the clock that stamps files beside `path`: a file server's may be minutes off ours."""
    partial = _partial(path, owner)
    try:
        return partial.stat().st_mtime
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: Path, owner: Owner) -> Path:
    partial = path.with_name(f".{path.name[:100]}.{owner.token}.partial")
    try:
        partial.write_text(json.dumps(owner.to_json(), indent=1) + "\n", encoding="utf-8")
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    return partial


def _mine(path: Path, owner: Owner) -> bool:
    found = _read(path)
    return found is not None and found.owner == owner
