"""The objects of one image against its class map: whether both are of the same things."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.label_look import UNKNOWN
from segladder.types import DatasetInfo, Objects

_CLEAR = 0.9
"""An object of whose pixels fewer are of its class in the label does not belong to it."""

_FEW = 50
"""Pixels of objects without id that are not worth a word."""


def disagreement(objects: Objects, ids: NDArray[Any], classes: NDArray[np.int64], info: DatasetInfo) -> str:
    """What an id map and a label say differently, the worst of it; empty where they agree.

    Args:
        objects: of the id map.
        ids: the id map, `(H, W)`.
        classes: the label's, `(H, W)`.
        info: the classes.
    """
    class_of = np.full(int(ids.max(initial=0)) + 1, UNKNOWN)
    class_of[objects.ids] = objects.labels
    expected = class_of[ids]
    known = classes != info.ignore_index
    on = (expected >= 0) & known
    sizes = np.bincount(ids[on], minlength=len(class_of))
    others = np.bincount(ids[on & (expected != classes)], minlength=len(class_of))
    wrong = np.flatnonzero(others > (1 - _CLEAR) * sizes)
    if len(wrong):
        worst = wrong[others[wrong].argmax()]
        count, name = f"{sizes[worst]:,}", info.classes[class_of[worst]]
        told = f"of {count} pixels of object {worst} ({name}), {others[worst]:,} are of another class in the label"
        return told + (f"; so with {len(wrong) - 1} more of its objects" if len(wrong) > 1 else "")
    things = np.append(np.array(info.things), False)[np.where(known, classes, -1)]
    bare = things & (expected < 0)
    if bare.sum() > max(_FEW, (1 - _CLEAR) * things.sum()):
        return f"{int(bare.sum()):,} of {int(things.sum()):,} pixels of object classes are of no object"
    return ""
