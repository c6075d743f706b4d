"""`fix=DIR`: a corrected copy of a data set, looked at again. The original is only read."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from segladder.data.doctor.checkup import Checkup, check
from segladder.data.doctor.destination import Target, unwritable
from segladder.data.doctor.file_view import FileView
from segladder.data.doctor.findings import Finding
from segladder.data.doctor.fixed_coco import FixedCoco
from segladder.data.doctor.fixed_folder import FixedFolder
from segladder.data.doctor.outcome import Trouble, outcome, told
from segladder.data.doctor.reading import in_processes
from segladder.data.doctor.survey import Survey, survey
from segladder.data.doctor.tolerant_coco import TolerantCoco
from segladder.data.errors import DataError
from segladder.data.panoptic.coco import CocoPanoptic
from segladder.data.progress import with_progress

_LEFT_OUT = (
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
)
"""A sample with such a finding is not in the copy."""

_SHOWN = 3
"""Samples that could not be written of which the reason is told."""


def write_fixed(
    checkup: Checkup, target: Target, *, workers: int, batch_sizes: Mapping[str, int] | None = None
) -> Iterator[str]:
    """Writes the copy; yields lines for people, the first before it begins.

    Args:
        checkup: what was found.
        target: from `destination`.
        workers: processes that copy; 0 for none.
        batch_sizes: by the name of a choice of `data`, the samples of a step that it has if nobody says otherwise.

    Raises:
        DataError: see `require_copyable`; it does not fit on the disk; a person has to say first what its labels mean;
            or nothing of it could be copied.
    """
    require_copyable(checkup.survey)
    if checkup.cure.doubt:
        raise DataError(f"fix= does not guess: {checkup.cure.doubt} Then check again with fix=.")
    with target.writing():
        copy, out = _copy_of(checkup, target)
        needed, count = copy.bytes(), len(copy.places)
        free = shutil.disk_usage(target.part).free
        if not count:
            raise DataError(
                f"fix= has nothing to write: each of the {checkup.images:,} images has a fault that no copy mends."
                " The lines above say what to do about them."
            )
        if needed > free:
            raise DataError(
                f"'{target.path}' needs about {_size(needed)}, and {_size(free)} are free. Name another disk."
            )
        yield (
            f"\nWriting {count:,} images with their labels to {target.path}, about {_size(needed)} ({_size(free)} free)"
        )
        refused = _written(copy, target.path, workers)
        written = [place for place in copy.places if place not in refused]
        if not written:
            raise DataError(f"fix= has nothing to write: {next(iter(refused.values()))}")
        copy.finish()
    out |= refused.keys()
    yield f"Wrote {target.path}: {_counts(checkup, copy, written)}"
    for why in list(refused.values())[:_SHOWN]:
        yield f"Left out while writing: {why}"
    options = copy.options(target.path, written)
    again = check(survey(copy.reader, options), workers=workers)
    yield from told(outcome(checkup, again, out=out, homes=copy.homes))
    yield from copy.notes()
    yield f"The copy was looked at again: {_left(again)}. Train with"
    samples = sum(split in copy.training for split, _ in written)
    if samples < (batch_sizes or {}).get(copy.form, 0):
        options["batch_size"] = max(1, samples)
    words = [f"data.{key}={_as_word(value)}" for key, value in options.items()]
    yield f"  {shlex.join(['segladder', 'train', f'data={copy.form}', *words])}"


def require_whole(found: Survey) -> None:
    """Says before anything is read that a part is not copied.

    Raises:
        DataError: the data set is to be looked at in part.
    """
    if any(split.count < len(split.view) for split in found.splits):
        raise DataError("fix= needs the whole data set. Leave data.limit out.")


def require_copyable(found: Survey) -> None:
    """
    Raises:
        DataError: see `require_whole`; there is nothing to copy, or it is of no form that can be copied.
    """
    require_whole(found)
    if not found.splits:
        raise DataError("fix= has nothing to write: no split can be listed.")
    files = all(isinstance(split.view, FileView) for split in found.splits)
    if not files and not isinstance(found.reader, TolerantCoco):
        form = "panoptic sets" if isinstance(found.reader, CocoPanoptic) else "sets that are no image and label files"
        raise DataError(f"fix= cannot copy '{found.name}': {form} are checked, and not copied. Leave fix= out.")


def _copy_of(checkup: Checkup, target: Target) -> tuple[FixedFolder | FixedCoco, set[tuple[str, int]]]:
    """What is to be written, and split and index of the samples that are not."""
    every = [finding for group in checkup.groups for finding in group.findings]
    every += [other for group in checkup.groups for finding in group.findings for other in group.elsewhere(finding)]
    out = {(one.split, one.index) for one in every if one.index is not None and _is_left_out(one, checkup)}
    # of two copies val's or test's stays if it can be used: what is scored on stays whole, and so comparable
    doubled = [one for one in every if one.kind == "copy" and one.twin not in out]
    out |= {(one.split, one.index) for one in doubled if one.index is not None}
    if isinstance(checkup.survey.reader, TolerantCoco):
        return FixedCoco(checkup, target.part, out), out
    return FixedFolder(checkup, target.part, out), out


def _is_left_out(finding: Finding, checkup: Checkup) -> bool:
    return finding.kind in _LEFT_OUT or (finding.kind == "colors" and not checkup.cure.colors)


def _written(copy: FixedFolder | FixedCoco, path: Path, workers: int) -> dict[tuple[str, int], str]:
    """Writes all samples; those that could not be, and why.

    Raises:
        DataError: the disk refuses.
    """
    refused = {}
    done = in_processes(
        copy.write, len(copy.places), workers=workers, lost=lambda _: Trouble("the process that wrote it died", True)
    )
    with closing(done):  # after an error of the disk, or Ctrl-C, nobody writes any more
        for place, trouble in zip(copy.places, with_progress(done, len(copy.places), "writing"), strict=True):
            if trouble is not None and trouble.stops:
                raise unwritable(path, OSError(trouble.why))
            if trouble is not None:
                refused[place] = trouble.why
    return refused


def _counts(checkup: Checkup, copy: FixedFolder | FixedCoco, written: list[tuple[str, int]]) -> str:
    """How many of each split's samples are there."""
    parts = []
    for split in checkup.survey.splits:
        count = sum(name == split.name for name, _ in written)
        parts.append(f"{count:,} of {split.count:,} images of {copy.homes[split.name]}")
    return ", ".join(parts)


def _left(again: Checkup) -> str:
    if not again.groups:
        return "nothing was found"
    words = ((again.errors, "error"), (again.warnings, "warning"))
    return ", ".join(f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in words)


def _as_word(value: object) -> str:
    if value is None:
        return "null"
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
