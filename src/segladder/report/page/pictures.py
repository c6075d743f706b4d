"""A picture on the page: its file inside, in the size in which its letters are as large as the page's."""

from __future__ import annotations

import struct
from pathlib import Path

from segladder.report.page.embedded import data_uri, escaped

Picture = tuple[str, Path] | tuple[str, str, Path]
"""Caption, words for those who cannot see it (the caption where they are left out), and file."""

_SCREEN = 96
"""Pixels of a screen per inch, as CSS has them."""
_ENLARGED = 1.1
"""Letters of a figure for paper are smaller than those of a page; two figures stand side by side on a wide screen."""


def picture_html(picture: Picture) -> str:
    """A picture with its caption as a figure element.

    Raises:
        UserError: the file cannot be read, or is of a kind that browsers do not show.
    """
    caption, alt, path = escaped(picture[0]), escaped(picture[-2]), picture[-1]
    source = data_uri(path)
    # a caption that is the description as well is read out once
    hidden = ' aria-hidden="true"' if alt == caption else ""
    image = f'<img src="{source}" alt="{alt}"{_size(path)}>'
    return f'<figure><div class="paper">{image}</div><figcaption{hidden}>{caption}</figcaption></figure>'


def _size(path: Path) -> str:
    """Width and height on the page, so that nothing moves while it opens; none where the file does not say."""
    if path.suffix.lower() != ".png" or (pixels := _pixels(path.read_bytes())) is None:
        return ""
    wide, high, per_inch = pixels
    scale = _ENLARGED * _SCREEN / per_inch if per_inch else 1.0
    return f' width="{max(1, round(wide * scale))}" height="{max(1, round(high * scale))}"'


def _pixels(png: bytes) -> tuple[int, int, float | None] | None:
    """Width, height, and pixels per inch where they are told."""
    if png[12:16] != b"IHDR":
        return None
    wide, high = struct.unpack(">II", png[16:24])
    place = png.find(b"pHYs", 0, png.find(b"IDAT"))
    per_inch = None
    if place >= 0 and png[place + 12 : place + 13] == b"\x01":
        per_inch = struct.unpack(">I", png[place + 4 : place + 8])[0] * 0.0254
    return wide, high, per_inch
