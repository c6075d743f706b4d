"""Few-shot training sets: so few images that each class occurs in so many of them (`data.shots`)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segladder.data.errors import DataError
from segladder.data.seeding import mix
from segladder.types import DatasetInfo, UserError

log = logging.getLogger(__name__)

_SHOWN = 8
_SHOT = 9  # keeps this choice apart from other random numbers of one seed


def few_shot(
    source: Any, candidates: list[int], info: DatasetInfo, *, shots: int, seed: int, skips: bool = False
) -> tuple[list[int], dict[int, NDArray[np.bool_]]]:
    """A choice of samples that shows each class in at least `shots` of them; a warning names the classes of which there
    are fewer.

    Args:
        source: reads a sample, or its label alone by `semantic(index)`.
        candidates: indices to choose from.
        info: classes.
        shots: samples of each class, at least 1.
        seed: of the data.
        skips: labels that cannot be read are left out, with a warning.

    Returns:
        The choice, rising, and which classes each sample that was looked at shows, `(C,)`.

    Raises:
        DataError: no label shows a class; or without `skips` one cannot be read.
    """
    every = np.arange(info.num_classes)
    shows: dict[int, NDArray[np.bool_]] = {}
    unreadable: list[str] = []
    alone = getattr(source, "semantic", None)

    def classes_in(index: int) -> NDArray[np.bool_]:
        try:
            label = source[(0, index)]["semantic"] if alone is None else alone(index)
            shows[index] = np.isin(every, label.numpy())
        except UserError as error:
            if not skips:
                raise
            unreadable.append(str(error))
            shows[index] = np.zeros(len(every), dtype=np.bool_)
        return shows[index]

    chosen, shown = choice(candidates, classes_in, shots=shots, num_classes=info.num_classes, seed=seed)
    log.info("data.shots=%d: %d of %d training images", shots, len(chosen), len(candidates))
    if unreadable:
        warnings.warn(
            f"data.shots={shots} chooses without {len(unreadable):,} training labels that cannot be read"
            f" (data.on_bad_sample=skip). The first: {unreadable[0]}",
            stacklevel=3,
        )
    if not chosen:
        raise DataError(
            f"data.shots={shots} chooses no image: none of the {len(candidates):,} training labels shows a class. Look"
            " at them: `segladder data check`."
        )
    short = [f"{name} {number}" for name, number in zip(info.classes, shown.tolist(), strict=True) if number < shots]
    if short:
        more = f" and {len(short) - _SHOWN} more" if len(short) > _SHOWN else ""
        warnings.warn(
            f"data.shots={shots}: {len(short)} of {info.num_classes} classes occur in fewer training images, all of"
            f" which are taken ({', '.join(short[:_SHOWN])}{more}).",
            stacklevel=3,
        )
    return chosen, shows


def choice(
    candidates: list[int],
    classes_in: Callable[[int], NDArray[np.bool_]],
    *,
    shots: int,
    num_classes: int,
    seed: int,
) -> tuple[list[int], NDArray[np.int64]]:
    """A choice of samples that shows each class in at least `shots` of them, where there are so many.

    Samples are looked at in a random order, the same for every number of shots; one is taken if it shows a class that
    is still short. A smaller choice is not always part of a larger one.

    Args:
        candidates: samples to choose from.
        classes_in: which classes a sample shows, `(C,)`.
        shots: samples of each class, at least 1.
        num_classes: C.
        seed: of the data.

    Returns:
        The choice, rising, and in how many of its samples each class occurs, `(C,)`.
    """
    generator = torch.Generator().manual_seed(mix(_SHOT, seed))
    order = torch.randperm(len(candidates), generator=generator).tolist()
    shown = np.zeros(num_classes, dtype=np.int64)
    chosen = []
    for place in order:
        present = classes_in(candidates[place])
        if (present & (shown < shots)).any():
            chosen.append(candidates[place])
            shown += present
    return sorted(chosen), shown
