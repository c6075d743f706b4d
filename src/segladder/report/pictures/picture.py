"""What a drawing function gives: a figure with its words, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure before it is a file."""

    kind: str
    """The end of its file's name: letters and dashes."""
    figure: Figure
    caption: str
    """What is shown, how it came about and what was cut, in sentences."""
    alt: str
    """What it says, for those who cannot see it."""


class NothingToDraw(Exception):  # noqa: N818 - a reason, no error
    """The material of a picture is missing; the message is a sentence that says what."""
