"""Hydra's words with several values as a search space: which keys are searched, over what, and back into words.

Hydra behaviours this leans on (1.3): `Override.value_type`, `sweep_string_iterator`, `get_key_element`;
`int(interval(1,4))` gives an interval with whole ends, `tag(log,…)` leaves `log` in `tags`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader

_TAG = "log"
_DIGITS = 4
"""Digits of a sampled number: more make names and command lines longer, and no run better."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One key that is searched: over choices, or from `low` to `high`."""

    key: str
    word: str
    """The key as it is typed, `+` and package included."""
    typed: str
    """Its value as it was typed."""
    choices: tuple[str, ...] = ()
    """The texts that may stand behind the `=`; empty for an interval."""
    low: float = 0
    high: float = 0
    log: bool = False
    ordered: bool = False
    """The choices are numbers at equal distances."""

    @property
    def whole(self) -> bool:
        """Whether the numbers of an interval are whole."""
        return isinstance(self.low, int)

    def distribution(self) -> Any:
        """The same in Optuna's words: of choices their place where they are ordered, else their text."""
        from optuna import distributions

        if self.ordered:
            return distributions.IntDistribution(0, len(self.choices) - 1)
        if self.choices:
            return distributions.CategoricalDistribution(self.choices)
        if self.whole:
            return distributions.IntDistribution(int(self.low), int(self.high), log=self.log)
        return distributions.FloatDistribution(self.low, self.high, log=self.log)

    def kept(self, value: Any) -> Any:
        """What is kept of a sampled value: a number with few digits."""
        if self.choices or self.whole:
            return value
        size = abs(value) if self.log else self.high - self.low
        rounded = round(value, _DIGITS - 1 - math.floor(math.log10(size))) if size else value
        return min(max(rounded, self.low), self.high)

    def text(self, value: Any) -> str:
        """What stands behind the `=`."""
        return self.choices[value] if self.ordered else value if self.choices else repr(value)

    def examples(self) -> tuple[Any, ...]:
        """Values that show whether the whole of it composes."""
        if self.ordered:
            return tuple(range(len(self.choices)))
        return self.choices or (self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a search varies, and what it leaves as it was typed."""

    dimensions: tuple[Dimension, ...]
    fixed: tuple[str, ...]
    """Words of every trial."""
    idle: tuple[str, ...] = ()
    """Sentences about what has no effect."""

    def words(self, values: Mapping[str, Any]) -> list[str]:
        """The words of a trial with these values."""
        return [*self.fixed, *(f"{d.word}={d.text(values[d.key])}" for d in self.dimensions)]

    def shown(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Key -> value as one would type it."""
        return {d.key: d.text(values[d.key]) for d in self.dimensions if d.key in values}

    def probes(self) -> list[dict[str, Any]]:
        """Values of jobs in which each choice, and each end of an interval, occurs once."""
        first = {d.key: d.examples()[0] for d in self.dimensions}
        return [first, *(first | {d.key: value} for d in self.dimensions for value in d.examples()[1:])]


def space_of(arguments: Sequence[str], params: Mapping[str, str], loader: ConfigLoader) -> Space:
    """The search space of what was typed and of the YAML's `params`; what was typed wins.

    Raises:
        UserError: nothing is searched, or an interval or choice makes no sense.
    """
    parser = OverridesParser.create(config_loader=loader)
    found: dict[str, Override] = {}
    for override in parser.parse_overrides([*(f"{key}={value}" for key, value in params.items()), *arguments]):
        found[override.get_key_element().lstrip("+~")] = override
    fixed, dimensions, idle = [], [], []
    for override in found.values():
        dimension = _dimension(override) if override.is_sweep_override() else None
        if override.is_sweep_override() and getattr(override._value, "shuffle", False):
            idle.append(f"shuffle has no effect in '{override.input_line}': a search chooses its own order.")
        if dimension is None:
            assert override.input_line is not None
            fixed.append(override.input_line)
        elif len(dimension.choices) == 1 or (not dimension.choices and dimension.low == dimension.high):
            fixed.append(f"{dimension.word}={dimension.text(dimension.examples()[0])}")
        else:
            dimensions.append(dimension)
    if not dimensions:
        raise UserError(
            "There is nothing to search: no word has several values. Give some, as in"
            " 'optimizer.lr=tag(log,interval(1e-4,1e-1))' loss=ce,dice, or choose a ready-made space:"
            " hydra/sweeper=optuna_unet."
        )
    return Space(dimensions=tuple(dimensions), fixed=tuple(fixed), idle=tuple(idle))


def _dimension(override: Override) -> Dimension:
    key, typed = override.get_key_element().lstrip("+"), override.get_value_string()
    about: dict[str, Any] = {"key": key, "word": override.get_key_element(), "typed": typed}
    value = override._value
    tags: Iterable[str] = getattr(value, "tags", set())
    for tag in tags:
        if tag != _TAG:
            raise UserError(f"'{key}={typed}' has the tag '{tag}'{did_you_mean(tag, [_TAG])} A search knows log alone.")
    log = _TAG in tags
    if isinstance(value, IntervalSweep):
        return _interval(about, value, log=log)
    if log:
        raise UserError(f"'{key}={typed}' asks for a log scale, which only an interval has: tag(log,interval(1,100)).")
    # Hydra would draw the order anew each time
    ordered = isinstance(value, RangeSweep)
    plain = copy.copy(override)
    if hasattr(value, "shuffle"):
        plain._value = copy.copy(value)
        plain._value.shuffle = False  # type: ignore[union-attr]
    choices = tuple(dict.fromkeys(plain.sweep_string_iterator()))
    if not choices:
        raise UserError(f"'{key}={typed}' gives no value to choose from. Widen it.")
    return Dimension(**about, choices=choices, ordered=ordered and len(choices) > 1)


def _interval(about: Mapping[str, Any], value: IntervalSweep, *, log: bool) -> Dimension:
    low, high = value.start, value.end
    assert low is not None and high is not None
    line = f"'{about['key']}={about['typed']}'"
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UserError(f"{line} is no interval of finite numbers. Give both ends.")
    if low > high:
        raise UserError(f"{line} ends below its beginning. Write interval({high:g},{low:g}).")
    if log and low <= 0:
        raise UserError(f"{line} has a log scale, but begins at {low:g}. Begin above 0, or leave the tag out.")
    return Dimension(**about, low=low, high=high, log=log)
