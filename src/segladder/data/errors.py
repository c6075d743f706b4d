"""The error of bad data: one plain sentence, even after a trip through a DataLoader worker."""

from __future__ import annotations

from pathlib import Path

from segladder.types import UserError

_MARK = "segladder.data.errors.DataError: "


class DataError(UserError):
    """A file or a setting of the data that the user can mend.

    A DataLoader worker cannot hand over an exception: torch builds a new one of the same class in the main
    process, with the worker's whole traceback as its message. This class finds its own sentence in there
    again.
    """

    def __init__(self, message: str) -> None:
        if message.startswith("Caught ") and _MARK in message:
            message = message.rsplit(_MARK, 1)[1].strip()
        super().__init__(message)


def missing_root(root: Path, advice: str) -> DataError:
    """The error of a `data.root` that is no folder; where it is no plain absolute path, what it comes to is said.

    Args:
        root: as given.
        advice: where to get the data, or what to point to.
    """
    whole = root.resolve()
    meant = "" if str(whole) == str(root) else f" (that is '{whole}')"
    return DataError(f"data.root '{root}'{meant} is not there. {advice}")
