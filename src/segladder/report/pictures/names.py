"""What methods are called in pictures: what tells them apart, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.report.board import Place
from segladder.report.methods import LEADING
from segladder.report.pictures.lettering import distinct, plain


def names_of(places: Sequence[Place], *, longest: int = 36) -> list[str]:
    """A name for each method, all different, as a picture shows it."""
    keys = dict.fromkeys(key for place in places for key in place.method.settings)
    telling = [key for key in keys if len({place.method.settings.get(key, "") for place in places}) > 1]
    return distinct([_short(place, telling) for place in places], longest=longest)


def said(place: Place) -> str:
    """A method's full name, for captions."""
    return plain(place.method.label)


def in_common(places: Sequence[Place]) -> str:
    """What all methods share and no name says: ` All with model=unet.`; "" where there is nothing."""
    if len(places) < 2:
        return ""
    shared = [
        f"{key}={value}"
        for key, value in places[0].method.settings.items()
        if value and all(place.method.settings.get(key, "") == value for place in places)
    ]
    return f" All with {plain(', '.join(shared))}." if shared else ""


def _short(place: Place, keys: Sequence[str]) -> str:
    telling = {key: place.method.settings[key] for key in keys if key in place.method.settings}
    words = [_word(key, value) for key, value in telling.items() if value]
    words = words or [f"no {key}" if key in LEADING else f"{key} by default" for key in telling][:1]
    return " ".join(words) or place.method.label


def _word(key: str, value: str) -> str:
    return value if key in LEADING else f"{key}={value}"
