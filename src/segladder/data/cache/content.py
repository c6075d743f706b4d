"""What a cache holds, in words that can be compared: which files, in which state, and how they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from segladder.types import DatasetInfo, Sample

FORMAT = 2
"""Goes up when the files of a cache come to mean something else, or samples to be read otherwise."""


class FileSource(Protocol):
    """A dataset whose samples come from files, so that it shows when they change."""

    info: DatasetInfo

    def __getitem__(self, key: tuple[int, int]) -> Sample: ...

    def files(self, index: int) -> Sequence[Path]:
        """The files that one sample is read from."""

    def image_size(self, index: int) -> tuple[int, int]:
        """Height and width of one sample, without decoding it."""

    def reading(self) -> Mapping[str, Any]:
        """What decides how files are read, and files that serve all samples."""


def is_file_source(source: Any) -> bool:
    """Whether a dataset can say what its samples are read from."""
    return all(hasattr(source, name) for name in ("files", "image_size", "reading"))


def state_of(paths: Sequence[Path]) -> list[list[int]]:
    """What each file's folder says of it: a file of the same state has the same bytes.

    Returns:
        Of each file its size first, then the times of change of its bytes and of anything about it, and its number on
        its disk: whoever puts back the time of an edited file (`cp -p`, `rsync -t`) cannot put back those. Of one that
        is not there, a size that none has.
    """
    found = []
    for path in paths:
        try:
            status = path.stat()
            found.append([status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino])
        except OSError:
            found.append([-1, 0, 0, 0])  # told when its turn comes, as without a cache
    return found


def hash_of(path: Path) -> str:
    """A file's bytes in 32 digits; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return ""


@dataclass(frozen=True)
class Content:
    """The samples that are wanted of a source."""

    source: FileSource
    places: Sequence[int]
    """Which of its samples."""
    refuted: set[Path] = field(default_factory=set, compare=False, repr=False)
    """Caches whose files were found to have other bytes now: they are not compared again."""

    @cached_property
    def names(self) -> list[str]:
        """What tells each sample from all others that are read in the same way: its files."""
        return ["|".join(str(path.absolute()) for path in self.source.files(place)) for place in self.places]

    @cached_property
    def states(self) -> list[list[list[int]]]:
        """The state of each sample's files as they are now."""
        return [state_of(self.source.files(place)) for place in self.places]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What decides, besides the files, which tensors come out."""
        import PIL

        import segladder

        return {
            "format": FORMAT,
            "segladder": segladder.__version__,
            "data": self.source.info.name,
            "reading": dict(self.source.reading()),
            "decoder": f"Pillow {PIL.__version__}",
        }

    @cached_property
    def settings_hash(self) -> str:
        return _hash(self.settings)

    @cached_property
    def hash(self) -> str:
        return _hash([self.names, self.states])


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
