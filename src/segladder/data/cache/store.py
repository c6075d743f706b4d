"""The folder where caches of all data sets lie: what is there is found, what is missing is built once for all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from segladder.data.cache.build import build
from segladder.data.cache.content import Content
from segladder.data.cache.disk import DiskCache
from segladder.data.cache.layout import Layout, plan, read_index, read_layout
from segladder.data.cache.lock import building
from segladder.data.cache.unchanged import unchanged
from segladder.data.errors import DataError
from segladder.data.progress import with_progress

_PARTIAL = ".partial-"
_REST_PER_SAMPLE = 8192
"""Bytes left for objects and the index, of which headers say nothing."""
_INSTEAD = "Choose another folder with data.cache_dir=…, or set data.cache=ram or data.cache=false."


def default_folder() -> Path:
    """Where caches lie unless `data.cache_dir` says otherwise: the user's own folder for them."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "segladder" / "data"


class DiskStore:
    """Caches by data set and by how it is read, each in a folder of its own that may simply be deleted."""

    def __init__(self, root: Path | None = None) -> None:
        """
        Args:
            root: the folder; None for the user's own.
        """
        self.root = (root or default_folder()).expanduser().absolute()

    def open(self, content: Content, *, what: str, also: Sequence[Content] = ()) -> DiskCache:
        """The cache of these samples, built first where there is none in their present state.

        Of several processes that ask for it one builds, and the others wait for it. Folders that are made for one that
        is refused are taken away again.

        Args:
            content: the samples that are wanted.
            what: what they are, as in `cityscapes train`.
            also: samples that will be asked for next: the disk must have room for them, too.

        Raises:
            DataError: the folder cannot be written, or its disk has no room.
        """
        folder = self._folder(content)
        found = self._found(content)
        if found is not None:
            return found
        try:
            with building(folder / "building", lambda: self._found(content) is not None) as mine:
                if mine and (found := self._found(content)) is None:
                    self._build(folder, content, what, also)
        except OSError as error:
            raise self._refusal(error) from None
        found = found or self._found(content)
        if found is None:
            raise DataError(
                f"The cache of {what} in '{folder}' is gone again, or files of the data set have changed. Start again."
            )
        return found

    def _folder(self, content: Content) -> Path:
        name = "".join(char if char.isalnum() or char in "._-" else "_" for char in content.source.info.name)
        return self.root / f"{name}-{content.settings_hash[:12]}"

    def _found(self, content: Content) -> DiskCache | None:
        folder = self._folder(content)
        own = folder / content.hash[:16]
        there = sorted(_caches(folder), key=lambda path: path != own)
        return next((cache for path in there if (cache := DiskCache.find(path, content)) is not None), None)

    def _build(self, folder: Path, content: Content, what: str, also: Sequence[Content]) -> None:
        for left in folder.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)  # of a builder that was killed: nobody else builds here now
        stale = _stale(folder, content)
        layout = plan(content, with_progress)
        self._announce(layout, what, folder, self._needed(content, layout, also), stale)
        partial = folder / f"{_PARTIAL}{secrets.token_hex(4)}"
        partial.mkdir()
        try:
            faults = build(partial, content, layout, what=f"caching {what}")
            for path in stale:
                _remove(path)
            try:
                partial.rename(folder / content.hash[:16])
            except OSError:
                # where the file system has no locks, another process may have been first
                if self._found(content) is None:
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        if faults:
            more = f", as are {len(faults) - 1} more" if len(faults) > 1 else ""
            warnings.warn(
                f"Not in the cache of {what}, and read from its files instead{more}: {faults[0]}", stacklevel=5
            )

    def _needed(self, content: Content, layout: Layout, also: Sequence[Content]) -> int:
        """Bytes on disk of what is wanted now and next."""
        total = layout.total + _REST_PER_SAMPLE * len(content.places)
        seen = {(content.settings_hash, content.hash)}
        for other in also:
            key = (other.settings_hash, other.hash)
            if key not in seen and not _covers(content, other) and self._found(other) is None:
                total += plan(other, with_progress).total + _REST_PER_SAMPLE * len(other.places)
            seen.add(key)
        return total

    def _announce(self, layout: Layout, what: str, folder: Path, needed: int, stale: Sequence[Path]) -> None:
        """Says how much will be written and where; refuses what has no room."""
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise DataError(
                f"The cache of {what}, with what the run reads later, takes {size_text(needed)}, but the disk of"
                f" '{self.root}' has {size_text(free)} free. {_INSTEAD}"
            )
        if stale:
            why = "damaged" if all(_is_damaged(path) for path in stale) else "of files that have changed since"
            print(f"The cache of {what} in '{stale[0]}' is {why}: it is built anew.", file=sys.stderr)
        print(
            f"Caching {what}: {len(layout.table):,} decoded samples, {size_text(layout.total)}, in '{folder}'"
            f" ({size_text(free)} free). Delete that folder to have the space back.",
            file=sys.stderr,
            flush=True,
        )

    def _refusal(self, error: OSError) -> DataError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DataError(f"The disk of '{self.root}' became full while the cache was being built. {_INSTEAD}")
        return DataError(f"'{self.root}' cannot hold the cache ({error.strerror or error}). {_INSTEAD}")


def size_text(number: float) -> str:
    """Bytes for people: `3.1 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}" if unit != "bytes" else f"{number:.0f} bytes"
        number /= 1000
    return f"{number:.3g} TB"


def _caches(folder: Path) -> list[Path]:
    """Finished caches, whole or not."""
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _stale(folder: Path, content: Content) -> list[Path]:
    """Caches that are damaged, or hold one of the samples as its files were once."""
    found = []
    for path in _caches(folder):
        body = read_index(path)
        if body is None or read_layout(path, body) is None or not unchanged(path, body, content):
            found.append(path)
    return found


def _is_damaged(path: Path) -> bool:
    body = read_index(path)
    return body is None or read_layout(path, body) is None


def _covers(content: Content, other: Content) -> bool:
    """Whether the cache of one will serve the other, too."""
    if content.settings_hash != other.settings_hash:
        return False
    return set(other.names) <= set(content.names)


def _remove(path: Path) -> None:
    """Takes a cache away, at once for whoever looks for it; who reads it already goes on doing so."""
    gone = path.with_name(f"{_PARTIAL}{secrets.token_hex(4)}")
    path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
