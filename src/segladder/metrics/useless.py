"""The old trap: a network that answers "background" everywhere is right in most pixels and finds nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping

HIGH_ACCURACY = 0.9
"""Pixel accuracy that reads as success."""

POOR_IOU = 0.5
"""Below this more of prediction and truth together is wrong than right."""

CONSTANT_MARGIN = 0.01
"""Pixel accuracy this little above the largest class's share is no better than answering it everywhere."""


def useless(scores: Mapping[str, float | None], per_class: Mapping[str, Mapping[str, float | None]]) -> str | None:
    """The sentence that warns of a run whose pixel accuracy hides useless masks.

    The foreground is every class that occurs except the one with the most pixels; its IoU is the mean over
    those classes. A run is flagged when that IoU is below 0.5 and either the pixel accuracy is at least 0.9,
    or it is at least 0.5 and no more than 0.01 above the share of the largest class (what a constant answer
    would reach).

    Args:
        scores: of one split; `pixel_accuracy` and `miou` are read, fractions, None or NaN where undefined.
        per_class: metric name -> class name -> value; `iou` and `support` (true pixels) are read.

    Returns:
        The warning, with the worst class and the numbers; None where the run is not flagged or nothing
        defines it.
    """
    accuracy = _number(scores.get("pixel_accuracy"))
    support = {name: _number(n) for name, n in per_class.get("support", {}).items()}
    present = {name: n for name, n in support.items() if n > 0}
    if math.isnan(accuracy) or len(present) < 2:
        return None
    largest = max(present, key=lambda name: present[name])
    share = present[largest] / sum(present.values())
    iou = {name: _number(per_class.get("iou", {}).get(name)) for name in present if name != largest}
    iou = {name: value for name, value in iou.items() if not math.isnan(value)}
    if not iou:
        return None
    foreground = sum(iou.values()) / len(iou)
    constant = accuracy >= 0.5 and accuracy <= share + CONSTANT_MARGIN
    if foreground >= POOR_IOU or not (accuracy >= HIGH_ACCURACY or constant):
        return None
    worst = min(iou, key=lambda name: iou[name])
    of_foreground = "" if len(iou) == 1 else f" and {foreground:.2f} on average over all classes but '{largest}'"
    miou = _number(scores.get("miou"))
    mean = "" if math.isnan(miou) else f" (mean IoU {miou:.2f})"
    return (
        f"Pixel accuracy of {accuracy:.1%} misleads: IoU is only {iou[worst]:.2f} for"
        f" '{worst}'{of_foreground}{mean}."
        f" Answering '{largest}' everywhere would already give {share:.1%}; judge this run by IoU or Dice,"
        f" and try"
        f" loss=dice+ce or class weights."
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
