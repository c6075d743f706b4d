"""What lies below an outputs folder: every run with its status, scores, size and age, the damaged ones among them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from segladder.config.suggest import did_you_mean
from segladder.data.progress import with_progress
from segladder.runs.folder import RunFolder
from segladder.runs.identity import short
from segladder.runs.lock import lock_state
from segladder.runs.record import NewerRecordError, Record, Status, read
from segladder.types import UserError

STATUSES = (*get_args(Status), "evaluated", "bare", "damaged", "newer")
"""Those of records, where `running` without its process reads as `interrupted`; and

- `evaluated`: the finished evaluation of another run;
- `bare`: a folder whose process ended before it wrote a record, and in which nothing came out;
- `damaged`, `newer`: there is no record that can be read.
"""
ORDERS = ("created", "score", "name", "time")
ATTEMPT = re.compile(r"-(?P<id>[0-9a-f]{8})(?:-(?P<number>\d+))?$")
"""How the name of a run's folder ends."""

_BELOW = frozenset(("checkpoints", "pictures"))
"""What every run folder holds from its first moment."""

_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One run in a few words; what its record does not say is None or empty."""

    folder: RunFolder
    study: str
    """The folder that it shares with others: of a study, or `single`."""
    name: str
    id: str
    """64 digits; the 8 of the folder's name where there is no record to read."""
    attempt: int
    """1, or the number at the end of the folder's name."""
    status: str
    """One of `STATUSES`."""
    parent: str | None = None
    task: str = ""
    choices: dict[str, str | None]
    seed: int | None = None
    metric: str = ""
    """What was monitored."""
    minimised: bool = False
    """Whether less of it is better."""
    val: float | None = None
    test: float | None = None
    seconds: float | None = None
    bytes: int = 0
    created: str = ""
    updated: str = ""
    reason: str = ""
    """Why there is no record."""

    @property
    def short(self) -> str:
        """What names it on the command line: `1a2b3c4d`, or `1a2b3c4d-2`."""
        return short(self.id) + (f"-{self.attempt}" if self.attempt > 1 else "")


def list_runs(root: Path, *, sizes: bool = True) -> list[Listed]:
    """Every run at or below `root`, in the order of paths; a line tells how far it is where that takes long.

    Args:
        root: an outputs folder, a study's folder, or one run's.
        sizes: whether to add up what their files take, half of the time.

    Raises:
        UserError: there is no such folder.
    """
    folders = run_folders(root)
    lines = (listed(folder, sizes=sizes) for folder in with_progress(folders, len(folders), "reading runs"))
    return [line for line in lines if line is not None]


def run_folders(root: Path) -> list[RunFolder]:
    """Every run folder at or below `root`, in the order of paths; symbolic links and hidden folders are left out.

    Beside those with a record, that is what a process left which was killed before it wrote one.

    Raises:
        UserError: there is no such folder, or it cannot be read.
    """
    root = Path(root)
    if not root.is_dir():
        if root.exists():
            raise UserError(f"runs={root} is a file. Give the folder that runs lie in, such as runs=outputs.")
        raise UserError(f"runs={root} is not there. Give the folder that runs lie in, as paths.outputs named it.")
    found: list[RunFolder] = []
    try:
        _gather(root, found, seen_name=root.resolve().name)
    except OSError as error:
        raise UserError(f"runs={root} cannot be read: {error.strerror}. Check its permissions.") from error
    return found


def _gather(path: Path | str, found: list[RunFolder], *, seen_name: str) -> None:
    with os.scandir(path) as scan:
        entries = list(scan)
    names = {entry.name for entry in entries}
    if "result.json" in names or (ATTEMPT.search(seen_name) and names >= _BELOW):
        found.append(RunFolder(Path(path)))
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
            continue
        try:
            _gather(entry.path, found, seen_name=entry.name)
        except FileNotFoundError:
            continue  # removed since
        except OSError:
            found.append(RunFolder(Path(entry.path)))  # reading its record says why


def listed(folder: RunFolder, *, sizes: bool = True) -> Listed | None:
    """One run; None where its folder is gone."""
    taken = size_of(folder.path) if sizes else 0
    ending = ATTEMPT.search(folder.path.name)
    attempt = int(ending["number"] or 1) if ending else 1
    study = folder.path.parent.name or folder.path.resolve().parent.name
    try:
        record = read(folder.result)
    except UserError as error:
        try:
            changed = folder.path.stat().st_mtime
        except OSError:
            return None
        status, reason = _without_record(folder, error)
        moment = _iso(changed)
        name = folder.path.name[: ending.start()] if ending else folder.path.name
        return Listed(
            folder=folder,
            study=study,
            name=name,
            id=ending["id"] if ending else "",
            attempt=attempt,
            status=status,
            choices={},
            bytes=taken,
            created=moment,
            updated=moment,
            reason=reason,
        )
    metric = str(record.monitor.get("name") or "")
    best = record.monitor.get("value")
    total = record.time.get("total")
    return Listed(
        folder=folder,
        study=study,
        name=record.name,
        id=record.id,
        attempt=attempt,
        status=status_of(record),
        parent=record.parent,
        task=record.task,
        choices=record.choices,
        seed=record.seed,
        metric=metric,
        minimised=record.monitor.get("mode") == "min",
        val=_number(best) if best is not None else _number(record.scores.get("val", {}).get(metric)),
        test=_number(record.scores.get("test", {}).get(metric)),
        seconds=_number(total if total is not None else record.time.get("fit")),
        bytes=taken,
        created=record.created,
        updated=record.updated,
    )


def status_of(record: Record) -> str:
    """One of `STATUSES`."""
    status = record.effective_status()
    return "evaluated" if record.parent is not None and status == "finished" else status


def _without_record(folder: RunFolder, error: UserError) -> tuple[str, str]:
    if isinstance(error, NewerRecordError):
        return "newer", str(error)
    if folder.result.exists():
        return "damaged", str(error)
    if lock_state(folder.lock).kind == "alive":
        return "running", "It has only just begun and has no record yet."
    if folder.is_bare():
        return "bare", "Its process was killed before it wrote a record."
    return "damaged", f"'{folder.path}' has files of a run, but no result.json. Restore it, or move the folder away."


def size_of(path: Path) -> int:
    """Bytes of all files at or below `path`; what a symbolic link points at does not count."""
    total, below = 0, [os.fspath(path)]
    while below:
        try:
            with os.scandir(below.pop()) as scan:
                for entry in scan:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # removed since, or another's: what it takes cannot be told
    return total


def of_study(lines: Sequence[Listed], study: str | None) -> list[Listed]:
    """Those of a study; all where it is None.

    Raises:
        UserError: no run is of that study.
    """
    studies = {line.study for line in lines}
    if study is not None and study not in studies and studies:
        raise UserError(
            f"study={study}: no run is of that study{did_you_mean(study, studies)} There are {some(sorted(studies))}."
        )
    return [line for line in lines if study is None or line.study == study]


def of_statuses(lines: Iterable[Listed], statuses: Collection[str]) -> list[Listed]:
    """Those with one of the statuses; all where none is given."""
    return [line for line in lines if not statuses or line.status in statuses]


def arranged(lines: Iterable[Listed], order: str) -> list[Listed]:
    """Sorted by one of `ORDERS`: the newest, best or longest first, names by the alphabet; what has none comes last."""
    keys: dict[str, Callable[[Listed], Any]] = {
        "name": lambda line: (line.study, line.name, line.attempt),
        "time": lambda line: math.inf if line.seconds is None else -line.seconds,
        "score": lambda line: (
            line.val is None,
            line.metric,
            0.0 if line.val is None else line.val if line.minimised else -line.val,
        ),
    }
    if order == "created":
        return sorted(lines, key=lambda line: line.created, reverse=True)
    return sorted(lines, key=keys[order])


def some(words: Sequence[str]) -> str:
    """The first few of a list, for a sentence."""
    return ", ".join(words[:_SHOWN]) + (f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else "")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _iso(moment: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
