"""Where the images of a set lie and how large they are: what formats without sizes or suffixes need to know."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path, PurePosixPath

from segladder.data.errors import DataError


class ImageFiles:
    """The picture files below one folder, listed once and only when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def names(self) -> dict[str, str]:
        """Path below the folder without suffix -> with suffix; forward slashes.

        Raises:
            DataError: two files differ in their suffix alone.
        """
        from segladder.data.decoding.images import SUFFIXES

        found: dict[str, str] = {}
        for directory, _, files in os.walk(self.folder, followlinks=True):
            for file in sorted(files):
                path = Path(directory, file).relative_to(self.folder)
                if path.suffix.lower() not in SUFFIXES or file.startswith("."):
                    continue
                stem = path.with_suffix("").as_posix()
                if stem in found:
                    raise DataError(
                        f"'{self.folder / found[stem]}' and '{self.folder / path}' differ in their suffix alone, so it"
                        " is not clear which one is meant. Take one away."
                    )
                found[stem] = path.as_posix()
        return found

    def find(self, name: str) -> Path | None:
        """The file of an image by its name, else by its name without suffix."""
        if (self.folder / name).is_file():
            return self.folder / name
        other = self.names.get(PurePosixPath(name).with_suffix("").as_posix())
        return None if other is None else self.folder / other


def file_size(path: Path) -> tuple[int, int]:
    """Height and width of an image file as it is displayed, from its header.

    Raises:
        DataError: it cannot be read.
    """
    from segladder.data.decoding.images import header

    return header(path)[2]


def require_folder(path: Path, key: str) -> Path:
    """Raises DataError unless the path is a folder."""
    if not path.is_dir():
        raise DataError(f"{key} is '{path}', and no such folder is there. Name the folder of images.")
    return path
