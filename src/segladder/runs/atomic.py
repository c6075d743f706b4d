"""Files that are either whole or not there: written beside their place, synced, and moved in one step."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segladder.runs.storage import storing

_SUFFIX = ".partial"


def write_atomic(path: Path, data: bytes | str) -> None:
    """Put `data` (text as UTF-8) at `path`; whatever is killed, a reader sees the old content or the new.

    Raises:
        UserError: the disk is full or refuses.
    """
    with replace_atomic(path) as partial:
        partial.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


@contextmanager
def replace_atomic(path: Path) -> Iterator[Path]:
    """Yield a path in the same folder to write to; it takes the place of `path` when the block ends well.

    When the block raises, `path` stays as it was and the partial file is removed. A killed process leaves its
    partial file behind: `remove_partials` clears those away.

    Raises:
        UserError: the disk is full or refuses.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}{_SUFFIX}")
    try:
        with storing(path):
            yield partial
            _sync(partial)
            partial.replace(path)
            _sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def remove_partials(folder: Path) -> None:
    """Remove what killed writers left in `folder`; only for the one who holds the folder's lock."""
    for left in folder.glob(f".*{_SUFFIX}"):
        left.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the move itself outlive a power cut, where the file system can sync a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        # Some network and FUSE file systems sync files only; the move is atomic there all the same.
        return
    finally:
        os.close(descriptor)
