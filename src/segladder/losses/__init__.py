"""Losses and their algebra: terms, each called with `(scores, target, valid)`, joined in weighted sums.

Names are imported when first used, so that reading a loss expression does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.losses.ce import CrossEntropy as CrossEntropy
    from segladder.losses.class_weights import inverse_log_weights as inverse_log_weights
    from segladder.losses.class_weights import median_frequency_weights as median_frequency_weights
    from segladder.losses.dice import Dice as Dice
    from segladder.losses.expression import canonical as canonical
    from segladder.losses.expression import parse as parse
    from segladder.losses.focal import Focal as Focal
    from segladder.losses.scores import Scores as Scores
    from segladder.losses.sum import LossSum as LossSum
    from segladder.losses.tversky import Tversky as Tversky

_HOME = {
    "CrossEntropy": "ce",
    "Dice": "dice",
    "Focal": "focal",
    "LossSum": "sum",
    "Scores": "scores",
    "Tversky": "tversky",
    "canonical": "expression",
    "inverse_log_weights": "class_weights",
    "median_frequency_weights": "class_weights",
    "parse": "expression",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
