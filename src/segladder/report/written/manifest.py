"""Which files of a folder a report has written: no other is overwritten, and what is no more of the report is removed.

`.report-files.json` names them, before they are written: one that was cut off half-way knows its files, too. Of tables
and text it has the hash, so that what was edited since is neither overwritten nor removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from segladder.runs.atomic import write_atomic
from segladder.types import UserError

MANIFEST = ".report-files.json"
_EDITED = (".md", ".tex", ".csv")
"""Endings of files that people edit."""


def claim(output: Path, planned: Iterable[str]) -> None:
    """Notes what is about to be written.

    Args:
        output: the report's folder.
        planned: names relative to it; `*` stands for what is not known yet.

    Raises:
        UserError: a file of such a name is there that no report has written, or that was edited since, or the note
            cannot be written.
    """
    ours, planned = _noted(output), list(planned)
    for path in (path for name in planned for path in _named(output, name)):
        name = path.relative_to(output).as_posix()
        if (path.is_file() or path.is_symlink()) and not any(fnmatchcase(name, known) for known in ours):
            raise UserError(
                f"'{path}' would be overwritten, and no report has written it. Move it away, or give another folder:"
                " output=DIR."
            )
        if _is_edited(path, ours.get(name)):
            raise UserError(
                f"'{path}' would be overwritten, and it was edited since a report wrote it. Move it away, or give"
                " another folder: output=DIR."
            )
    # what comes is not known yet, and may stay half-written
    _note(output, ours | dict.fromkeys(planned, ""))


def settle(output: Path, files: Iterable[Path]) -> None:
    """Notes what was written, and removes what an earlier report left: an old table must not pass for a new one."""
    now = sorted(path.relative_to(output).as_posix() for path in files)
    ours = _noted(output)
    for path in [path for name in ours for path in _named(output, name)]:
        if not path.resolve().is_relative_to(output.resolve()):
            continue  # the list was edited
        name = path.relative_to(output).as_posix()
        if name not in now and not _is_edited(path, ours.get(name)):
            path.unlink(missing_ok=True)
    _note(output, {name: _hash(output / name) if name.endswith(_EDITED) else "" for name in now})


def _note(output: Path, files: Mapping[str, str]) -> None:
    write_atomic(output / MANIFEST, json.dumps(dict(sorted(files.items())), indent=1))


def _noted(output: Path) -> dict[str, str]:
    """Name -> hash; "" where it is not known."""
    try:
        found = json.loads((output / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}  # the first report here
    files = dict.fromkeys(filter(_is_text, found), "") if isinstance(found, list) else found
    if not isinstance(files, dict):
        return {}
    return {name: known if isinstance(known, str) else "" for name, known in files.items() if name}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_edited(path: Path, known: str | None) -> bool:
    return bool(known) and path.is_file() and _hash(path) != known


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _named(output: Path, name: str) -> Iterator[Path]:
    path = output / name
    yield from path.parent.glob(path.name) if "*" in path.name else [path]
