"""The words of commands that are not composed by Hydra: `key=value` each, known keys, given once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from segladder.config.suggest import did_you_mean
from segladder.types import UserError


def settings_of(words: Sequence[str], known: Sequence[str], *, command: str, example: str) -> dict[str, str]:
    """Each setting as it was typed.

    Args:
        words: the command line after the command.
        known: the keys that it takes.
        command: its name, for messages: `segladder report`.
        example: a setting, likewise.

    Raises:
        UserError: a word that it does not take, without a value, or given twice.
    """
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"'{word}' is no setting. Write key=value, as in {command} {example}.")
        if key not in known:
            raise UserError(f"{command} has no '{key}'{did_you_mean(key, known)} It takes {', '.join(known)}.")
        if not value:
            raise UserError(f"{key}= has no value. Give one, or leave it out.")
        if key in given:
            raise UserError(f"{key} is given twice. Leave one out.")
        given[key] = value
    return given


def one_of(given: Mapping[str, str], key: str, choices: Sequence[str]) -> str:
    """A word out of a few, the first where none is given.

    Raises:
        UserError: it is another.
    """
    value = given.get(key, choices[0])
    if value not in choices:
        raise UserError(f"{key}={value}{_not_among(value, choices)}")
    return value


def several_of(given: Mapping[str, str], key: str, choices: Sequence[str]) -> list[str]:
    """Words out of a few, between commas, in brackets or not.

    Raises:
        UserError: one is another.
    """
    text = given.get(key, "")
    values = [value.strip() for value in re.sub(r"^\[(.*)\]$", r"\1", text).split(",")] if text else []
    for value in values:
        if value not in choices:
            raise UserError(f"{key}={text}: '{value}'{_not_among(value, choices)}")
    return values


def switch(given: Mapping[str, str], key: str, *, otherwise: bool = False) -> bool:
    """true or false.

    Raises:
        UserError: it is neither.
    """
    return one_of(given, key, ("true", "false") if otherwise else ("false", "true")) == "true"


def _not_among(value: str, choices: Sequence[str]) -> str:
    near = did_you_mean(value, choices)
    return f" is none of its words{near} They are {', '.join(choices)}."
