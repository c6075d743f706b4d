"""`fix=DIR`: a corrected copy of a data set. The original is only read."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segladder.data.doctor.annotations import TolerantCoco
from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.file_view import FileView
from segladder.data.doctor.findings import KINDS, Finding
from segladder.data.doctor.fixed_coco import FixedCoco
from segladder.data.doctor.fixed_folder import FixedFolder
from segladder.data.doctor.reading import in_processes
from segladder.data.errors import DataError
from segladder.data.progress import with_progress

LEFT_OUT = (
    "unreadable-image",
    "unreadable-label",
    "refused",
    "missing-image",
    "missing-label",
    "missing-ids",
    "size",
    "depth",
    "channels",
    "values",
    "object-class",
    "all-ignored",
    "copy",
)
"""A sample with such a finding is not in the copy."""

_LISTS = (
    "split-file",
    "double-entry",
    "orphan-label",
    "exif",
    "box",
    "area",
    "empty-object",
    "annotation",
    "unlisted-image",
)
"""What the copy's own lists and files no longer have."""


@dataclass(frozen=True)
class Target:
    """A folder that can be written."""

    path: Path

    @property
    def part(self) -> Path:
        """Where it is written until it is whole."""
        return self.path.with_name(f".{self.path.name}.part")


def destination(given: str, root: str | os.PathLike[str] | None) -> Target:
    """The folder of `fix=`.

    Raises:
        DataError: it is there and holds something, or lies within the data set.
    """
    path = Path(given).expanduser()
    if root is not None and path.resolve().is_relative_to(Path(root).expanduser().resolve()):
        raise DataError(f"fix='{given}' lies in data.root '{root}', which is never written to. Name another folder.")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"fix='{given}' is there already and not empty. Name a new folder, or take it away.")
    return Target(path)


def write_fixed(checkup: Checkup, target: Target, *, workers: int) -> Iterator[str]:
    """Writes the copy; yields lines for people, the first before it begins.

    Args:
        checkup: what was found.
        target: from `destination`.
        workers: processes that copy; 0 for none.

    Raises:
        DataError: the data set is of no form that can be copied, was looked at in part, or does not fit on the disk;
            or a person has to say first what its labels mean; or nothing of it could be copied.
    """
    if checkup.cure.doubt:
        raise DataError(f"fix= does not guess: {checkup.cure.doubt} Then check again with fix=.")
    copy = _copy_of(checkup, target)
    if not copy.places:
        raise DataError(
            f"fix= has nothing to write: each of the {checkup.images:,} images has a fault that no copy mends."
            " The lines above say what to do about them."
        )
    needed = copy.bytes()
    target.path.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.path.parent).free
    count = len(copy.places)
    if needed > free:
        raise DataError(f"'{target.path}' needs about {_size(needed)}, and {_size(free)} are free. Name another disk.")
    yield f"\nWriting {count:,} images with their labels to {target.path}, about {_size(needed)} ({_size(free)} free)"
    shutil.rmtree(target.part, ignore_errors=True)
    target.part.mkdir()
    try:
        done = in_processes(copy.write, count, workers=workers, lost=lambda at: f"{at}: its process died")
        failed = [why for why in with_progress(done, count, "writing") if why is not None]
        if failed:
            raise DataError(f"'{target.path}' cannot be written: {failed[0]}")
        copy.finish()
        if target.path.is_dir():
            target.path.rmdir()
        target.part.rename(target.path)
    except OSError as error:
        raise DataError(f"'{target.path}' cannot be written ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(target.part, ignore_errors=True)
    yield from _told(checkup, copy)
    yield f"Wrote {target.path}: {', '.join(f'{count:,} {name}' for name, count in copy.counts().items())}. Train with"
    yield f"  {copy.command(target.path)}"


def _copy_of(checkup: Checkup, target: Target) -> FixedFolder | FixedCoco:
    survey = checkup.survey
    if any(split.count < len(split.view) for split in survey.splits):
        raise DataError("fix= needs the whole data set. Leave data.limit out.")
    out: set[tuple[str, int | None]] = {
        (finding.split, finding.index)
        for group in checkup.groups
        for finding in group.findings
        if finding.index is not None and _is_left_out(finding, checkup)
    }
    if not survey.splits:
        raise DataError("fix= has nothing to write: no split can be listed.")
    if isinstance(survey.reader, TolerantCoco):
        return FixedCoco(checkup, target.part, out)
    if all(isinstance(split.view, FileView) for split in survey.splits):
        return FixedFolder(checkup, target.part, out)
    raise DataError(f"fix= cannot copy '{survey.name}': its samples are no pairs of image and label files.")


def _is_left_out(finding: Finding, checkup: Checkup) -> bool:
    cure = checkup.cure
    if finding.kind == "colors":
        return not cure.colors
    if finding.kind == "exif-size":
        return isinstance(checkup.survey.reader, TolerantCoco)
    return finding.kind in LEFT_OUT


def _told(checkup: Checkup, copy: FixedFolder | FixedCoco) -> Iterator[str]:
    """What became of the findings."""
    left, corrected, stay = Counter[str](), Counter[str](), Counter[str]()
    for group in checkup.groups:
        for finding in group.findings:
            if finding.index is not None and _is_left_out(finding, checkup):
                left[group.kind] += 1
            elif group.kind in (*_LISTS, "stretched", "shifted", "colors", "exif-size", "double-name") or (
                group.kind == "missing-image"
            ):
                corrected[group.kind] += 1
            else:
                stay[group.kind] += 1
    for word, counts in (("Left out", left), ("Corrected", corrected), ("Not to be fixed here", stay)):
        if counts:
            yield f"{word}: {', '.join(f'{KINDS[kind].title} ({count:,})' for kind, count in counts.items())}"
    yield from copy.notes()


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
