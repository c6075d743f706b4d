"""Text of records as pictures can show it: on one line, not too long, in letters that some font here has."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

OWN_FONT = "DejaVu Sans"
"""Comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew and more."""
OTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Hiragino Sans",
    "Yu Gothic",
    "MS Gothic",
    "IPAGothic",
    "Malgun Gothic",
    "NanumGothic",
    "Apple SD Gothic Neo",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Arial Unicode MS",
)
"""Fonts with other letters, used where they are installed."""
LONGEST = 40


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """The fonts that text is drawn in: a letter comes from the first that has it."""
    from matplotlib.font_manager import fontManager

    installed = {entry.name for entry in fontManager.ttflist}
    return (OWN_FONT, *(name for name in OTHER_FONTS if name in installed))


def plain(text: str) -> str:
    """On one line, without what is no letter at all: for captions, which any file can hold."""
    return "".join(
        "?" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Cn", "Co") else letter
        for letter in " ".join(text.split())
    )


def lettered(text: str, *, longest: int = LONGEST) -> str:
    """As a picture shows it: `?` for letters that no font here has, and a long text without its middle.

    The middle, because names differ most often at their ends.
    """
    text = drawable(text)
    if width(text) <= longest:
        return text
    head, tail = "", ""
    for kept in range(1, len(text)):
        head, tail = text[: (kept + 1) // 2], text[len(text) - kept // 2 :]
        if width(head) + width(tail) >= longest - 2:
            break
    return f"{head}…{tail}"


def drawable(text: str) -> str:
    """On one line, with `?` for letters that no font here has."""
    return "".join(letter if _drawable(letter) else "?" for letter in plain(text))


def distinct(texts: Sequence[str], *, longest: int = LONGEST) -> list[str]:
    """Each as a picture shows it, cut where that leaves them different; those that come out alike are numbered."""
    short = cut_apart([drawable(text) for text in texts], longest=longest)
    return numbered(short or [lettered(text, longest=longest) for text in texts])


def numbered(shown: Sequence[str]) -> list[str]:
    """Those that are alike with a number each."""
    counts = Counter(shown)
    seen: Counter[str] = Counter()
    told: list[str] = []
    for text in shown:
        seen[text] += 1
        told.append(f"{text} ({seen[text]})" if counts[text] > 1 else text)
    return told


def cut_apart(texts: Sequence[str], *, longest: int) -> list[str] | None:
    """Texts without so much of their insides that each has room and no two become one; None where no cut does that."""
    alone = list(dict.fromkeys(texts))
    middle = (longest - 1) // 2
    # both ends alike first, then more of one of them
    tails = sorted(range(longest), key=lambda tail: (abs(tail - middle), tail))
    for tail in tails:
        shown = {text: _cut(text, longest - 1 - tail, tail) for text in alone}
        if all(width(text) <= longest for text in shown.values()) and len(set(shown.values())) == len(alone):
            return [shown[text] for text in texts]
    first, last = _alike(alone), _alike([text[::-1] for text in alone])
    shown = {text: f"{text[:3]}…{text[first : max(first, len(text) - last)]}…{text[-3:]}" for text in alone}
    fits = all(width(text) <= longest for text in shown.values()) and len(set(shown.values())) == len(alone)
    return [shown[text] for text in texts] if fits else None


def _alike(texts: Sequence[str]) -> int:
    """How many letters all begin with."""
    first, last = min(texts), max(texts)
    return next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))


def _cut(text: str, head: int, tail: int) -> str:
    return text if len(text) <= head + tail + 1 else f"{text[:head]}…{text[len(text) - tail :]}"


def counted(number: int, noun: str) -> str:
    """`1 class`, `40 classes`."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def width(text: str) -> int:
    """In letters; those of Chinese, Japanese and Korean are two wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def text_width(text: str, size: float) -> float:
    """In inches, in letters of so many points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family=list(families()), size=size)
    return float(TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]) / 72


@lru_cache(maxsize=4096)
def _drawable(letter: str) -> bool:
    return any(ord(letter) in letters for letters in _letters())


@lru_cache(maxsize=1)
def _letters() -> tuple[frozenset[int], ...]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return tuple(frozenset(get_font(findfont(FontProperties(family=name))).get_charmap()) for name in families())
