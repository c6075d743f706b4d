"""Where runs may be written, and what a disk's refusals mean in words."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segladder.types import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)
_NEARLY_NOTHING = 1_000_000


def check_path(path: Path) -> None:
    """Refuse a folder that the libraries below us would misread.

    Raises:
        UserError: the path holds `::` or `:/` (Lightning's file system layer takes it for a remote address
            and writes no checkpoint at all) or a control character.
    """
    text = str(path)
    for bad in ("::", ":/"):
        if bad in text:
            raise UserError(
                f"The output folder '{text}' holds '{bad}', which would be read as a remote address,"
                f" so that no checkpoint would be saved. Choose another folder with paths.outputs=DIR."
            )
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise UserError(
            f"The output folder {text!r} holds a control character. Choose another folder with paths.outputs=DIR."
        )


def require_space(path: Path, wanted: int) -> None:
    """Refuse to start what would fill the disk.

    Args:
        path: a file or folder about to be written; it need not exist yet.
        wanted: bytes that will be written.

    Raises:
        UserError: less than `wanted` bytes are free where `path` lies.
    """
    free = free_bytes(path)
    if free < wanted:
        raise UserError(
            f"'{path}' needs about {size_text(wanted)}, but its disk has {size_text(free)} free."
            f" Free some space, or write elsewhere with paths.outputs=DIR."
        )


def free_bytes(path: Path) -> int:
    """Bytes free for this user where `path` lies, or where its nearest existing parent does."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Within it, a disk's refusal to write `path` becomes a `UserError` that says what to do.

    Also an error that follows from a full disk counts as one: `torch.save` raises a `RuntimeError` then.

    Raises:
        UserError: no space, no permission, a file where a folder is needed, or too long a name.
    """
    try:
        yield
    except OSError as error:
        said = _sentence(error, path)
        if said is None:
            raise
        raise UserError(said) from error
    except RuntimeError as error:
        if free_bytes(path) >= _NEARLY_NOTHING:
            raise
        raise UserError(_full(path)) from error


def _sentence(error: OSError, path: Path) -> str | None:
    if error.errno in FULL:
        return _full(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"'{path}' cannot be written: {error.strerror}."
            f" Choose a folder of your own with paths.outputs=DIR, or mend its permissions."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return (
            f"'{path}' cannot be made: a file stands where a folder is needed."
            f" Move that file away, or choose another folder with paths.outputs=DIR."
        )
    if error.errno == errno.ENAMETOOLONG:
        return f"The name of '{path}' is too long for its disk. Give a shorter name= or study=."
    return None


def _full(path: Path) -> str:
    return (
        f"No space is left on the disk of '{path}'; what was complete is still there."
        f" Free some space and start the same command again, or write elsewhere with paths.outputs=DIR."
    )


def size_text(number: float) -> str:
    """Bytes for people: `512 bytes`, `3.1 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}" if unit != "bytes" else f"{number:.0f} bytes"
        number /= 1000
    return f"{number:.3g} TB"
