"""Builds a cache: processes decode and write each sample at its place, all of them at once."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset

from segladder.data.cache.content import Content, hash_of, state_of
from segladder.data.cache.layout import REST, SAMPLES, Layout, write_index
from segladder.data.cache.packing import packed
from segladder.data.errors import DataError
from segladder.data.progress import with_progress
from segladder.data.speed.workers import available_cores

_HELD_APART = ("image", "semantic", "image_id", "size")
_MOST_WORKERS = 16
WORTH_WORKERS = 2**25
"""Bytes of decoded samples from which on it pays to start processes: about half a second of decoding."""


@dataclass(frozen=True)
class _Written:
    """What became of a sample."""

    image_id: str = ""
    crc: int = 0
    rest: bytes = b""
    hashes: tuple[str, ...] = ()
    """Of its files, see `hash_of`."""
    fault: str = ""
    """Why it is not in the cache; empty where it is."""
    refused: int = 0
    """What the disk said, as `errno`."""


def build(folder: Path, content: Content, layout: Layout, *, what: str) -> list[str]:
    """Fills an empty folder.

    Args:
        folder: private to this process.
        content: the samples.
        layout: where they go; its table is completed.
        what: the work, for the line of progress.

    Returns:
        Why samples were left out, one sentence each; they are read from their files.

    Raises:
        OSError: the disk refuses.
        DataError: files changed meanwhile.
    """
    with open(folder / SAMPLES, "wb") as file:
        if layout.total and hasattr(os, "posix_fallocate"):
            # a full disk refuses here, before anything is decoded
            os.posix_fallocate(file.fileno(), 0, layout.total)
        file.truncate(layout.total)
    ids, hashes, faults = [], [], []
    at = 0
    with open(folder / REST, "wb") as rest:
        done = _written(_Writing(folder / SAMPLES, content, layout))
        for row, one in zip(layout.table, with_progress(done, len(content.places), what), strict=True):
            if one.refused:
                raise OSError(one.refused, os.strerror(one.refused))
            if one.fault:
                faults.append(one.fault)
            row["held"], row["crc"], row["rest_crc"] = not one.fault, one.crc, zlib.crc32(one.rest)
            row["rest_at"], row["rest_bytes"] = at, len(one.rest)
            at += rest.write(one.rest)
            ids.append(one.image_id)
            hashes.append(one.hashes)
    write_index(folder, content, layout, ids=ids, hashes=hashes, rest_bytes=at)
    return faults


def _written(work: _Writing) -> Iterator[_Written]:
    count = min(_MOST_WORKERS, available_cores())
    if work.bytes < WORTH_WORKERS or sys.platform != "linux":
        count = 0  # where processes are not forked, they would have to start from nothing
    loader: Any = DataLoader(
        work,
        batch_size=None,
        collate_fn=_as_is,
        num_workers=count,
        prefetch_factor=8 if count else None,
        multiprocessing_context="fork" if count else None,
    )
    iterator = iter(loader)
    try:
        yield from iterator
    except RuntimeError as error:
        if "worker" not in str(error):
            raise
        raise DataError(
            f"The cache was not built: a process that decodes was ended ({str(error).splitlines()[0]}). Memory may be"
            " short: ask for fewer of them with data.num_workers=1, or set data.cache=false."
        ) from None
    finally:
        if count:
            iterator._shutdown_workers()


class _Writing(Dataset[_Written]):
    """Each sample, decoded and written as it is asked for."""

    def __init__(self, path: Path, content: Content, layout: Layout) -> None:
        self._path, self._content, self._layout = path, content, layout
        # before workers are forked: what they would all compute
        self._states = content.states

    def __len__(self) -> int:
        return len(self._content.places)

    @property
    def bytes(self) -> int:
        return self._layout.total

    def __getitem__(self, number: int) -> _Written:
        source, place = self._content.source, self._content.places[number]
        row = self._layout.table[number]
        hashes = tuple(map(hash_of, source.files(place)))
        try:
            sample = source[(0, place)]
            image, label = self._layout.arrays(sample, row)
            rest = packed({key: value for key, value in sample.items() if key not in _HELD_APART})
        except DataError as error:
            return _Written(hashes=hashes, fault=str(error))
        except (ValueError, TypeError) as error:
            return _Written(hashes=hashes, fault=f"'{self._content.names[number]}' has {error}.")
        if state_of(source.files(place)) != self._states[number]:
            raise DataError(
                f"'{source.files(place)[0]}', or what belongs to it, changed while the cache was being built. Start"
                " again when the data set is as you want it."
            )
        crc = zlib.crc32(_bytes_of(image))
        try:
            with open(self._path, "rb+", buffering=0) as file:
                _write(file.fileno(), image, int(row["image_at"]))
                if label is not None:
                    crc = zlib.crc32(_bytes_of(label), crc)
                    _write(file.fileno(), label, int(row["label_at"]))
        except OSError as error:
            return _Written(refused=error.errno or 5)
        return _Written(sample["image_id"], crc, rest, hashes)


def _write(descriptor: int, array: Any, at: int) -> None:
    left = _bytes_of(array)
    while left:
        done = os.pwrite(descriptor, left, at)
        left, at = left[done:], at + done


def _bytes_of(array: Any) -> memoryview:
    return memoryview(array).cast("B")


def _as_is(one: Any) -> Any:
    return one
