"""Which files of a folder a report has written: no other is overwritten, and what is no more of the report is removed.

`.report-files.json` names them, before they are written: one that was cut off half-way knows its files, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from segladder.runs.atomic import write_atomic
from segladder.types import UserError

MANIFEST = ".report-files.json"


def claim(output: Path, planned: Iterable[str]) -> None:
    """Notes what is about to be written.

    Args:
        output: the report's folder.
        planned: names relative to it; `*` stands for what is not known yet.

    Raises:
        UserError: a file of such a name is there that no report has written, or the note cannot be written.
    """
    ours, planned = _noted(output), list(planned)
    for path in (path for name in planned for path in _named(output, name)):
        name = path.relative_to(output).as_posix()
        if (path.is_file() or path.is_symlink()) and not any(fnmatchcase(name, known) for known in ours):
            raise UserError(
                f"'{path}' would be overwritten, and no report has written it. Move it away, or give another folder:"
                " output=DIR."
            )
    write_atomic(output / MANIFEST, json.dumps(sorted({*ours, *planned}), indent=1))


def settle(output: Path, files: Iterable[Path]) -> None:
    """Notes what was written, and removes what an earlier report left: an old table must not pass for a new one."""
    now = sorted(path.relative_to(output).as_posix() for path in files)
    for path in [path for name in _noted(output) for path in _named(output, name)]:
        if path.resolve().is_relative_to(output.resolve()) and path.relative_to(output).as_posix() not in now:
            path.unlink(missing_ok=True)
    write_atomic(output / MANIFEST, json.dumps(now, indent=1))


def _noted(output: Path) -> list[str]:
    try:
        names = json.loads((output / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return []  # the first report here
    return [name for name in names if isinstance(name, str) and name] if isinstance(names, list) else []


def _named(output: Path, name: str) -> Iterator[Path]:
    path = output / name
    yield from path.parent.glob(path.name) if "*" in path.name else [path]
