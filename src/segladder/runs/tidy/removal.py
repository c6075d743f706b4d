"""Removing what was planned to go, safe beside runs that are at work, and whole or not at all where it is cut off.

A run folder is renamed to a hidden name in one step while its lock is held, and removed under that name. What a killed
removal left under such a name, the next one clears away.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segladder.runs.folder import RunFolder
from segladder.runs.identity import short
from segladder.runs.lock import BusyError, RunLock, lock_state
from segladder.runs.record import read, update
from segladder.runs.storage import FULL
from segladder.runs.tidy.leftovers import HIDDEN, LOGS, is_claim, litter
from segladder.runs.tidy.listing import Listed, listed
from segladder.types import UserError

_OWN = ("checkpoints", "pictures")
"""Folders that every run folder of ours has."""

_PATIENCE = 5.0
"""Seconds to wait for somebody who decides about the same run, which takes milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One thing that may go."""

    kind: Literal["run", "checkpoint", "leftover"]
    path: Path
    why: str
    bytes: int
    line: Listed | None = None
    """The run that it is or belongs to."""


def remove(planned: Iterable[Removal]) -> Iterator[tuple[Removal, str]]:
    """Removes one after the other, each only if it is still as it was planned.

    Yields:
        Each with an empty text, or with a sentence why it is still there.
    """
    for removal in planned:
        try:
            if removal.kind == "run":
                _remove_run(removal)
            elif removal.kind == "checkpoint":
                _remove_checkpoint(removal)
            else:
                _remove_leftover(removal)
        except UserError as error:
            yield removal, str(error)
        except OSError as error:
            yield removal, f"'{error.filename or removal.path}' cannot be removed: {error.strerror}."
        else:
            yield removal, ""


def is_run_alone(folder: RunFolder) -> bool:
    """Whether the folder is laid out as ours are and holds no other run."""
    path = folder.path
    if path.is_symlink() or any(not (path / name).is_dir() or (path / name).is_symlink() for name in _OWN):
        return False
    return not any("result.json" in files for top, _, files in os.walk(path) if Path(top) != path)


def _remove_run(removal: Removal) -> None:
    """
    Raises:
        UserError: somebody is at it, or it is no longer what it was.
    """
    assert removal.line is not None
    folder, before = removal.line.folder, removal.line
    if not folder.path.exists():
        return  # another pruning was faster
    # who decides about this run holds its claim: he must not choose this folder while it goes
    claim = _held(folder.path.parent / f".claim-{short(before.id)}", patience=_PATIENCE) if before.id else nullcontext()
    with claim, _held(folder.lock):
        now = listed(folder, sizes=False)
        # a record whose process is gone says running; with the lock in our hands it would seem to be alive
        same = now is not None and (now.id, now.updated, now.parent) == (before.id, before.updated, before.parent)
        if before.status == "bare":
            same = not folder.result.exists() and folder.is_bare()
        if not same or not is_run_alone(folder):
            raise UserError(f"'{folder.path}' has changed since it was listed, and stays.")
        # with a dot before the token, or its digits could read as the number of an attempt
        hidden = folder.path.with_name(f"{HIDDEN}{folder.path.name[:200]}.{secrets.token_hex(4)}")
        folder.path.rename(hidden)
    shutil.rmtree(hidden)


def _remove_checkpoint(removal: Removal) -> None:
    """
    Raises:
        UserError: somebody is at the run, it is no longer finished, or its record cannot be written.
    """
    assert removal.line is not None
    folder = removal.line.folder
    with _held(folder.lock):
        record = read(folder.result)
        if record.status != "finished" or removal.path.is_symlink():
            raise UserError(f"'{folder.path}' has changed since it was listed, and keeps its checkpoints.")
        # the file first: on a full disk there may be no room for a record before
        removal.path.unlink(missing_ok=True)
        update(folder.result, checkpoints=record.checkpoints | {removal.path.stem: None})


def _remove_leftover(removal: Removal) -> None:
    """
    Raises:
        UserError: somebody is at it.
    """
    path = removal.path
    if removal.line is not None:
        folder = removal.line.folder
        with _held(folder.lock):
            for file in litter(folder):
                if file != folder.lock:
                    file.unlink(missing_ok=True)
    elif is_claim(path):
        with _held(path):
            pass  # taken over from the dead, and given back: gone
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
        if path.parent.name == LOGS:
            with suppress(OSError):
                path.parent.rmdir()  # where it was the last one


@contextmanager
def _held(path: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Holds a lock; on a full disk, where nobody can take one, it must not be anybody's.

    Args:
        path: the lock's file.
        patience: seconds to wait for somebody else who holds it.

    Raises:
        BusyError: somebody else holds it.
        UserError: its folder cannot be written.
    """
    lock, deadline = RunLock(path), time.monotonic() + patience
    while not lock.held:
        try:
            lock.acquire()
        except BusyError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
        except UserError as error:
            cause = error.__cause__
            full = isinstance(cause, OSError) and cause.errno in FULL
            if not full or lock_state(path).kind == "alive":
                raise
            yield
            return
    with lock:
        yield
