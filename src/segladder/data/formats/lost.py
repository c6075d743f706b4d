"""What a conversion could not carry over, counted, so that nobody finds out later."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from segladder.data.errors import DataError


@dataclass(frozen=True)
class Loss:
    """One kind of loss, as the rest of a sentence that begins with a number."""

    one: str
    many: str
    why: str = ""


FAULTY = Loss("faulty object is left out", "faulty objects are left out")


class Lost:
    """Counts losses while a set is read and written."""

    def __init__(self, *, skip_faulty: bool = False) -> None:
        """
        Args:
            skip_faulty: whether objects that make no sense are left out and counted instead of refused.
        """
        self.skip_faulty = skip_faulty
        self._counts: Counter[Loss] = Counter()
        self._first_faulty: str | None = None

    def count(self, loss: Loss, number: int = 1) -> None:
        if number:
            self._counts[loss] += number

    def faulty(self, sentences: str) -> None:
        """Leaves out an object that makes no sense.

        Args:
            sentences: what is wrong and where, and what to do.

        Raises:
            DataError: faulty objects are not to be skipped.
        """
        if not self.skip_faulty:
            raise DataError(f"{sentences} Or leave such objects out with faulty=skip.")
        self._first_faulty = self._first_faulty or sentences
        self._counts[FAULTY] += 1

    def __getitem__(self, loss: Loss) -> int:
        return self._counts[loss]

    def sentences(self) -> list[str]:
        """One for each kind of loss, such as "317 masks become boxes: VOC xml holds boxes only"."""
        lines = []
        for loss, number in self._counts.items():
            why = f"the first: {self._first_faulty}" if loss is FAULTY else loss.why
            lines.append(f"{number:,} {loss.one if number == 1 else loss.many}{f': {why}' if why else ''}")
        return lines
