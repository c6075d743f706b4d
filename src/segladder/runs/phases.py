"""The time of a run in parts that add up to its whole: no second counts twice, and none is lost."""

from __future__ import annotations

import time
from collections.abc import Callable


class Phases:
    """A clock that each part of a run stops, and the next goes on with."""

    def __init__(self, started: float, prepared: Callable[[], float]) -> None:
        """
        Args:
            started: when the run began, in seconds of `time.time()`.
            prepared: seconds so far in which data were prepared, in whatever part: they are no part's own.
        """
        self._started, self._prepared = started, prepared
        self._mark, self._prepared_by = started, 0.0

    def end(self, *, at: float | None = None, prepared: float | None = None) -> float:
        """Ends a part.

        Args:
            at: when it ended, in seconds of `time.time()`; None for now.
            prepared: seconds in which data had been prepared by then; None for those until now.

        Returns:
            Its seconds without those in which data were prepared.
        """
        at = time.time() if at is None else at
        prepared = self._prepared() if prepared is None else prepared
        part = (at - self._mark) - (prepared - self._prepared_by)
        self._mark, self._prepared_by = at, prepared
        return max(0.0, part)

    @property
    def prepared(self) -> float:
        """Seconds in which data were prepared, until the last part ended."""
        return self._prepared_by

    @property
    def total(self) -> float:
        """Seconds from the beginning until the last part ended."""
        return self._mark - self._started
