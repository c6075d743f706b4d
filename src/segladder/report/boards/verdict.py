"""What may be said of a difference: "better" only where the data say it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segladder.report.statistics.pairs import LEVEL
from segladder.report.statistics.uncertainty import MIN_SEEDS, Estimate


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A word, and the reason where there is none to be had."""

    word: str
    """better, worse, undecided; "" for no verdict."""
    why: str = ""

    @property
    def text(self) -> str:
        return self.word or f"no verdict: {self.why}"


def verdict_of(difference: Estimate, adjusted: float, *, minimised: bool = False) -> Verdict:
    """What a table says of a difference.

    Args:
        difference: of the scores.
        adjusted: its p-value, corrected for the table.
        minimised: whether less of the metric is better.
    """
    if not difference.enough:
        fewest = min(difference.seeds)
        why = f"{fewest} {'seed' if fewest == 1 else 'seeds'}, {MIN_SEEDS} are needed"
        if fewest == 1:
            why += "; the interval leaves out how seeds of that side would differ"
        return Verdict(word="", why=why)
    if math.isnan(adjusted):
        return Verdict(word="", why="all seeds and images agree, so that nothing tells how far chance goes")
    if adjusted >= LEVEL:
        return Verdict(word="undecided")
    return Verdict(word="better" if (difference.value > 0) != minimised else "worse")
