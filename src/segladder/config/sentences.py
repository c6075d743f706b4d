"""Warnings as a user should read them: the sentence, without the line of source that raised it."""

from __future__ import annotations

import warnings
from typing import Any

_usual = warnings.formatwarning


def say_warnings_plainly() -> None:
    """From now on a `UserWarning` of this process is shown as `Warning: <sentence>`; other kinds as Python does."""
    warnings.formatwarning = _formatted


def _formatted(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> str:
    if category is UserWarning:
        return f"Warning: {message}\n"
    return _usual(message, category, *place, **more)
