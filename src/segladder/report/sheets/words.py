"""Words and digits that all sheets share."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from segladder.report.statistics.pairs import LEVEL

if TYPE_CHECKING:
    from segladder.report.boards.board import Board

LEVEL_TEXT = f"{100 * LEVEL:.0f} %"
NONE = "–"
"""What stands where there is nothing to say."""


def file_name(*words: str) -> str:
    """Letters, digits and dashes of what a table is about."""
    return re.sub(r"[^A-Za-z0-9]+", "-", " ".join(words)).strip("-").lower() or "table"


def table_name(kind: str, board: Board, *words: str) -> str:
    """A table's name, for its files: those of one board share all but the kind and the last words."""
    return file_name(kind, board.ground.data, board.ground.split, board.metric, board.suffix, *words)


def ends(low: float, high: float) -> tuple[tuple[str, float | None], ...]:
    """The parts of an interval's cell."""
    return ("low", known(low)), ("high", known(high))


def known(value: float) -> float | None:
    """None in place of NaN."""
    return None if math.isnan(value) else value
