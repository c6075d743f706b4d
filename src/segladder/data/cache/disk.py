"""Decoded samples on disk, read through the memory that the system keeps of files: many processes share one copy."""

from __future__ import annotations

import errno
import mmap
import os
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from segladder.data.cache.content import Content
from segladder.data.cache.kept import Kept
from segladder.data.cache.layout import DAMAGED, REST, SAMPLES, Layout, read_index, read_layout
from segladder.data.cache.packing import unpacked
from segladder.data.cache.unchanged import unchanged
from segladder.types import Sample

_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000) if os.uname().sysname == "Linux" else 0
"""Python 3.11 and 3.12 do not name the flag: without it, mapping 100 GB asks the system for as much memory."""


class DiskCache:
    """A finished cache. Each sample's checksum is compared when it is read for the first time.

    A sample that fails, and one that could not be decoded when the cache was built, is not kept: it is read from its
    files.
    """

    def __init__(self, folder: Path, body: dict[str, Any], layout: Layout, rows: dict[int, int]) -> None:
        """
        Args:
            folder: where it lies.
            body: its index.
            layout: its table.
            rows: place in the source -> row of the table.

        Raises:
            OSError: the files are gone.
        """
        self.folder = folder
        self._ids: list[str] = body["ids"]
        self._layout = layout
        self._rows = rows
        self._open()

    @classmethod
    def find(cls, folder: Path, content: Content) -> DiskCache | None:
        """The cache in a folder, where it is whole and has all that is wanted as its files are now."""
        body = read_index(folder)
        if body is None or body.get("settings") != content.settings:
            return None
        row_of = {name: row for row, name in enumerate(body["names"])}
        if not all(name in row_of for name in content.names):
            return None
        layout = read_layout(folder, body)
        if layout is None or not unchanged(folder, body, content):
            return None
        try:
            rows = {place: row_of[name] for place, name in zip(content.places, content.names, strict=True)}
            return cls(folder, body, layout, rows)
        except FileNotFoundError:
            return None  # somebody has just removed it

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._layout.total + int(self._layout.table["rest_bytes"].sum())

    def read(self, place: int) -> Kept | None:
        """The sample of that place, in the cache's memory; None where it is not kept."""
        number = self._rows.get(place)
        if number is None:
            return None
        row = self._layout.table[number]
        if not row["held"] or self._checked[number] == _BAD:
            return None
        start, end = int(row["image_at"]), int(row["label_at"]) + self._layout.label_bytes(row)
        if self._samples is not None:
            # the whole sample at once, instead of page by page
            self._samples.madvise(mmap.MADV_WILLNEED, start, end - start)
        memory, rest = self._memory(start, end), os.pread(self._rest, int(row["rest_bytes"]), int(row["rest_at"]))
        if self._checked[number] != _GOOD and not self._check(number, row, memory, rest):
            return None
        moved = row.copy()
        moved["image_at"], moved["label_at"] = 0, row["label_at"] - row["image_at"]
        size = (int(row["height"]), int(row["width"]))
        sample: Any = {"image": self._layout.image_of(memory, moved), "image_id": self._ids[number], "size": size}
        if self._layout.label is not None:
            sample["semantic"] = self._layout.label_of(memory, moved)
        sample.update(unpacked(rest))
        return sample  # type: ignore[no-any-return]

    def keep(self, place: int, sample: Sample) -> None:
        """A finished cache takes nothing."""

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_samples", "_rest", "_checked")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            os.close(self._rest)

    def _open(self) -> None:
        # one byte per sample in memory that forked workers share: what one has checked, none checks again
        self._checked = np.frombuffer(mmap.mmap(-1, max(1, len(self._layout.table))), dtype=np.uint8)
        self._rest = os.open(self.folder / REST, os.O_RDONLY)
        self._samples: mmap.mmap | None = None
        self._path = self.folder / SAMPLES
        with open(self._path, "rb") as file:
            try:
                # private and writable: a tensor over it is never one that crashes, and no write reaches the file
                self._samples = mmap.mmap(
                    file.fileno(),
                    0,
                    flags=mmap.MAP_PRIVATE | _NO_RESERVE,
                    prot=mmap.PROT_READ | mmap.PROT_WRITE,
                )
            except OSError as error:
                if error.errno != errno.ENOMEM:
                    raise
                # a system that promises no more memory than it has: then samples are read, not mapped

    def _memory(self, start: int, end: int) -> Any:
        if self._samples is not None:
            return memoryview(self._samples)[start:end]
        buffer = np.empty(end - start, dtype=np.uint8)
        with open(self._path, "rb") as file:
            file.seek(start)
            file.readinto(buffer.data)
        return buffer

    def _check(self, number: int, row: Any, memory: Any, rest: bytes) -> bool:
        good = bool(checksum(memory, row, self._layout) == row["crc"] and zlib.crc32(rest) == row["rest_crc"])
        self._checked[number] = _GOOD if good else _BAD
        if not good:
            with suppress(OSError):
                (self.folder / DAMAGED).touch()
            warnings.warn(
                f"Sample '{self._ids[number]}' of the cache '{self.folder}' is damaged: its checksum is another than"
                " when it was written. It is read from its files; the next run builds the cache anew.",
                stacklevel=4,
            )
        return good


_GOOD, _BAD = 1, 2


def checksum(memory: Any, row: Any, layout: Layout) -> int:
    """Of image and label, from the memory that begins with the image."""
    image = memory[: layout.image_bytes(row)]
    label_at = int(row["label_at"] - row["image_at"])
    return zlib.crc32(memory[label_at : label_at + layout.label_bytes(row)], zlib.crc32(image))
