"""Where a corrected copy goes: beside its place until it is whole, and one writer at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from segladder.data.errors import DataError

_PATIENCE = 3.0
"""Seconds in which the processes of a writer that was killed notice it, and let go."""

_EVERY = 0.1


@dataclass(frozen=True)
class Target:
    """A folder that can be written."""

    path: Path

    @property
    def part(self) -> Path:
        """Where it is written until it is whole."""
        return self.path.with_name(f".{self.path.name}.part")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Gives `part` to this process alone, empty; moves it to its place at the end, or away after any error.

        What a writer that was killed has left there is taken away first.

        Raises:
            DataError: another process writes it, something is there by now, or the disk refuses.
        """
        try:
            descriptor = self._claimed()
            try:
                _refuse_what_is_there(self.path)
                for old in self.part.iterdir():
                    shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
                yield
                if self.path.is_dir():
                    self.path.rmdir()
                self.part.rename(self.path)
            except BaseException:  # Ctrl-C, too
                shutil.rmtree(self.part, ignore_errors=True)
                raise
            finally:
                os.close(descriptor)
        except OSError as error:
            raise unwritable(self.path, error) from None

    def _claimed(self) -> int:
        """The folder `part`, open and locked: the system takes the lock back when this process ends, however it does.

        Raises:
            DataError: another process holds it.
            OSError: it cannot be made.
        """
        until = time.monotonic() + _PATIENCE
        while True:
            self.part.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.part, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                if time.monotonic() > until:
                    raise DataError(
                        f"fix='{self.path}' is being written by another process. Wait for it, or name another folder."
                    ) from None
                time.sleep(_EVERY)
                continue
            except OSError:
                return descriptor  # a file system without locks
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), self.part.stat()):
                    return descriptor
            os.close(descriptor)  # whoever held it has moved it in between


def destination(given: str, root: str | os.PathLike[str] | None) -> Target:
    """The folder of `fix=`; nothing is left there yet.

    Raises:
        DataError: it is there and holds something, lies within the data set, or cannot be written.
    """
    path = Path(given).expanduser().resolve()
    if root is not None and path.is_relative_to(Path(root).expanduser().resolve()):
        raise DataError(f"fix='{given}' lies in data.root '{root}', which is never written to. Name another folder.")
    shown = Path(given).expanduser()
    _refuse_what_is_there(shown)
    above = next(folder for folder in path.parents if folder.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".data-check-", dir=above):
            pass
    except OSError as error:
        raise unwritable(shown, error) from None
    return Target(path if shown.is_symlink() else shown)


def unwritable(path: Path, error: OSError) -> DataError:
    """The sentence for a folder that the disk refuses."""
    return DataError(
        f"fix='{path}' cannot be written ({error.strerror or error}). Name another folder, or another disk."
    )


def _refuse_what_is_there(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"fix='{path}' is there already and not empty. Name a new folder, or take it away.")
