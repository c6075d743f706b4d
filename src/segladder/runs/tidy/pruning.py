"""What may go from an outputs folder, by the words of the one who tidies it; nothing is touched here."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from segladder.runs.identity import short
from segladder.runs.lock import lock_state
from segladder.runs.tidy.leftovers import left_by_removal, left_in_place, litter
from segladder.runs.tidy.listing import Listed, size_of
from segladder.runs.tidy.removal import Removal, is_run_alone

ENDED = ("failed", "interrupted", "timeout", "pruned")
"""Statuses of runs that came to no end of their own."""

WHAT = (*ENDED, "repeats", "bare", "checkpoints", "locks")
"""What may be asked to go:

- a status: the folders of these runs;
- `repeats`: attempts at a run that a newer finished one has replaced;
- `bare`: folders of runs that ended before anything came out;
- `checkpoints`: `last.ckpt` of finished runs;
- `locks`: locks and partial files of processes that are gone, and the job logs of sweeps that are over.
"""

KEEP = ("best", "none")

_DONE = ("finished", "evaluated")


def removals(
    lines: Sequence[Listed],
    root: Path,
    what: Collection[str],
    *,
    keep: str = "best",
    older_than: float | None = None,
) -> list[Removal]:
    """What would go; touches nothing.

    Never among it: a run at work, the newest finished attempt at a run, a record that cannot be read, a folder that
    is not as a run's, or one with another run inside.

    Args:
        lines: the runs to look at, all attempts at each among them.
        root: the folder that they lie below.
        what: of `WHAT`.
        keep: one of `KEEP`: with `checkpoints`, whether the best one stays. A run whose last one is its only one
            keeps it, too.
        older_than: seconds since a record was last written; what is younger stays.
    """
    found = []
    replaced = _replaced(lines) if "repeats" in what else {}
    for line in lines:
        if line.status in ("running", "damaged", "newer") or not _old_enough(line, older_than):
            continue
        if why := _why(line, what, replaced):
            if is_run_alone(line.folder):
                found.append(Removal(kind="run", path=line.folder.path, why=why, bytes=line.bytes, line=line))
                continue
        elif "checkpoints" in what and line.status == "finished":
            found += _checkpoints(line, keep)
        if "locks" in what:
            found += _left_in_run(line)
    places = _places(root, lines)
    if "locks" in what:
        found += [removal for place in places for removal in _left_beside(place, lines)]
    hidden = [path for place in places for path in left_by_removal(place)]
    why = "left by a pruning that was cut off"
    return found + [Removal(kind="leftover", path=path, why=why, bytes=size_of(path)) for path in hidden]


def _why(line: Listed, what: Collection[str], replaced: dict[Path, str]) -> str:
    if line.status in _DONE:
        return replaced.get(line.folder.path, "")
    if line.status in what:
        return line.status
    if "bare" in what and line.folder.is_bare():
        return "bare" if line.status == "bare" else f"{line.status}, nothing came out"
    return replaced.get(line.folder.path, "")


def _replaced(lines: Sequence[Listed]) -> dict[Path, str]:
    """Folders of attempts that a newer finished one has replaced."""
    newest: dict[tuple[Path, str], Listed] = {}
    for line in lines:
        key = (line.folder.path.parent, line.id)
        if line.status in _DONE and (key not in newest or _moment(line) > _moment(newest[key])):
            newest[key] = line
    found = {}
    for line in lines:
        later = newest.get((line.folder.path.parent, line.id))
        if later is not None and line.status in (*_DONE, *ENDED) and _moment(line) < _moment(later):
            found[line.folder.path] = f"repeat, replaced by …{later.folder.path.name[-12:]}"
    return found


def _moment(line: Listed) -> tuple[str, int]:
    return line.created, line.attempt


def _old_enough(line: Listed, seconds: float | None) -> bool:
    if seconds is None:
        return True
    try:
        return time.time() - datetime.fromisoformat(line.updated).timestamp() >= seconds
    except ValueError:
        return False


def _checkpoints(line: Listed, keep: str) -> Iterator[Removal]:
    folder = line.folder
    files = [file for file in (folder.last, folder.best) if file.is_file() and not file.is_symlink()]
    if folder.checkpoints.is_symlink() or (keep == "best" and len(files) < 2):
        return
    for file in files[:1] if keep == "best" else files:
        size = file.stat().st_size
        yield Removal(kind="checkpoint", path=file, why=f"{file.stem} checkpoint, finished", bytes=size, line=line)


def _places(root: Path, lines: Sequence[Listed]) -> list[Path]:
    """The folders that run folders lie in; none where `root` is a run itself."""
    runs = {line.folder.path for line in lines}
    if root in runs:
        return []
    below = {Path(entry.path) for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)}
    shown = {path for path in below - runs if not path.name.startswith(".")}
    return sorted({root, *shown, *(run.parent for run in runs)})


def _left_in_run(line: Listed) -> Iterator[Removal]:
    files = list(litter(line.folder))
    if files and lock_state(line.folder.lock).kind != "alive":
        size = sum(file.lstat().st_size for file in files)
        names = ", ".join(sorted(file.name for file in files)[:2]) + (", …" if len(files) > 2 else "")
        why = f"{names} of a process that is gone"
        yield Removal(kind="leftover", path=line.folder.path, why=why, bytes=size, line=line)


def _left_beside(place: Path, lines: Sequence[Listed]) -> Iterator[Removal]:
    own = [line for line in lines if line.folder.path.parent == place]
    at_work = {short(line.id) for line in own if line.status == "running"}
    ended = {short(line.id) for line in own} - at_work
    for path, why in left_in_place(place, at_work=at_work, ended=ended):
        yield Removal(kind="leftover", path=path, why=why, bytes=path.lstat().st_size)
