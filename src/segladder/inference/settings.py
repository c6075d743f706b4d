"""What the keys below `inference` may hold, each refused with a sentence that names it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from segladder.types import UserError

WEIGHTINGS = ("gaussian", "uniform")

FLIPS: dict[bool | str, tuple[tuple[int, ...], ...]] = {
    False: ((),),
    True: ((), (-1,)),
    "horizontal": ((), (-1,)),
    "vertical": ((), (-2,)),
    "both": ((), (-1,), (-2,), (-2, -1)),
}
"""For each choice the axes along which each view is mirrored."""


def sides(name: str, value: Any) -> tuple[int, int] | None:
    """Height and width of a value that is both, or one number for the two."""
    if value is None:
        return None
    both: list[Any] = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value, value]
    if len(both) != 2 or not all(_is_int(side) and side >= 1 for side in both):
        raise UserError(
            f"inference.{name} is {value!r}. Give [height, width] in whole pixels, or one number for both, as in"
            f" inference.{name}=512."
        )
    return both[0], both[1]


def size(value: Any) -> int | tuple[int, int] | None:
    """Height and width, or the shorter side alone."""
    if _is_int(value) and value >= 1:
        return int(value)
    if value is None or (isinstance(value, Sequence) and not isinstance(value, str)):
        return sides("size", value)
    raise UserError(
        f"inference.size is {value!r}. Give the shorter side in whole pixels, as in inference.size=512, or"
        " [height, width]."
    )


def share(name: str, value: Any) -> float | None:
    """From 0 to below 1."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"inference.{name} is {value!r}. Give a share of the window from 0 to below 1, such as 0.5.")
    return float(value)


def count(name: str, value: Any) -> int:
    """A whole number of 1 or more; None for 1."""
    if value is None:
        return 1
    if not _is_int(value) or value < 1:
        raise UserError(f"inference.{name} is {value!r}. Give a whole number of 1 or more.")
    return int(value)


def weighting(value: Any) -> str:
    """One of `WEIGHTINGS`; None for the first."""
    if value is None:
        return WEIGHTINGS[0]
    if value not in WEIGHTINGS:
        raise UserError(f"inference.weighting is {value!r}. Choose one of: {', '.join(WEIGHTINGS)}.")
    return str(value)


def scales(value: Any) -> tuple[float, ...]:
    """Enlargements, at least one, none twice."""
    listed = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if not listed:
        raise UserError(
            "inference.scales is empty, so the network would see nothing. Give [1.0] for the image as it is."
        )
    for scale in listed:
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not (math.isfinite(scale) and scale > 0):
            raise UserError(
                f"inference.scales is {value!r}. Give enlargements above 0, as in inference.scales=[0.75,1.0,1.25]."
            )
    if len(set(listed)) != len(listed):
        raise UserError(f"inference.scales is {value!r}, which names a scale twice. Give each once.")
    return tuple(float(scale) for scale in listed)


def flips(value: Any) -> tuple[tuple[int, ...], ...]:
    """The axes along which each view is mirrored."""
    if not isinstance(value, bool | str) or value not in FLIPS:
        raise UserError(f"inference.flip is {value!r}. Choose one of: false, true, horizontal, vertical, both.")
    return FLIPS[value]


def warn_without_window(names: Iterable[str]) -> None:
    """Says which settings do nothing because the image is not cut into windows."""
    listed = [f"inference.{name}" for name in names]
    if listed:
        verb = "has" if len(listed) == 1 else "have"
        warnings.warn(
            f"{' and '.join(listed)} {verb} no effect without inference.window. Choose inference=slide, or set"
            " inference.window.",
            stacklevel=3,
        )


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
