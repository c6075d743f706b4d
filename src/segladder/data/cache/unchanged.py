"""Whether the files that a cache was built from are the same still: by state, and where that differs by content."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from segladder.data.cache.content import Content, hash_of
from segladder.data.progress import with_progress
from segladder.data.speed.workers import available_cores

NOTE = "same-"
"""A file of this name and a content's hash says that files of that state were compared, and have the same bytes."""


def unchanged(folder: Path, body: dict[str, Any], content: Content) -> bool:
    """Whether the wanted samples that a cache holds are of the bytes that their files have now.

    A file of another size is another file. One of the same size whose times or place on its disk differ (restored,
    moved back, seen through another mount) is read and its hash compared; that all are the same is noted in the folder
    and found there by the next run.

    Args:
        folder: of the cache.
        body: its index.
        content: the samples that are wanted; those that the cache does not hold are of no account.
    """
    differing = _differing(body, content)
    if not differing:
        return differing is not None
    note = folder / f"{NOTE}{content.hash[:16]}"
    if note.exists():
        return True
    if folder in content.refuted:
        return False
    if not _same_bytes(differing):
        content.refuted.add(folder)
        return False
    with suppress(OSError):  # where nothing may be written, the next run compares again
        note.touch()
    return True


def _differing(body: dict[str, Any], content: Content) -> list[tuple[Path, str]] | None:
    """The files whose state is another than when the cache was built, each with the hash it had; None where a size is
    another: those need no comparison."""
    row_of = {name: row for row, name in enumerate(body["names"])}
    found = []
    for place, name, states in zip(content.places, content.names, content.states, strict=True):
        row = row_of.get(name)
        if row is None or body["states"][row] == states:
            continue
        for path, now, then, known in zip(
            content.source.files(place), states, body["states"][row], body["hashes"][row], strict=True
        ):
            if now[0] != then[0]:
                return None
            if now != then:
                found.append((path, known))
    return found


def _same_bytes(files: list[tuple[Path, str]]) -> bool:
    """Whether each file has the hash it had; the first that has not ends the reading."""
    with ThreadPoolExecutor(min(8, available_cores())) as pool:
        hashes = pool.map(hash_of, [path for path, _ in files])
        try:
            compared = with_progress(hashes, len(files), "comparing files with the cache")
            return all(found == known for found, (_, known) in zip(compared, files, strict=True))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
