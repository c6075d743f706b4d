"""Legends and their text."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.viz import legend
from segladder.viz.text import shortened, text_width, writable


def test_every_class_has_its_colour_in_the_strip() -> None:
    colors = [(i * 12 + 5, 200 - i * 10, i) for i in range(19)]
    strip = legend([(f"class {i}", c) for i, c in enumerate(colors)], width=400)
    present = {tuple(p) for p in strip.reshape(-1, 3).tolist()}
    assert strip.shape[1:] == (400, 3) and set(colors) <= present


@pytest.mark.parametrize("name", ["x" * 300, "Straße", "漢字", "", "two\nlines"])
def test_any_name_fits_without_touching_the_right_edge(name: str) -> None:
    strip = legend([(name, (1, 2, 3)), ("other", (4, 5, 6))], width=180)
    assert (strip[:, -1] == 255).all()


def test_no_classes_are_an_empty_strip() -> None:
    assert legend([], width=50).shape == (0, 50, 3)


def test_a_long_text_keeps_its_ends_and_its_width() -> None:
    short = shortened("test/sequence_000019_frame_leftImg8bit", 120, 14)
    assert short.startswith("test") and short.endswith("8bit") and "..." in short
    assert text_width(short, 14) <= 120
    assert shortened("abc", 1, 14) == ""


def test_letters_the_font_lacks_are_rewritten_or_marked() -> None:
    assert writable("Straße – Łódź 漢") == "Strasse - Lodz ?"


def test_a_legend_is_the_same_array_twice() -> None:
    entries = [("a", (1, 2, 3))]
    assert np.array_equal(legend(entries, width=90), legend(entries, width=90))
