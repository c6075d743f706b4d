"""What the settings of a network must be, refused in the same words by every network that has them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from segladder.types import UserError


def check_sizes(owner: str, in_channels: object, num_classes: object, **others: object) -> None:
    """Refuses numbers of channels and classes that are no whole numbers of 1 or more.

    Raises:
        UserError: with the setting's name below `model`.
    """
    for name, value in (("in_channels", in_channels), ("num_classes", num_classes)):
        if value is None:
            raise UserError(f"model.{name} is null, which a run fills in from its data. Give {owner} a number.")
    for name, value in {"in_channels": in_channels, "num_classes": num_classes, **others}.items():
        if not is_whole(value) or value < 1:  # type: ignore[operator]
            raise UserError(f"model.{name} is {value!r}. Give a whole number of 1 or more.")


def check_choice(key: str, value: object, choices: Iterable[Any]) -> None:
    """Refuses a value that is none of `choices`, and names the nearest.

    Raises:
        UserError: with the key and all choices.
    """
    known = list(choices)
    if value in known and not (isinstance(value, bool) and not any(value is one for one in known)):
        return
    raise UserError(f"{key} is {value!r}{did_you_mean(value, known)} Choose one of: {', '.join(map(str, known))}.")


def check_share(key: str, value: object) -> None:
    """Refuses what is no probability from 0 to below 1.

    Raises:
        UserError: with the key and the value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UserError(f"{key} is {value!r}. Give a probability from 0 to below 1.")


def check_weight(key: str, value: object) -> None:
    """Refuses what is no finite number from 0.

    Raises:
        UserError: with the key and the value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise UserError(f"{key} is {value!r}. Give a number from 0; 0 leaves that head out.")


def check_images(x: Tensor, in_channels: int, owner: str) -> None:
    """Refuses an input that is no batch of images of the channels that the network was built for.

    Raises:
        UserError: with both numbers.
    """
    if x.ndim != 4:
        raise UserError(f"{owner} got an input of shape {tuple(x.shape)}. Give it a batch of images, (B, C, H, W).")
    if x.shape[1] != in_channels:
        raise UserError(
            f"{owner} was built for images of {in_channels} channels and got one of {x.shape[1]}."
            f" Set model.in_channels={x.shape[1]}, or leave it null so that it comes from the data."
        )


def did_you_mean(word: object, words: Iterable[object]) -> str:
    """`": did you mean 'x'?"` where a word is near, else `"."`: the end of a sentence that refuses `word`."""
    near = difflib.get_close_matches(str(word), [str(one) for one in words], n=1)
    return f": did you mean '{near[0]}'?" if near else "."


def is_whole(value: object) -> bool:
    """Whether it is an int and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)
