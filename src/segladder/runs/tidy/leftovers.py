"""What processes that are gone left behind beside results: locks, claims, partial files, logs of a sweep's jobs."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from segladder.runs.folder import RunFolder
from segladder.runs.lock import lock_state

HIDDEN = ".pruned-"
"""What the name of a folder begins with that is being removed."""

LOGS = ".jobs"
"""The folder beside run folders in which a sweep keeps what its jobs wrote."""

_HIDDEN = re.compile(r"\.pruned-.+\.[0-9a-f]{8}")
_CLAIM = re.compile(r"\.claim-[0-9a-f]{8}")
_RIGHT = re.compile(r"(?:lock|\.claim-[0-9a-f]{8})\.\w+")
"""The right to end a lock, see `lock.py`."""
_PARTIAL = re.compile(r"\..*\.partial")
_LOCK_PARTIAL = re.compile(r"\.(?:lock|\.claim-).*\.partial")
_LOG = re.compile(r"(?P<id>[0-9a-f]{8})\.log|job-\d+\.log")

_OLD = 60.0
"""Seconds after which a file that takes moments to write is left over."""
_SILENT = 3600.0
"""The same for the log of a job of which nothing else is known."""


def litter(folder: RunFolder) -> Iterator[Path]:
    """What a process left in a run folder; without the lock that the caller may hold himself."""
    for place in (folder.path, folder.checkpoints):
        for path in place.iterdir() if place.is_dir() and not place.is_symlink() else ():
            if path.is_symlink() or not path.is_file():
                continue
            partial = _PARTIAL.fullmatch(path.name) and not _LOCK_PARTIAL.fullmatch(path.name)
            momentary = _RIGHT.fullmatch(path.name) or _LOCK_PARTIAL.fullmatch(path.name)
            if partial or (momentary and _age(path) > _OLD) or path == folder.lock:
                yield path


def left_by_removal(place: Path) -> Iterator[Path]:
    """Folders that a removal had begun with when it was killed."""
    for path in sorted(place.iterdir()):
        if _HIDDEN.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            yield path


def left_in_place(place: Path, *, at_work: Collection[str], ended: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Files of processes that are gone, in a folder that run folders lie in, each with what it is.

    Args:
        place: the folder.
        at_work: the first 8 digits of the ids of its runs that are at work.
        ended: those of its runs that have ended.
    """
    for path in sorted(place.iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        if is_claim(path):
            if lock_state(path).kind == "dead":
                yield path, "claim of a process that is gone"
        elif (_RIGHT.fullmatch(path.name) or _PARTIAL.fullmatch(path.name)) and _age(path) > _OLD:
            yield path, "partial file"
    logs = place / LOGS
    for path in sorted(logs.iterdir()) if logs.is_dir() and not logs.is_symlink() else ():
        name = _LOG.fullmatch(path.name)
        if name is None or path.is_dir() or name["id"] in at_work:
            continue
        # a job that is only starting has no run folder yet
        if _age(path) > (_OLD if name["id"] in ended else _SILENT):
            yield path, "log of a job that is over"


def is_claim(path: Path) -> bool:
    """Whether it is the lock of those who decide about one run."""
    return _CLAIM.fullmatch(path.name) is not None


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
