"""The word the user probably meant, for every message that refuses one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that `word` is most likely a typing error of.

    Distance is Damerau-Levenshtein (insert, delete, replace, swap two neighbours), case ignored. Words of up
    to five letters may be off by one edit, those of four or five with the same first letter by two, longer
    ones by a third of their length. The beginning of a word (`deeplab` of `deeplabv3`) is near it, too.

    Args:
        word: what the user wrote.
        words: what there is.

    Returns:
        The nearest word, the alphabetically first of equally near ones; None where nothing is near.
    """
    typed = word.lower()
    best: tuple[float, str] | None = None
    for candidate in sorted(set(words)):
        real = candidate.lower()
        length = max(len(typed), len(real))
        allowed = length // 3 if length > 5 else 2 if length > 3 and typed[:1] == real[:1] else 1
        distance: float = edits(typed, real)
        if distance >= length:
            continue  # no letter is left: `ce` is no misspelt `xy`
        if distance > allowed:
            if len(typed) < 3 or not real.startswith(typed):
                continue
            distance = allowed + 0.5
        if best is None or distance < best[0]:
            best = (distance, candidate)
    return best[1] if best else None


def edits(a: str, b: str) -> int:
    """Optimal string alignment distance: inserts, deletes, replacements and swaps of neighbours, each 1."""
    two_up: list[int] = []
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row = [i]
        for j, y in enumerate(b, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, two_up[j - 2] + 1)
            row.append(cost)
        two_up, above = above, row
    return above[-1]


def did_you_mean(word: str, words: Iterable[str], *, show: str = "{}") -> str:
    """`": did you mean 'x'?"` where a word is near, else `"."`: the end of a sentence that refuses `word`."""
    near = nearest(word, words)
    return f": did you mean '{show.format(near)}'?" if near else "."
