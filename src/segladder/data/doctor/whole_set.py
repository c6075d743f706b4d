"""What the values of all labels say together, where one cause explains the whole set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segladder.data.decoding.labels import LabelReader
from segladder.data.doctor.label_look import Meaning
from segladder.data.doctor.look import Look
from segladder.data.doctor.stored_as import spread

_RARE = 0.25
"""Where 0 has less than this share of the pixels, it is more likely "nothing labelled" than a class."""


@dataclass(frozen=True)
class Cause:
    """One cause for the whole set."""

    kind: str
    """Of finding."""
    cure: Mapping[int, int | None]
    """Value -> class index, None to ignore it."""
    told: str
    """What is so, before the word that cures it."""


def whole_set(looks: Sequence[Look], labels: LabelReader, meaning: Meaning) -> Cause | None:
    """The one cause of what is odd about the labels of a set; None where there is none, or more than one."""
    values: Counter[int] = Counter()
    unknown: Counter[int] = Counter()
    for look in looks:
        values.update(look.values)
        unknown.update(look.unknown)
    count = len(labels.classes)
    stretched = _stretched(values, unknown, labels, meaning)
    if stretched is not None:
        told = f"Saved as {_listed(stretched)}"
        if not unknown:
            told = "255 is the second class here, and ignored as things stand"
        return Cause("stretched", stretched, told)
    if set(unknown) == {count} and _from_one(values, count) and not _mixed(looks, count):
        shift: dict[int, int | None] = {value: value - 1 for value in range(1, count + 1)}
        aside = ", with 0 for what nobody labelled" if 0 in values else ""
        return Cause("shifted", {0: None} | shift if aside else shift, f"They run from 1 to {count}{aside}")
    if set(unknown) == {count + 1} and count in labels.ignore and 0 not in values:
        # the ignored value stands right behind the classes, and has moved with them
        shift = {value: value - 1 for value in range(1, count + 1)} | {count + 1: None}
        return Cause("shifted", shift, f"They run from 1 to {count}, and {count + 1} is what {count} should be")
    return None


def _stretched(
    values: Mapping[int, int], unknown: Mapping[int, int], labels: LabelReader, meaning: Meaning
) -> Mapping[int, int | None] | None:
    """The map of masks whose classes were spread over the greys, 0 and 255 above all."""
    there, count = sorted(values), len(labels.classes)
    ignored = set(labels.ignore) & set(there)
    if count == 2 and set(there) <= {0, 255} and 255 in there and (255 in unknown or 255 in ignored):
        return {0: 0, 255: 1}
    if not unknown or set(there) <= {0, 255}:
        return None
    used = [value for value in there if value not in ignored]
    steps = np.diff(used)
    if len(used) == count > 2 and used[0] == 0 and steps.min() >= 2 and steps.max() - steps.min() <= 1:
        return {value: index for index, value in enumerate(used)}
    found = spread(there, meaning, count)
    return None if found is None else {value: meaning.meant(index) for value, index in found.items()}


def _from_one(values: Mapping[int, int], count: int) -> bool:
    """Whether 1..C are the classes, and not 0..C-1 with C for what is unknown."""
    inner = sum(values.get(value, 0) for value in range(1, count + 1))
    nothing = values.get(0, 0)
    return nothing == 0 or (count > 2 and nothing < _RARE * inner / count)


def _mixed(looks: Sequence[Look], count: int) -> bool:
    """Whether some labels count from 1 and others from 0, where 0 has as many pixels as a class may have."""
    first = [look.values for look in looks if 0 in look.values]
    if not first or any(count in values for values in first):
        return False
    every = sum(sum(values.values()) for values in first)
    return sum(values[0] for values in first) >= _RARE * every / count


def _listed(values: Mapping[int, int | None]) -> str:
    *head, last = values
    return f"{', '.join(map(str, head))} and {last}"
