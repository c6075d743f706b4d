"""How the values of one label were stored by mistake: times 256, as greys for the eye, counted from 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from segladder.data.doctor.label_look import UNKNOWN, Meaning

FACTORS = (256, 257)
"""What 8 bits are multiplied by on their way to 16: shifted, or spread to the end."""

_FEW_CLASSES = 4
"""Up to so many, one grey alone says that classes were spread over the greys."""

_MOST_CLASSES = 64
"""Above, the greys lie too close to tell."""


def times(values: Iterable[int], meaning: Meaning) -> int | None:
    """256 or 257, where each value is that many times a known one and none but 0 is known itself; else None."""
    above = [value for value in values if value]
    for factor in FACTORS if above else ():
        fits = all(value % factor == 0 and meaning.of(value // factor) != UNKNOWN for value in above)
        if fits and all(meaning.of(value) == UNKNOWN for value in above):
            return factor
    return None


def spread(values: Iterable[int], meaning: Meaning, classes: int) -> dict[int, int] | None:
    """Value -> the one it stands for, of a label whose 0, 1, 2, ... were spread over 0 to 255; None of others."""
    there = set(values)
    above = sorted(there - {0})
    if not above or above[-1] > 255 or all(meaning.of(value) != UNKNOWN for value in above):
        return None
    if classes <= _FEW_CLASSES or len(above) > 1:
        for table in _greys(classes, meaning):
            if there <= table.keys():
                return {value: table[value] for value in sorted(there)}
    step = math.gcd(*above)
    even = len(above) > _FEW_CLASSES and step > 1 and all(meaning.of(value // step) != UNKNOWN for value in above)
    return {value: value // step for value in sorted(there)} if even else None


def _greys(classes: int, meaning: Meaning) -> Iterable[Mapping[int, int]]:
    """What tools make of 0, 1, 2, ...: as far apart as fits, with and without the ignored value behind the classes."""
    for count in {classes, min(meaning.top + 1, _MOST_CLASSES + 1)}:
        if not 2 <= count <= _MOST_CLASSES:
            continue
        yield {round(index * 255 / (count - 1)): index for index in range(count)}
        yield {index * 255 // (count - 1): index for index in range(count)}
        for step in {255 // (count - 1), 256 // count}:
            yield {index * step: index for index in range(count)}


def from_one(values: Iterable[int], meaning: Meaning) -> dict[int, int] | None:
    """Value -> the one it stands for, of a label without 0 that goes one beyond the last known value; None of others.

    Ignored values far above the classes, as 255, stay what they are.
    """
    there = sorted(values)
    last = meaning.top + 1
    far = [value for value in there if value > last]
    if not there or there[0] == 0 or last not in there or any(meaning.of(value) == UNKNOWN for value in far):
        return None
    return {value: value - 1 for value in there if value <= last}
