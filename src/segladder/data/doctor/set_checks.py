"""What only a whole set can tell of its labels: all ignored, or classes that never occur."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.data.doctor.findings import ERROR, Finding
from segladder.data.doctor.look import Look
from segladder.data.doctor.survey import Split
from segladder.types import DatasetInfo

_SHOWN = 12
"""Class names of one line."""


def ignored_labels(splits: Sequence[tuple[Split, Sequence[Look]]]) -> list[Finding]:
    """Labels of which every pixel is ignored: errors where a split has no others."""
    found = []
    for split, looks in splits:
        labelled = [look for look in looks if look.labelled]
        empty = {index: look for index, look in enumerate(looks) if _is_ignored(look)}
        whole = len(empty) == len(labelled) and split.count == len(split.view)
        all_of = f", as in all {len(labelled):,} labels of '{split.name}'" if whole and len(labelled) > 1 else ""
        nothing = (
            f"Nothing can be learnt or scored on '{split.name}': name another split, or map what is ignored to its"
            " classes (data.label_map)."
        )
        for index, look in empty.items():
            found.append(
                Finding(
                    kind="all-ignored",
                    file=split.view.label_file(index),
                    what=f"all {look.ignored:,} pixels are ignored{all_of}",
                    split=split.name,
                    index=index,
                    todo=nothing if whole else "",
                    severity=ERROR if whole else None,
                )
            )
    return found


def absent_classes(splits: Sequence[tuple[Split, Sequence[Look]]], info: DatasetInfo) -> list[Finding]:
    """Classes that occur in no label of a training or validation split.

    Silent where most labels have a fault of their own that may be why.
    """
    found = []
    for split, looks in splits:
        labelled = [look for look in looks if look.labelled]
        there = {index for look in labelled for index in look.pixels}
        doubtful = sum(bool(look.explained) and not look.cure for look in labelled)
        if not there or 2 * doubtful > len(labelled) or split.count < len(split.view):
            continue
        absent = [name for index, name in enumerate(info.classes) if index not in there]
        if absent and {"train", "val"} & set(split.roles):
            more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
            unclear = f", {doubtful:,} more left aside" if doubtful else ""
            what = f"{', '.join(absent[:_SHOWN])}{more}: no pixel in {len(labelled) - doubtful:,} labels{unclear}"
            found.append(Finding(kind="absent-class", file=split.title, what=what, split=split.name))
    return found


def _is_ignored(look: Look) -> bool:
    known = look.pixels or look.unknown or look.explained in ("masks", "colors")
    return look.labelled and look.ignored > 0 and not known
