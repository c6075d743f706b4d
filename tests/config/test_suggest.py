from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.config.suggest import edits, nearest

WORDS = st.text("abc", max_size=5)


def textbook(a: str, b: str) -> int:
    """Optimal string alignment by its recursive definition."""
    if not a or not b:
        return len(a) + len(b)
    best = min(textbook(a[1:], b) + 1, textbook(a, b[1:]) + 1, textbook(a[1:], b[1:]) + (a[0] != b[0]))
    if len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0]:
        best = min(best, textbook(a[2:], b[2:]) + 1)
    return best


@given(WORDS, WORDS)
def test_edits_is_optimal_string_alignment(a: str, b: str) -> None:
    assert edits(a, b) == textbook(a, b)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dise", "dice"),
        ("dcie", "dice"),
        ("Dice", "dice"),
        ("c", "ce"),
        ("ec", "ce"),
        ("tverski", "tversky"),
        ("foc", "focal"),
        ("lovasz", None),
        ("xy", None),
        ("", None),
    ],
)
def test_the_nearest_loss_term(word: str, expected: str | None) -> None:
    assert nearest(word, ["ce", "dice", "focal", "tversky"]) == expected


def test_equally_near_words_are_taken_in_alphabetical_order() -> None:
    assert nearest("cat", ["rat", "bat"]) == "bat"
