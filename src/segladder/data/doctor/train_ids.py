"""Cityscapes' train ids under the name of labelIds: most of them are label ids, too, and mean something else."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.data.decoding.labels import LabelReader
from segladder.data.doctor.look import Look
from segladder.data.readers.cityscapes_files import LABELS, CityscapesLabels
from segladder.data.readers.cityscapes_table import CLASSES

ADVICE = (
    f"0 to {len(CLASSES) - 1} alone are train ids, and the instanceIds beside them say other classes: this looks like a"
    f" *_labelTrainIds.png under the name of a *_labelIds.png. Take the original from {LABELS}; the classes are made"
    " from labelIds here."
)

_CONTRADICTIONS = ("disagree", "object-class")


def hold_train_ids(looks: Sequence[Look], labels: LabelReader) -> list[int]:
    """Which of the labels hold train ids; where all of a set may, one whose objects contradict speaks for all.

    Args:
        looks: of labels whose values all mean something.
        labels: how they are read.
    """
    if not isinstance(labels, CityscapesLabels):
        return []
    low = [index for index, look in enumerate(looks) if look.values and max(look.values) < len(CLASSES)]
    against = [index for index in low if any(one.kind in _CONTRADICTIONS for one in looks[index].findings)]
    for index in against:
        looks[index].findings = [one for one in looks[index].findings if one.kind not in _CONTRADICTIONS]
    return low if against and len(low) == len(looks) else against
