"""The axes of an ablation table: keys that vary by themselves, and those that only go along with another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from segladder.losses.expression import canonical, parse
from segladder.report.records.methods import LEADING
from segladder.types import UserError

Settings = Mapping[str, str]
"""Of one method: key -> value, "" where it has none."""


@dataclass(frozen=True)
class Axis:
    """One key, or a key and those that only some of its values have, such as the backbone of a model."""

    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """`model`, `model+backbone`."""
        return "+".join(self.keys)

    def value(self, settings: Settings) -> str:
        """A method's place on the axis: `unet`, `fcn resnet18`; "" for none."""
        if len(self.keys) == 1:
            return settings.get(self.keys[0], "")
        known = {key: value for key in self.keys if (value := settings.get(key, ""))}
        return " ".join(value if key in LEADING else f"{key}={value}" for key, value in known.items())

    def find(self, word: str, methods: Sequence[Settings]) -> str | None:
        """The value that a word of the user's names: itself, a `key=value` of it, or a loss in another order.

        Returns:
            None where there is none, or several.
        """
        key, equals, text = word.partition("=")
        if not equals or key not in (*self.keys, self.name):
            key, text = "", word
        found: dict[str, None] = {}
        for settings in methods:
            if self.value(settings) in ((text, word) if text != "none" else ("", text)) and key in ("", self.name):
                return self.value(settings)
            if any(_same(name, settings.get(name, ""), text) for name in self.keys if key in ("", name)):
                found[self.value(settings)] = None
        return next(iter(found)) if len(found) == 1 else None


def axes_of(methods: Sequence[Settings], keys: Sequence[str]) -> list[Axis]:
    """The keys that vary by themselves, in their order.

    A key that an earlier one decides is none of its own: where each model has its own scheduler, no table can tell the
    two apart. One that only some values of an earlier key have, such as the backbone, makes one axis together with it.

    Args:
        methods: the settings of each.
        keys: that vary, the leading ones first.
    """
    found: list[Axis] = []
    for key in keys:
        if any(decides(axis, key, methods) for axis in found):
            continue
        for index, axis in enumerate(found):
            if _has_some(axis, key, methods):
                found[index] = Axis((*axis.keys, key))
                break
        else:
            found.append(Axis((key,)))
    return found


def joined(axis: Axis, methods: Sequence[Settings], keys: Sequence[str]) -> Axis:
    """An axis with those of the keys that only some of its values have: the others of them can have no run of these."""
    for key in keys:
        if not decides(axis, key, methods) and _has_some(axis, key, methods):
            axis = Axis((*axis.keys, key))
    return axis


def names_something(word: str, methods: Sequence[Settings]) -> bool:
    """Whether a word of the user's is a value of any key of any method."""
    keys = dict.fromkeys(key for settings in methods for key in settings)
    return any(Axis((key,)).find(word, methods) is not None for key in keys)


def decides(axis: Axis, key: str, methods: Sequence[Settings]) -> bool:
    """Whether all methods with one value of the axis have one value of the key."""
    values: dict[str, str] = {}
    return all(values.setdefault(axis.value(m), m.get(key, "")) == m.get(key, "") for m in methods)


def _has_some(axis: Axis, key: str, methods: Sequence[Settings]) -> bool:
    """Whether the first key of an axis decides which methods have the key at all, and not all have."""
    there = [{**settings, key: "yes" if settings.get(key) else ""} for settings in methods]
    return len({settings[key] for settings in there}) == 2 and decides(Axis(axis.keys[:1]), key, there)


def _same(key: str, value: str, word: str) -> bool:
    if value == word or (value == "" and word == "none"):
        return True
    if key == "loss":
        with suppress(UserError):
            return canonical(parse(word)) == value
    return False
