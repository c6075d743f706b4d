"""Resampled scores that are slow to come by, kept beside the runs: the next report computes those of new runs alone.

`<runs>/.report-resamples/` has a file for each run, named by a hash of the content of its `per_image.npz`, of what was
computed, and of the code. What is damaged counts as missing.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.runs.atomic import write_atomic
from segladder.runs.code import fingerprint
from segladder.types import UserError

FOLDER = ".report-resamples"
MOST_BYTES = 256 * 2**20
"""Of all files; those that were not used for longest go first."""


class Kept:
    """Arrays by what they were computed from."""

    def __init__(self, root: Path | None = None) -> None:
        """
        Args:
            root: the folder that runs lie in; None: nothing is kept.
        """
        self._folder = None if root is None else root / FOLDER

    def array(
        self, source: Path, what: str, shape: tuple[int, ...], make: Callable[[], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """The array that was kept, or the one that is made now.

        Args:
            source: the file that it is computed from.
            what: is computed.
            shape: that it must have.
            make: computes it.
        """
        if self._folder is None:
            return make()
        content = hashlib.sha256(source.read_bytes()).hexdigest()
        path = self._folder / f"{hashlib.sha256(f'{fingerprint()} {what} {content}'.encode()).hexdigest()[:40]}.npy"
        with suppress(OSError, ValueError, EOFError):
            found: NDArray[Any] = np.load(path, allow_pickle=False)
            if found.shape == shape and found.dtype == np.float64:
                os.utime(path)
                return found
        made = make()
        buffer = io.BytesIO()
        np.save(buffer, made)
        with suppress(OSError, UserError):  # a folder that cannot be written can be reported on all the same
            self._folder.mkdir(exist_ok=True)
            write_atomic(path, buffer.getvalue())
        return made

    def tidy(self) -> None:
        """Removes what was not used for longest, down to `MOST_BYTES`."""
        if self._folder is None:
            return
        with suppress(OSError):
            files = [(entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._folder)]
            room = MOST_BYTES
            for _, size, path in sorted(files, reverse=True):
                room -= size
                if room < 0:
                    Path(path).unlink()
