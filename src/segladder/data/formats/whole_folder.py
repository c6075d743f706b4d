"""Files that appear together or not at all, and never over others unasked."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segladder.data.errors import DataError


@contextmanager
def whole_folder(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yields an empty folder to write to; what is in it takes its place in `folder` when the block ends well.

    Other files of `folder` stay as they are. Where moving fails half-way, what was moved is moved back.

    Args:
        folder: may be there.
        overwrite: whether files of the same names may be replaced.

    Raises:
        DataError: `folder` is a file, files are there already, or the disk refuses.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"output={folder} is a file. Name a folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = folder.parent / f".{folder.name[:100]}.{secrets.token_hex(4)}.partial"
        part.mkdir()
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        yield part
        _move(part, folder, overwrite)
    except OSError as error:
        raise _refused(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _move(part: Path, folder: Path, overwrite: bool) -> None:
    if not folder.exists():
        part.rename(folder)
        return
    files = [
        (Path(directory, name)).relative_to(part) for directory, _, names in os.walk(part) for name in sorted(names)
    ]
    there = [file for file in files if os.path.lexists(folder / file)]
    if there and not overwrite:
        more = f" and {len(there) - 1:,} more" if len(there) > 1 else ""
        raise DataError(
            f"'{folder / there[0]}'{more} would be overwritten. Choose another folder with output=DIR, or add"
            " overwrite=true."
        )
    old = part / f".{secrets.token_hex(4)}"
    moved: list[Path] = []
    try:
        for file in there:
            (old / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).rename(old / file)
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (part / file).rename(folder / file)
            moved.append(file)
    except BaseException:
        for file in moved:
            (folder / file).unlink()
        for file in there:
            if os.path.lexists(old / file):
                (old / file).rename(folder / file)
        raise


def _refused(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"output={folder} cannot be written: {error.strerror or error}. Free some space, or choose another folder."
    )
