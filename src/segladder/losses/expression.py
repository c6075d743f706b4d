"""The words of a loss: `0.5*dice+ce` read into weights, and weights written as the one form that names a run.

Pure Python: the command line reads these words long before torch is imported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from segladder.types import UserError

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# read from left to right, for a + may belong to a number (1e+2*ce) or follow a name (2*e+ce)
_TERM = re.compile(rf"\s*(?:(?P<factor>{_NUMBER})\s*\*?\s*)?(?P<name>{_NAME})\s*(?P<plus>\+|$)", re.ASCII)
_EXAMPLE = "Write terms joined by +, each with an optional factor, such as dice+ce or 0.5*dice+ce."


def parse(expr: str) -> dict[str, float]:
    """Read a loss expression.

    Args:
        expr: terms joined by `+`, each `name`, `factor*name` or `factor name` (with or without the space);
            a factor is a positive decimal number.

    Returns:
        Weight of each term, in the order written.

    Raises:
        UserError: the expression is empty, cannot be read, names a term twice or weighs one by 0 or infinity.
    """
    if not expr.strip():
        raise UserError(f"The loss is empty. {_EXAMPLE}")
    weights: dict[str, float] = {}
    position, more = 0, True
    while more:
        match = _TERM.match(expr, position)
        if match is None:
            word = expr[position:].split("+")[0].strip()
            what = f"'{word}' is not a term" if word else "a term is missing beside a '+'"
            raise UserError(f"The loss '{expr}' cannot be read: {what}. {_EXAMPLE}")
        name = match["name"]
        if name in weights:
            raise UserError(
                f"The loss '{expr}' names '{name}' twice. Name each term once and add up its weights yourself."
            )
        weights[name] = float(match["factor"] or 1)
        position, more = match.end(), match["plus"] == "+"
    check_weights(weights)
    return weights


def check_weights(weights: Mapping[str, float]) -> None:
    """Refuse weights that make no sum.

    Raises:
        UserError: there are none, or one is not a positive finite number.
    """
    if not weights:
        raise UserError(f"The loss has no terms. {_EXAMPLE}")
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise UserError(f"loss.weights.{name} is {weight!r}, not a number. Give a positive number.")
        if not math.isfinite(weight) or weight <= 0:
            raise UserError(
                f"loss.weights.{name} is {weight:g}; a weight is a positive finite number."
                f" Leave '{name}' out of the loss to switch it off."
            )


def canonical(weights: Mapping[str, float]) -> str:
    """The one way to write a loss: terms by name, a weight of 1 left out, numbers as `%g`.

    Args:
        weights: weight of each term.

    Returns:
        For instance `ce+0.5*dice` for `{"dice": 0.5, "ce": 1}`; `parse` reads it back. Weights closer than
        six digits are written alike.

    Raises:
        UserError: there are none, or one is not a positive finite number.
    """
    check_weights(weights)
    words = []
    for name in sorted(weights):
        factor = f"{weights[name]:g}"
        words.append(name if factor == "1" else f"{factor}*{name}")
    return "+".join(words)
