"""One builder at a time: the others wait, and read what it has built."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segladder.data.cache.folders import absent, remove_empty

_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
"""What file systems say that have no locks: then two may build, each for itself, and one of them is first."""

_EVERY = 0.1
"""Seconds between two looks."""


@contextmanager
def building(path: Path, ready: Callable[[], bool]) -> Iterator[bool]:
    """Holds the file `path` locked within the block; the system takes the lock back if this process dies.

    Args:
        path: the lock. Removed at the end, and with it the folders that were made for it and are still empty.
        ready: asked while another process holds it, whether there is anything left to wait for.

    Yields:
        True with the right to build; False where the other one has built what was wanted.
    """
    descriptor, made = _locked(path, ready)
    if descriptor is None:
        yield False
        return
    try:
        os.ftruncate(descriptor, 0)
        owner = {"pid": os.getpid(), "host": platform.node(), "made": [str(folder) for folder in made]}
        os.pwrite(descriptor, json.dumps(owner).encode(), 0)
        yield True
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)
        remove_empty(made)


def _locked(path: Path, ready: Callable[[], bool]) -> tuple[int | None, list[Path]]:
    """The open, locked file, None where there is nothing to wait for any more; and the folders made for it."""
    told = False
    made: list[Path] = []
    while True:
        made = absent(path.parent) or made
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            continue  # one that was refused has just taken its folder away
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(descriptor).st_ino:
                    return descriptor, made
            # whoever held it has removed it in between: once more, with the file that is there now
            os.close(descriptor)
            continue
        except BlockingIOError:
            owner, theirs = _owner(descriptor)
            # whoever comes last takes the folders away, whoever made them
            made = made or theirs
            os.close(descriptor)
        except OSError as error:
            if error.errno in _UNKNOWN:
                return descriptor, made
            os.close(descriptor)
            raise
        if ready():
            return None, []
        if not told:
            print(f"Waiting for {owner}, which is building the cache in '{path.parent}'.", file=sys.stderr, flush=True)
            told = True
        time.sleep(_EVERY)


def _owner(descriptor: int) -> tuple[str, list[Path]]:
    """Who holds the lock, and the folders that were made for it."""
    try:
        owner = json.loads(os.pread(descriptor, 2**16, 0))
        return f"process {int(owner['pid'])} on {owner['host']}", [Path(folder) for folder in owner.get("made", ())]
    except (ValueError, KeyError, TypeError):
        return "another process", []
