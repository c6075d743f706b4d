"""What only a whole set can tell: the odd image out, classes that never occur, splits of which nothing is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from segladder.data.doctor.findings import ERROR, Finding
from segladder.data.doctor.look import Look
from segladder.data.doctor.survey import Split
from segladder.types import DatasetInfo

_SHOWN = 12
"""Class names of one line."""


def odd_images(
    splits: Sequence[tuple[Split, Sequence[Look]]], *, channels: int, narrow: bool, stated: bool
) -> list[Finding]:
    """Images of another depth, or of channels that cannot become the others', than most.

    Args:
        splits: the splits and their looks.
        channels: that the reader gives the network.
        narrow: the data set says how many channels are wanted, so that more may be cut.
        stated: the reader's channels are the data set's own word, not those of some image.
    """
    every = [(split, index, look.image) for split, looks in splits for index, look in enumerate(looks) if look.image]
    if not every:
        return []
    found = []
    deep = Counter(image.deep for _, _, image in every).most_common(1)[0][0]
    usual = Counter(image.channels for _, _, image in every if image.deep == deep).most_common(1)[0][0]
    wanted = channels if stated else usual
    words = ("8-bit", "deeper than 8 bits")
    for split, index, image in every:
        file = split.view.file(index)
        if image.deep != deep:
            what = f"{words[image.deep]} (Pillow mode {image.mode}), most others are {words[deep]}"
            found.append(Finding(kind="depth", file=file, what=what, split=split.name, index=index))
        elif not fits(image.channels, wanted, narrow=narrow) and not deep:
            what = f"{image.channels} channels (Pillow mode {image.mode}), the data set has {wanted}"
            found.append(Finding(kind="channels", file=file, what=what, split=split.name, index=index))
    return found


def fits(found: int, wanted: int, *, narrow: bool) -> bool:
    """Whether `read_image` makes the wanted channels of those of a file."""
    if found > wanted:
        return narrow or (found, wanted) in {(2, 1), (4, 3)}
    return found == wanted or (wanted == 3 and found in (1, 2))


def absent_classes(splits: Sequence[tuple[Split, Sequence[Look]]], info: DatasetInfo) -> list[Finding]:
    """Classes that occur in no label of a training or validation split; and splits of which all is ignored."""
    found = []
    for split, looks in splits:
        labelled = [look for look in looks if look.labelled and not look.colors]
        if not labelled:
            continue
        there = {index for look in labelled for index in look.pixels}
        if not there and any(look.ignored for look in labelled) and not any(look.unknown for look in labelled):
            what = f"every pixel of its {len(labelled):,} labels is ignored"
            found.append(Finding(kind="all-ignored", file=split.name, what=what, split=split.name, severity=ERROR))
            continue
        if not there or split.count < len(split.view) or not {"train", "val"} & set(split.roles):
            continue
        absent = [name for index, name in enumerate(info.classes) if index not in there]
        if absent:
            more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
            what = f"{', '.join(absent[:_SHOWN])}{more}: no pixel in {len(labelled):,} labels"
            found.append(Finding(kind="absent-class", file=split.title, what=what, split=split.name))
    return found
