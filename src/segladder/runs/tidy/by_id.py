"""Runs by the digits at the end of their folders' names: the one that is meant, and all attempts at one."""

from __future__ import annotations

import re
from pathlib import Path

from segladder.runs.folder import RunFolder
from segladder.runs.tidy.listing import ATTEMPT, Listed, arranged, listed, run_folders, some
from segladder.types import UserError


def find_run_by_id(root: Path, wanted: str) -> RunFolder:
    """The run below `root` whose id begins so: of several attempts the newest finished one, else the newest.

    Args:
        root: an outputs folder.
        wanted: the first digits of an id, as the names of run folders end; `1a2b3c4d-2` is the second attempt.

    Raises:
        UserError: there is no such run, or there are several.
    """
    digits, dash, number = wanted.lower().partition("-")
    if not re.fullmatch(r"[0-9a-f]{1,64}", digits) or (dash and not number.isdecimal()):
        raise UserError(
            f"run={wanted} is no id. Give the digits at the end of a run folder's name, as in run=1a2b3c4d, or its"
            " path."
        )
    folders = run_folders(root)
    named = [folder for folder in folders if _may_be(folder, digits)]
    # a folder may have been given another name
    lines = [line for folder in named or folders if (line := listed(folder, sizes=False)) is not None]
    lines = [line for line in lines if _begins(line.id, digits)]
    if dash:
        lines = [line for line in lines if line.attempt == int(number)]
    if not lines:
        raise UserError(
            f"run={wanted}: no run below '{root}' has an id that begins so. `segladder runs list runs={root}` shows"
            " them all."
        )
    ids = {(line.study, line.id) for line in lines}
    if len(ids) > 1:
        paths = [f"'{line.folder.path}'" for line in lines]
        raise UserError(f"run={wanted} means {len(ids)} runs: {some(paths)}. Give more digits, or the path of one.")
    newest = arranged(lines, "created")
    return next((line for line in newest if line.status in ("finished", "evaluated")), newest[0]).folder


def attempts_beside(folder: RunFolder) -> list[Listed]:
    """All attempts at the run in `folder`, itself among them, in the order of their numbers."""
    own = listed(folder, sizes=False)
    if own is None or ATTEMPT.search(folder.path.name) is None:
        return [] if own is None else [own]
    found = [own]
    for path in folder.path.parent.iterdir():
        if path != folder.path and _may_be(RunFolder(path), own.id) and path.is_dir() and not path.is_symlink():
            other = listed(RunFolder(path), sizes=False)
            found += [other] if other is not None and _begins(other.id, own.id) else []
    return sorted(found, key=lambda line: line.attempt)


def _may_be(folder: RunFolder, digits: str) -> bool:
    ending = ATTEMPT.search(folder.path.name)
    return ending is not None and _begins(ending["id"], digits)


def _begins(run_id: str, digits: str) -> bool:
    # of a folder without a record no more than eight digits are known
    return run_id.startswith(digits) or (len(run_id) == 8 and digits.startswith(run_id))
