"""Which code a run ran: its commit where there is one, and a fingerprint that needs no git."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from segladder.types import UserError

_PACKAGE = "segladder"


def code(plugins: Sequence[str] = ()) -> dict[str, Any]:
    """The `code` entry of a record: `commit`, `dirty`, `fingerprint`.

    Raises:
        UserError: a plug-in cannot be found.
    """
    commit, dirty = git_state()
    return {"commit": commit, "dirty": dirty, "fingerprint": fingerprint(plugins)}


def git_state(folder: Path | None = None) -> tuple[str | None, bool | None]:
    """The commit and whether tracked files differ from it; both None outside of a checkout of this project.

    Args:
        folder: where our package lies; by default where it was imported from. One that lies in a checkout
            without being tracked there (installed into an environment within another project) has no commit.
    """
    folder = folder or Path(__file__).resolve().parent.parent
    if _git(folder, "ls-files", "--error-unmatch", "types.py") is None:
        return None, None
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:
        return None, None
    lines = status.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), None)
    if commit is None or commit == "(initial)":
        return None, None
    return commit, any(not line.startswith("#") for line in lines)


def fingerprint(plugins: Sequence[str] = ()) -> str:
    """A sha256 over the source of our package and of the user's plug-ins, wherever they are installed.

    Args:
        plugins: names of packages or modules, as in `plugins=[mypkg]`.

    Raises:
        UserError: a plug-in cannot be found.
    """
    total = hashlib.sha256()
    for name in (_PACKAGE, *sorted(set(plugins))):
        for label, path in _sources(name):
            total.update(f"{name}/{label}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _sources(name: str) -> Iterator[tuple[str, Path]]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise UserError(
            f"plugins names '{name}', which cannot be imported."
            f" Install it into this environment, or add its folder to PYTHONPATH."
        )
    if spec.submodule_search_locations is None:
        if spec.origin is not None and Path(spec.origin).is_file():
            yield Path(spec.origin).name, Path(spec.origin)
        return
    for folder in sorted(spec.submodule_search_locations):
        files = [Path(top) / file for top, _, names in os.walk(folder) for file in names if file.endswith(".py")]
        yield from sorted((path.relative_to(folder).as_posix(), path) for path in files)


def _git(folder: Path, *arguments: str) -> str | None:
    # Variables that a git hook sets would point at another repository.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
