"""What methods are called in pictures: as in the tables, cut where there is no room."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.report.boards.board import Place
from segladder.report.pictures.lettering import cut_apart, distinct, drawable, numbered, plain, width

_LEAST = 6
"""Letters that a word keeps at least."""
_SPELT_OUT = 4
"""So many names that were cut are written out in a caption; of more it says where they stand."""


def names_of(places: Sequence[Place], *, longest: int = 36) -> list[str]:
    """A name for each method, all different, as a picture shows it: the one that the tables have, cut if need be."""
    return fitted([place.method.words for place in places], longest=longest)


def in_full(places: Sequence[Place], names: Sequence[str]) -> str:
    """The names that were cut as they are, for captions; "" where none was."""
    whole = [said(place) for place in places]
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
    named = {key for place in places for key in place.method.words}
    shared = [
        f"{key}={value}"
        for key, value in places[0].method.settings.items()
        if value and key not in named and all(place.method.settings.get(key, "") == value for place in places)
    ]
    return f" All with {plain(', '.join(shared))}." if shared else ""


def fitted(rows: Sequence[dict[str, str]], *, longest: int, between: str = " ") -> list[str]:
    """Each row's words in one text, all different: the longest words are cut until every row has room.

    Args:
        rows: key -> word; words of one key that are cut are cut alike, so that they stay different.
        longest: letters of a text.
        between: what stands between words.
    """
    rows = [{key: drawable(word) for key, word in row.items()} for row in rows]
    whole = [between.join(word for word in row.values() if word) for row in rows]
    # a text that has room stays as it is
    wide = [place for place, text in enumerate(whole) if width(text) > longest]
    keys = dict.fromkeys(key for place in wide for key in rows[place])
    columns = {
        key: list(dict.fromkeys(rows[place][key] for place in sorted(wide) if key in rows[place])) for key in keys
    }
    shown = {key: {word: word for word in words} for key, words in columns.items()}
    limits = {key: max(map(width, words)) for key, words in columns.items()}

    def joined() -> list[str]:
        return [
            between.join(shown[key][word] for key, word in row.items() if word) if place in wide else whole[place]
            for place, row in enumerate(rows)
        ]

    while max(map(width, names := joined()), default=0) > longest:
        key = max(limits, key=lambda key: limits[key], default="")
        if not limits or limits[key] <= _LEAST:
            # no word can give more
            return distinct(whole, longest=longest)
        limits[key] -= 1
        short = cut_apart(columns[key], longest=limits[key])
        if short is None:
            del limits[key]
        else:
            shown[key] = dict(zip(columns[key], short, strict=True))
    return numbered(names)
