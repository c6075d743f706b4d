"""The measured numbers of a record: what cannot have been measured is left out, and kept to be told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from segladder.runs.folder import RunFolder
from segladder.runs.record import Record

Number = float | None
NAMES = ("model.pretrained",)
"""Keys of a record that hold names and no numbers."""
_LONGEST = 40
"""Characters of a value that makes no sense, in a sentence about it."""


class Measured:
    """The measured numbers of a record; what is no such number is left out, and kept to be told."""

    def __init__(self, record: Record, folder: RunFolder) -> None:
        self._record, self._folder = record, folder
        self.senseless: dict[str, str] = {}
        self._words: Mapping[str, Any] | None = None

    def amount(self, key: str) -> Number:
        """A number from 0; None where it is undefined or not there."""
        part, _, name = key.partition(".")
        values = getattr(self._record, part)
        value = values.get(name)
        if value is None:
            if name in values and isinstance(word := self._written(part, name), float):
                self.senseless[key] = str(word)  # NaN and infinities read as null
            return None
        number = number_of(value)
        if number is None or not math.isfinite(number) or number < 0:
            self.senseless[key] = _shortened(value)
            return None
        return number

    def count(self, key: str) -> int | None:
        """A whole number from 0."""
        number = self.amount(key)
        if number is not None and number != int(number):
            self.senseless[key] = f"{number:g}"
            return None
        return None if number is None else int(number)

    def names(self, key: str, value: Any) -> tuple[str, ...] | None:
        """A list of texts, or one; None where it is not there."""
        found = [value] if isinstance(value, str) and value else value
        if isinstance(found, list) and all(isinstance(name, str) for name in found):
            return tuple(found)
        if value is not None:
            self.senseless[key] = _shortened(value)
        return None

    def _written(self, part: str, name: str) -> Any:
        """What stands in the file, in which NaN is allowed."""
        if self._words is None:
            try:
                content = self._folder.result.read_bytes()
                self._words = json.loads(content) if b"NaN" in content or b"Infinity" in content else {}
            except (OSError, ValueError):
                self._words = {}
        return words.get(name) if isinstance(words := self._words.get(part), dict) else None


def _shortened(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def number_of(value: Any) -> Number:
    """A number of a record as it is; None where it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None  # a whole number of hundreds of digits: nothing that was measured
