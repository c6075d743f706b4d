"""The whole check of a data set: list it, read every file in parallel, put together what that says."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.duplicates import Marked, duplicates, small_pictures
from segladder.data.doctor.file_view import lost
from segladder.data.doctor.findings import ERROR, WARNING, Group, grouped
from segladder.data.doctor.look import Look
from segladder.data.doctor.odd_images import odd_images
from segladder.data.doctor.reading import in_processes
from segladder.data.doctor.set_checks import absent_classes, ignored_labels
from segladder.data.doctor.survey import Split, Survey
from segladder.data.doctor.values import Cure, judge
from segladder.data.progress import with_progress

_MEANT = "Shares of classes count labels as they are meant to be by what is advised, not as they are stored."


@dataclass(frozen=True)
class Sizes:
    """Heights and widths of the images of a split."""

    least: tuple[int, int]
    median: tuple[int, int]
    most: tuple[int, int]
    distinct: int


@dataclass
class Holds:
    """What the labels and images of a split hold."""

    title: str
    images: int
    readable: int
    labelled: int
    pixels: NDArray[np.int64]
    """Of each class, `(C,)`."""
    ignored: int
    unknown: int
    """Pixels of values that mean nothing."""
    sizes: Sizes | None


@dataclass
class Checkup:
    """Everything that was found out."""

    survey: Survey
    groups: list[Group]
    holds: dict[str, Holds]
    """By split, its published name."""
    looks: dict[str, list[Look]]
    cure: Cure = field(default_factory=Cure)
    seconds: float = 0.0
    workers: int = 0

    @property
    def errors(self) -> int:
        return sum(group.count for group in self.groups if group.severity == ERROR)

    @property
    def warnings(self) -> int:
        return sum(group.count for group in self.groups if group.severity == WARNING)

    @property
    def images(self) -> int:
        return sum(split.count for split in self.survey.splits)


def check(survey: Survey, *, workers: int) -> Checkup:
    """Reads every file of a data set.

    Args:
        survey: the data set, listed.
        workers: processes that read; 0 for none. Synthetic sets are read by none.

    Raises:
        DataError: reading processes keep dying.
    """
    began = time.monotonic()
    workers = 0 if survey.synthetic else workers
    looks = _looks(survey.splits, workers)
    findings = list(survey.findings)
    pairs = [(split, looks[split.name]) for split in survey.splits]
    verdict = judge(list(_labelled(survey.splits, looks)), survey.info, getattr(survey.reader, "labels", None))
    for _, its in pairs:
        for look in its:
            findings += look.findings
    findings += verdict.findings
    told = bool(verdict.findings)
    if told and any(look.cure or (look.colors and look.pixels) for _, its in pairs for look in its):
        survey.notes[:] = [*(note for note in survey.notes if note != _MEANT), _MEANT]
    reader = survey.reader
    if not survey.synthetic:
        narrow = bool(getattr(reader, "narrow", False))
        fixed = not hasattr(reader, "narrow") and not hasattr(reader, "deep")
        findings += odd_images(pairs, channels=survey.info.channels, narrow=narrow, stated=narrow or fixed)
    findings += [*ignored_labels(pairs), *absent_classes(pairs, survey.info)]
    more = 0
    if not survey.synthetic:
        copies, more = duplicates([_marked(split, looks[split.name]) for split in survey.splits])
        findings += copies
    groups = grouped(findings)
    for group in groups:
        if group.kind == "alike":
            group.more = more
    return Checkup(
        survey=survey,
        groups=groups,
        holds={split.name: _holds(split, looks[split.name], survey.info.num_classes) for split in survey.splits},
        looks=looks,
        cure=verdict.cure,
        seconds=time.monotonic() - began,
        workers=workers,
    )


def _looks(splits: Sequence[Split], workers: int) -> dict[str, list[Look]]:
    """The look at each sample; splits are read as one row, so that no process waits at the end of each."""
    row = Row(splits)
    found: dict[str, list[Look]] = {split.name: [] for split in splits}
    read: Iterator[Look] = in_processes(row.look, len(row.places), workers=workers, lost=row.gone)
    try:
        for (split, _), one in zip(row.places, with_progress(read, len(row.places), "checking"), strict=True):
            found[split.name].append(one)
    finally:
        close: Any = getattr(read, "close", None)
        if close is not None:
            close()  # an error of ours, or Ctrl-C: the processes end here, not when memory is tidied
    return found


class Row:
    """The samples of all splits, one after the other; it goes to each reading process whole."""

    def __init__(self, splits: Sequence[Split]) -> None:
        self.places = [(split, index) for split in splits for index in range(split.count)]

    def look(self, at: int) -> Look:
        split, index = self.places[at]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of every file that is odd in some harmless way
            return split.view.look(index)

    def gone(self, at: int) -> Look:
        """What stands for a sample whose reading killed its process."""
        split, index = self.places[at]
        return lost(split.view.file(index), split.name, index)


def _labelled(splits: Sequence[Split], looks: dict[str, list[Look]]) -> Iterator[tuple[str, int, str, Look]]:
    for split in splits:
        for index, look in enumerate(looks[split.name]):
            if look.labelled:
                yield split.name, index, split.view.label_file(index), look


def _marked(split: Split, looks: Sequence[Look]) -> Marked:
    """Images of one value are told of as such; copies of each other they are, too, and nothing follows from it."""
    readable = [(index, look.image) for index, look in enumerate(looks) if look.image and not look.image.constant]
    return Marked(
        split=split.name,
        indices=[index for index, _ in readable],
        files=[split.view.file(index) for index, _ in readable],
        content=[image.content for _, image in readable],
        gradients=np.array([image.gradients for _, image in readable], dtype=np.uint64),
        small=small_pictures([image.small for _, image in readable]),
    )


def _holds(split: Split, looks: Sequence[Look], classes: int) -> Holds:
    pixels = np.zeros(classes, dtype=np.int64)
    for look in looks:
        for index, count in look.pixels.items():
            pixels[index] += count
    return Holds(
        title=split.title,
        images=split.count,
        readable=sum(look.image is not None for look in looks),
        labelled=sum(look.labelled for look in looks),
        pixels=pixels,
        ignored=sum(look.ignored for look in looks),
        unknown=sum(sum(look.unknown.values()) for look in looks),
        sizes=_sizes([look.image.size for look in looks if look.image is not None]),
    )


def _sizes(sizes: Sequence[tuple[int, int]]) -> Sizes | None:
    if not sizes:
        return None
    by_area = sorted(sizes, key=lambda size: size[0] * size[1])
    return Sizes(by_area[0], by_area[len(by_area) // 2], by_area[-1], len(set(sizes)))
