"""What becomes of a batch some of whose samples cannot be read, where the user wants to go on (`data.on_bad_sample`).

A training sample is replaced by another one of its split that can be read, drawn by seed, epoch and its own place, so
that batches keep their size; an evaluated one is left out, so that none counts twice. How many are too many is a matter
of the split alone, see `too_many`: neither batches nor workers have a say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from segladder.data.decoding.images import ADVICE
from segladder.data.order import Key
from segladder.data.seeding import mix
from segladder.types import Batch, Sample, UserError

_REPLACEMENT = 10  # keeps the choice of replacements apart from other random numbers of one seed
_MEND = "Fetch it again, or take it out of the split."  # who skips already needs no advice to


class Unreadable:
    """What one process knows, of the present epoch, of samples that cannot be read."""

    def __init__(self) -> None:
        self._epoch: int | None = None
        self.reasons: dict[int, str] = {}
        """Index -> why."""

    def begin(self, epoch: int) -> None:
        """Forgets an earlier epoch's: a file may have come back, as one on a network does."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.reasons.clear()


def too_many(unreadable: int, count: int) -> bool:
    """Whether so many samples of a split cannot be read that what is left is not the split any more: more than half."""
    return 2 * unreadable > count


def readable(samples: Any, keys: Sequence[Key]) -> tuple[list[Sample], list[tuple[str, str]]]:
    """The samples of a batch as far as they can be read, and the name and reason of each that was found unreadable.

    Those of a training batch are as many as its keys, or none where too many of the split are unreadable.

    Args:
        samples: the `Samples`.
        keys: of the batch.

    Raises:
        UserError: what is no fault of a file.
    """
    found: list[Sample] = []
    told: dict[int, str] = {}
    for key in keys:
        samples.unreadable.begin(key[0])
        sample = _read(samples, key, told)
        if sample is None and samples.training:
            sample = _another(samples, key, told)
            if sample is None:
                found, told = [], samples.unreadable.reasons
                break
        if sample is not None:
            found.append(sample)
    return found, [(_name(samples, index), why) for index, why in told.items()]


def empty() -> Batch:
    """The batch none of whose samples can be read."""
    return {"image": [], "semantic": [], "objects": [], "image_id": [], "size": []}


def _another(samples: Any, key: Key, told: dict[int, str]) -> Sample | None:
    """A sample to train on in another's place; None where too many cannot be read."""
    known = samples.unreadable.reasons
    for index in _others(samples, key):
        if too_many(len(known), len(samples)):
            return None
        if index not in known:
            sample = _read(samples, (key[0], index), told)
            if sample is not None:
                return sample
    return None


def _others(samples: Any, key: Key) -> Iterator[int]:
    """All samples, each once, in an order of this key's own: of neighbours that are lost together each gets another."""
    count = len(samples)
    drawn = mix(_REPLACEMENT, samples.seed, 0 if samples.frozen else key[0], key[1])
    start, step = drawn % count, drawn // count % count
    while math.gcd(step, count) != 1:
        step += 1
    return ((start + turn * step) % count for turn in range(count))


def _read(samples: Any, key: Key, told: dict[int, str]) -> Sample | None:
    try:
        sample: Sample = samples.loaded(key)
        return sample
    except UserError as error:
        try:
            samples.plain(key[1])
        except UserError as unread:
            samples.unreadable.reasons[key[1]] = told[key[1]] = str(unread).replace(ADVICE, _MEND)
            return None
        raise error from None  # it can be read: what fails is what is done with it


def _name(samples: Any, index: int) -> str:
    """Its id; images are not decoded for it."""
    source, place = samples.source, index if samples.indices is None else samples.indices[index]
    if hasattr(source, "image_id"):
        return str(source.image_id(place))
    return str(source.pairs[place].image_id) if hasattr(source, "pairs") else str(place)
