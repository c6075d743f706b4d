"""Numbers from a config, checked: each is refused in a sentence that holds its key and value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segladder.data.errors import DataError


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """A whole number in [least, most].

    Raises:
        DataError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        upper = f" to {most}" if most is not None else " or more"
        raise DataError(f"{name} is {value!r}. Give a whole number, {least}{upper}.")
    return value


def number(name: str, value: Any) -> float:
    """A number from 0.

    Raises:
        DataError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise DataError(f"{name} is {value!r}. Give a number, 0 or more.")
    return float(value)


def pair(name: str, value: Any, least: int, *, ordered: bool = False) -> tuple[int, int]:
    """Two whole numbers from `least`; one stands for both.

    Args:
        name: the key, for messages.
        value: as typed.
        least: the smallest allowed.
        ordered: whether the second must not be below the first.

    Raises:
        DataError: they are none.
    """
    both = [value, value] if isinstance(value, int) else list(value) if isinstance(value, Sequence) else []
    if len(both) != 2:
        raise DataError(f"{name} is {value!r}. Give one whole number or two, as in {name}=[1,3].")
    first, second = (whole(name, number, least) for number in both)
    if ordered and first > second:
        raise DataError(f"{name}={both} starts above its end. Write {name}=[{second},{first}].")
    return first, second
