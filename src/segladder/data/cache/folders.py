"""Folders made for a cache, and taken away again where nothing came to lie in them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def absent(folder: Path) -> list[Path]:
    """The folder and those of its parents that are not there, the deepest first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def remove_empty(folders: Sequence[Path]) -> None:
    """Removes folders, the deepest first, up to the first that holds something."""
    with suppress(OSError):
        for path in folders:
            path.rmdir()
