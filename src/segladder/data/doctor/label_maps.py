"""Maps from stored values to classes, as `data.label_map` takes them on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from segladder.data.decoding.labels import LabelReader


def union_of(cures: Iterable[Mapping[int, int | None]]) -> dict[int, int | None]:
    """All that several cures say."""
    return {value: index for cure in cures for value, index in cure.items()}


def kept_of(labels: LabelReader) -> dict[int, int | None]:
    """What a map that is typed anew has to keep of the one that was given."""
    usual: dict[int, int | None] = {value: value for value in range(len(labels.classes))}
    usual |= dict.fromkeys(labels.ignore)
    known = {int(value): index for value, index in labels.settings()["values"].items()}
    table = {value: None if index == labels.ignore_index else index for value, index in known.items()}
    return {value: index for value, index in table.items() if (value, index) not in usual.items()}


def as_word(mapping: Mapping[int, int | None]) -> str:
    """A word of the command line, in the quotes it needs there."""
    entries = ", ".join(f"{value}: {'null' if index is None else index}" for value, index in mapping.items())
    return f'"data.label_map={{{entries}}}"'
