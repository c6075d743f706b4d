"""How many seeds would settle a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy import integrate, stats

from segladder.report.statistics.uncertainty import MIN_SEEDS, Estimate

POWER = 0.8
"""The chance of a verdict that is asked for (Cohen, 1988)."""
_MOST = 1000
"""Seeds beyond which nobody goes."""


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What it would take to tell two methods apart, were the difference as large as it looks."""

    seeds: int | None
    """Of each method; None: no number of seeds does it."""
    images: float | None = None
    """Where seeds do not do it: how many times as many test images would, with as many seeds as one likes."""


def power_of(difference: Estimate, seeds: int, *, level: float = 0.05) -> float:
    """The chance that a two-sided test with so many seeds of each method finds the difference.

    Args:
        difference: of two methods, whose spread over seeds is known.
        seeds: of each, at least 2.
        level: of the test.

    Raises:
        ValueError: the spread over seeds is unknown.
    """
    spreads, images = _spreads(difference)
    by_seeds = [spread / seeds for spread in spreads]
    variance = sum(by_seeds) + images
    if variance == 0:
        return 1.0 if difference.value else level
    # as Welch has it; images are many, and add variance without taking freedom away
    weighted = sum(part**2 for part in by_seeds) / (seeds - 1)
    found = _chance(difference.value, variance, weighted, level)
    # neither is the test surer with the images than without them
    return min(found, _chance(difference.value, sum(by_seeds), weighted, level)) if sum(by_seeds) else found


def _chance(value: float, variance: float, weighted: float, level: float) -> float:
    """That Student's test finds a difference, its freedom being `variance**2 / weighted`."""
    freedom = variance**2 / weighted if weighted else math.inf
    shift = abs(value) / math.sqrt(variance)
    if freedom > 1e4:
        limit = float(stats.norm.isf(level / 2))
        return float(stats.norm.sf(limit - shift) + stats.norm.cdf(-limit - shift))
    limit = float(stats.t.isf(level / 2, freedom))
    found = float(stats.nct.sf(limit, freedom, shift) + stats.nct.cdf(-limit, freedom, shift))
    return found if math.isfinite(found) else _integrated(limit, freedom, shift)


def _integrated(limit: float, freedom: float, shift: float) -> float:
    """What scipy's noncentral t, which is NaN for some large limits, would say."""
    spread = stats.chi(freedom, scale=1 / math.sqrt(freedom))
    found, _ = integrate.quad(lambda s: spread.pdf(s) * stats.norm.cdf(shift - limit * s), 0, math.inf, limit=200)
    # the other side of zero has no share in it where the shift is large enough for NaN
    return min(1.0, float(found))


def seeds_needed(difference: Estimate, *, level: float = 0.05, power: float = POWER) -> Needed:
    """The fewest seeds of each method with which the difference would be found with the given chance.

    The spread of few seeds is most often too small. It is raised to where it is as often too large: of two by a half.

    Args:
        difference: of two methods, whose spread over seeds is known.
        level: of the test; of one in a table of m, level / m is on the safe side.
        power: the chance asked for.

    Raises:
        ValueError: the spread over seeds is unknown.
    """
    _, images = _spreads(difference)
    difference = replace(difference, seed_terms=tuple((raised(*term), term[1]) for term in difference.seed_terms))
    if difference.value == 0:
        return Needed(seeds=None)
    if power_of(difference, _MOST, level=level) < power:
        reach = float(stats.norm.isf(level / 2) + stats.norm.ppf(power))
        times = images / (difference.value / reach) ** 2
        return Needed(seeds=None, images=times if times > 1 else None)
    low, high = MIN_SEEDS - 1, MIN_SEEDS
    while power_of(difference, high, level=level) < power:
        low, high = high, min(_MOST, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(difference, middle, level=level) < power:
            low = middle
        else:
            high = middle
    return Needed(seeds=high)


def raised(variance: float, freedom: int) -> float:
    """A sample's variance over its median were the true one 1: too small as often as too large."""
    return variance * freedom / float(stats.chi2.median(freedom))


def _spreads(difference: Estimate) -> tuple[list[float], float]:
    """The variance over seeds of each method, and the images' part."""
    if math.isnan(difference.seeds_variance) or len(difference.seeds) != 2:
        raise ValueError("The spread over seeds of both methods must be known.")
    images = 0.0 if math.isnan(difference.images_variance) else difference.images_variance
    return [part * (freedom + 1) for part, freedom in difference.seed_terms], images
