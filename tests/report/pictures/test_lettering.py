"""Text of records in pictures: as it stands, on one line, never a formula, in letters that are there."""

from __future__ import annotations

import random

import pytest

from segladder.report.pictures.lettering import distinct, lettered, plain


@pytest.mark.parametrize(
    "text", ["$x$ and $y$", r"a\frac_b^c", "unet ce+dice", "straße Überholen", "Ελλάς Россия", "%&#~"]
)
def test_text_stays_as_it_is(text):
    assert lettered(text) == text


def test_letters_that_no_file_or_font_holds_become_question_marks():
    assert plain("a\udc80b") == "a?b" and plain("a\x07b\u202ec") == "a?b?c"
    assert lettered("\U000e0041b\ue000") == "?b?"
    assert plain("路 🚗") == "路 🚗"


def test_text_is_put_on_one_line():
    assert plain(" a\n b\t\tc ") == "a b c"


def test_of_a_long_text_both_ends_stay():
    text = "begin" + "x" * 100 + "end"
    short = lettered(text, longest=20)
    assert len(short) <= 20 and short.startswith("begin") and short.endswith("end") and "…" in short
    assert lettered("x" * 20, longest=20) == "x" * 20


def test_of_long_texts_that_stays_which_tells_them_apart():
    texts = ["a" * 50 + c + "a" * 50 for c in "xyz"] + ["a" * 101]
    shown = distinct(texts, longest=20)
    assert len(set(shown)) == 4 and max(map(len, shown)) <= 20
    assert [letter for text, letter in zip(shown, "xyz", strict=False) if letter in text] == ["x", "y", "z"]
    # of others the end that differs is kept longer than the one that does not
    assert distinct(["a" * 30 + "bcd" + "e" * 14, "a" * 30 + "bxd" + "e" * 14], longest=20) == [
        "aaa…cdeeeeeeeeeeeeee",
        "aaa…xdeeeeeeeeeeeeee",
    ]


def test_texts_that_come_out_alike_are_numbered():
    rng = random.Random(1)
    texts = ["".join(rng.choice("ab") for _ in range(200)) for _ in range(600)]
    shown = distinct(texts, longest=8)
    assert len(set(shown)) == len(set(texts)) == 600 and any(text.endswith("(2)") for text in shown)
    assert distinct(["same", "same", "other"]) == ["same (1)", "same (2)", "other"]
