"""What a folder holds that was taken for a data set, and where that one is: for the message when it lacks something."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MARKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cityscapes": (("leftImg8bit",), ("gtFine",)),
    "voc": (("JPEGImages", "ImageSets"), ("SegmentationClass", "ImageSets")),
    "ade20k": (("images/training",), ("images/validation",), ("annotations/training",), ("annotations/validation",)),
    "coco": (("annotations/*.json",),),
    "folder": (("images", "labels"), ("images", "dataset.json"), ("labels", "dataset.json")),
}
"""Choice of `data` -> what of its layout tells it: any of these, each of several together."""
_UP = 3
_SHOWN = 5
_LOOKED_AT = 1000
"""Entries of a folder; one of images may hold a million."""


def layout_of(folder: Path) -> str | None:
    """The choice of `data` that reads such a folder; None where its files are not known."""
    return next((choice for choice in _MARKS if _has(folder, choice)), None)


def instead(root: Path, wanted: str, *, advice: str, joined: str = ": it") -> str:
    """How a sentence on a root that lacks something goes on: with what it holds, and what to do.

    Args:
        root: a folder that is there.
        wanted: the choice of `data` whose layout was looked for.
        advice: what to do where nothing better is found.
        joined: what comes before `holds`.
    """
    near = None if _has(root, wanted) else next((folder for folder in _near(root) if _has(folder, wanted)), None)
    if near is not None:
        return f"{joined} {held(root)}. Set data.root={near}, which has it."
    other = layout_of(root)
    if other not in (None, wanted):
        return f"{joined} {held(root)}, which data={other} reads. Choose that, or set data.root to what was meant."
    return f"{joined} {held(root)}. {advice}"


def _has(folder: Path, choice: str) -> bool:
    return any(all(next(folder.glob(mark), None) is not None for mark in marks) for marks in _MARKS[choice])


def _near(root: Path) -> Iterator[Path]:
    """The folders around, then those inside."""
    yield from root.absolute().parents[:_UP]
    yield from (root / name[:-1] for name in _entries(root) if name.endswith("/"))


def held(root: Path) -> str:
    """`holds a/, b/ and 7 more`."""
    names = _entries(root)
    if not names:
        return "is empty"
    shown = names if len(names) <= _SHOWN + 1 else names[:_SHOWN]
    rest = len(names) - len(shown)
    more = f"{rest:,} more" if len(names) < _LOOKED_AT else "many more"
    shown = [*shown, more] if rest else shown
    return f"holds {', '.join(shown[:-1])}{' and ' if len(shown) > 1 else ''}{shown[-1]}"


def _entries(folder: Path) -> list[str]:
    """Folders, with a slash, before files; nothing hidden."""
    found: list[tuple[bool, str]] = []
    with suppress(OSError), os.scandir(folder) as entries:  # one that cannot be listed shows nothing
        for entry in entries:
            if not entry.name.startswith("."):
                found.append((not entry.is_dir(), entry.name))
            if len(found) == _LOOKED_AT:
                break
    return [name if file else f"{name}/" for file, name in sorted(found)]
