"""Names of scores as people write them: mIoU for `miou`, Cityscapes AP50 for `cityscapes_ap50`."""

from __future__ import annotations

import re

_WHOLE = {"miou": "mIoU", "dice": "mean Dice", "fw_iou": "frequency-weighted IoU"}
_WORDS = {"iou": "IoU", "iiou": "iIoU", "f1": "F1", "cityscapes": "Cityscapes"}


def score_name(name: str) -> str:
    """A metric's name for people; a user's own one with spaces for its underscores."""
    return _WHOLE.get(name) or " ".join(_word(word) for word in name.split("_"))


def _word(word: str) -> str:
    return _WORDS.get(word) or (word.upper() if re.fullmatch(r"a[pr]\d*|[prs]q", word) else word)
