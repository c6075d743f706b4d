"""Numbers as people read them in reports."""

from __future__ import annotations

import math

DIGITS = 4
"""Of scores: a hundredth of a percent point."""


def score(value: float | None, *, sign: bool = False) -> str:
    """`0.9913`, `+0.0021` with its sign; "" where there is none."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:+.{DIGITS}f}" if sign else f"{value:.{DIGITS}f}"


def spread(mean: float, std: float) -> str:
    """`0.9913 ± 0.0010`; the mean alone of one seed."""
    return score(mean) if math.isnan(std) else f"{score(mean)} ± {score(std)}"


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """`[0.9903, 0.9923]`; "" where there is none."""
    return "" if math.isnan(low) else f"[{score(low, sign=sign)}, {score(high, sign=sign)}]"


def p_value(p: float) -> str:
    """`0.032`, `< 0.001`; "" where there was no test."""
    if math.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(value: float | None) -> str:
    """`116,770`."""
    return "" if value is None else f"{value:,.0f}"


def billions(value: float | None) -> str:
    """Of operations: `0.199`."""
    return "" if value is None else f"{value / 1e9:.3g}"


def hours(value: float | None) -> str:
    """`0.007`, `13.2`."""
    return "" if value is None else f"{value:.3g}"


def gigabytes(value: float | None) -> str:
    """`0.64`."""
    return "" if value is None else f"{value / 1e9:.2f}"


def rate(value: float | None) -> str:
    """Of images a second: three digits."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def share(value: float) -> str:
    """`34 %`; "" where it is not known."""
    return "" if math.isnan(value) else f"{100 * value:.0f} %"
