"""Text in pictures: one font, measured and shortened so that nothing is clipped."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=16)
def font(size: int) -> Font:
    """Pillow's own font at a size in pixels, so that pictures look the same on every machine."""
    return ImageFont.load_default(size=size)


def text_width(text: str, size: int) -> int:
    """Pixels from the first letter's start to the end of the last."""
    return round(font(size).getlength(text) + 0.5)


def writable(text: str) -> str:
    """The text in letters that the font has: accents are dropped where it must be, the rest becomes `?`.

    The font speaks the Latin alphabet; a box in place of each other letter would say less than a `?`.
    """
    return "".join(_writable_letter(letter) for letter in " ".join(text.split()))


@lru_cache(maxsize=4096)
def _writable_letter(letter: str) -> str:
    if _has_glyph(letter):
        return letter
    for stand_in in (_STAND_INS.get(letter, ""), unicodedata.normalize("NFKD", letter)):
        plain = "".join(part for part in stand_in if _has_glyph(part))
        if plain:
            return plain
    return "?"


_STAND_INS = dict(zip("ß–—’‘“”æøÆØłŁđĐ×", ("ss", *"--''\"\"", "ae", "o", "AE", "O", *"lLdDx"), strict=True))

_NEVER_ASSIGNED = "\uffff"
"""Drawn as the font's box for missing letters, whatever the font."""


def _has_glyph(letter: str) -> bool:
    if letter == " ":
        return True
    drawn, missing = (font(16).getmask(text) for text in (letter, _NEVER_ASSIGNED))
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def shortened(text: str, width: int, size: int) -> str:
    """The text as `writable` leaves it, its middle replaced by `...` where it is wider than `width` pixels.

    The middle, because file names and class names differ most often at their ends.
    """
    text = writable(text)
    if text_width(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head = (kept + 1) // 2
        tail = kept - head
        candidate = text[:head] + "..." + (text[-tail:] if tail else "")
        if text_width(candidate, size) <= width:
            return candidate
    return ""
