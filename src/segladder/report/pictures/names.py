"""What methods are called in pictures: what tells them apart, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.report.board import Place
from segladder.report.methods import LEADING
from segladder.report.pictures.lettering import cut_apart, distinct, drawable, numbered, plain, width

_LEAST = 6
"""Letters that a word keeps at least."""
_SPELT_OUT = 4
"""So many names that were cut are written out in a caption; of more it says where they stand."""


def names_of(places: Sequence[Place], *, longest: int = 36) -> list[str]:
    """A name for each method, all different, as a picture shows it."""
    return fitted(_words(places), longest=longest)


def in_full(places: Sequence[Place], names: Sequence[str]) -> str:
    """The names that were cut as they are, for captions; "" where none was."""
    whole = [plain(" ".join(words.values())) for words in _words(places)]
    cut = [(name, full) for name, full in zip(names, whole, strict=True) if name != full and ("…" in name)]
    if not cut:
        return ""
    if len(cut) > _SPELT_OUT:
        return " Names are cut; the leaderboard has them in full, in the same order."
    return f" In full: {'; '.join(f'{name} is {full}' for name, full in cut)}."


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


def fitted(rows: Sequence[dict[str, str]], *, longest: int, between: str = " ") -> list[str]:
    """Each row's words in one text, all different: the longest words are cut until every row has room.

    Args:
        rows: key -> word; words of one key are cut alike, so that they stay different.
        longest: letters of a text.
        between: what stands between words.
    """
    rows = [{key: drawable(word) for key, word in row.items()} for row in rows]
    keys = dict.fromkeys(key for row in rows for key in row)
    columns = {key: list(dict.fromkeys(row[key] for row in rows if key in row)) for key in keys}
    shown = {key: {word: word for word in words} for key, words in columns.items()}
    limits = {key: max(map(width, words)) for key, words in columns.items()}

    def joined() -> list[str]:
        return [between.join(shown[key][word] for key, word in row.items() if word) for row in rows]

    while max(map(width, names := joined()), default=0) > longest:
        key = max(limits, key=lambda key: limits[key], default="")
        if not limits or limits[key] <= _LEAST:
            # no word can give more
            return distinct([between.join(row.values()) for row in rows], longest=longest)
        limits[key] -= 1
        short = cut_apart(columns[key], longest=limits[key])
        if short is None:
            del limits[key]
        else:
            shown[key] = dict(zip(columns[key], short, strict=True))
    return numbered(names)


def _words(places: Sequence[Place]) -> list[dict[str, str]]:
    """Key -> word of each method: those that tell it from the others, as many as that takes."""
    keys = dict.fromkeys(key for place in places for key in place.method.settings)
    telling = [key for key in keys if len({place.method.settings.get(key, "") for place in places}) > 1]
    telling.sort(key=lambda key: key not in LEADING)
    leading = sum(key in LEADING for key in telling)
    for count in range(max(leading, 1), len(telling)):
        if len({tuple(place.method.settings.get(key, "") for key in telling[:count]) for place in places}) == len(
            places
        ):
            telling = telling[:count]
            break
    return [_short(place, telling) for place in places]


def _short(place: Place, keys: Sequence[str]) -> dict[str, str]:
    telling = {key: place.method.settings[key] for key in keys if key in place.method.settings}
    words = {key: _word(key, value) for key, value in telling.items() if value}
    if not words and telling:
        key = next(iter(telling))
        words = {key: f"no {key}" if key in LEADING else f"{key} by default"}
    return words or {"": place.method.label}


def _word(key: str, value: str) -> str:
    return value if key in LEADING else f"{key}={value}"
