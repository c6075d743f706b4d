"""What a network looks like level by level: channels, feature sizes, parameters, as rows and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level of a network, in the order in which an image passes through."""

    name: str
    channels: int
    """Channels of the level's output."""
    height: int
    width: int
    """Size of the level's output in pixels."""
    parameters: int


def levels_text(levels: Sequence[Level]) -> str:
    """The levels as a table for the terminal, with the sum of the parameters in its last line."""
    header = ("level", "channels", "height x width", "parameters")
    rows = [
        (level.name, f"{level.channels:,}", f"{level.height} x {level.width}", f"{level.parameters:,}")
        for level in levels
    ]
    rows.append(("total", "", "", f"{sum(level.parameters for level in levels):,}"))
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        name, *numbers = row
        cells = [
            name.ljust(widths[0]),
            *(cell.rjust(w) for cell, w in zip(numbers, widths[1:], strict=True)),
        ]
        return "  ".join(cells)

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([line(header), rule, *map(line, rows[:-1]), rule, line(rows[-1])])
