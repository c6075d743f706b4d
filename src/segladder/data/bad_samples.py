"""What becomes of a batch some of whose samples cannot be read, where the user wants to go on (`data.on_bad_sample`).

A function of the keys and the files alone, whoever reads: a training sample is replaced by the next one in the split's
order that can be read, so that batches keep their size; an evaluated one is left out, so that none counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segladder.data.errors import DataError
from segladder.data.order import Key
from segladder.types import Batch, Sample, UserError

_FURTHER = 32
"""How many samples on a replacement is looked for."""


def readable(samples: Any, keys: Sequence[Key]) -> tuple[list[Sample], list[tuple[str, str]]]:
    """The samples of a batch as far as they can be read, and the name and reason of each that cannot.

    Args:
        samples: the `Samples`.
        keys: of the batch.

    Raises:
        DataError: more than half of a batch of several cannot be read, or no replacement is near; or what is no fault
            of a file.
    """
    found: list[Sample | None] = []
    skipped: list[tuple[str, str]] = []
    for key in keys:
        sample, why = _read(samples, key)
        found.append(sample)
        if why is not None:
            skipped.append((_name(samples, key[1]), why))
    if len(keys) > 1 and 2 * len(skipped) > len(keys):
        raise DataError(
            f"{len(skipped)} of the {len(keys)} samples of one batch cannot be read, too many to skip"
            f" (data.on_bad_sample=skip). The first: {skipped[0][1]}"
        )
    if samples.training:
        for place, (key, sample) in enumerate(zip(keys, found, strict=True)):
            if sample is None:
                found[place] = _next(samples, key, skipped[0][1])
    return [sample for sample in found if sample is not None], skipped


def empty() -> Batch:
    """The batch of an evaluation none of whose samples can be read."""
    return {"image": [], "semantic": [], "objects": [], "image_id": [], "size": []}


def _next(samples: Any, key: Key, why: str) -> Sample:
    epoch, index = key
    for further in range(1, min(_FURTHER, len(samples) - 1) + 1):
        sample, _ = _read(samples, (epoch, (index + further) % len(samples)))
        if sample is not None:
            return sample
    raise DataError(f"No training sample near one that cannot be read can be read either. The first: {why}")


def _read(samples: Any, key: Key) -> tuple[Sample | None, str | None]:
    try:
        sample: Sample = samples.loaded(key)
        return sample, None
    except UserError as error:
        try:
            samples.plain(key[1])
        except UserError as unread:
            return None, str(unread)
        raise error from None  # it can be read: what fails is what is done with it


def _name(samples: Any, index: int) -> str:
    """Its id; images are not decoded for it."""
    source, place = samples.source, index if samples.indices is None else samples.indices[index]
    if hasattr(source, "image_id"):
        return str(source.image_id(place))
    return str(source.pairs[place].image_id) if hasattr(source, "pairs") else str(place)
