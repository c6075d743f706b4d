"""A legend: a swatch and a name per class, wrapped into as many lines as they need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segladder.viz.colorize import Color
from segladder.viz.text import font, shortened, text_width, writable

INK: Color = (30, 30, 30)
PAPER: Color = (255, 255, 255)
FRAME: Color = (150, 150, 150)


def legend(entries: Sequence[tuple[str, Color]], *, width: int, font_size: int = 14) -> NDArray[np.uint8]:
    """Names with their colours on white, in equal columns, read line by line.

    Args:
        entries: name and colour of each class.
        width: of the strip in pixels; a name that does not fit is shortened in its middle.
        font_size: height of the letters in pixels.

    Returns:
        `(height, width, 3)` uint8; height 0 without entries.
    """
    if not entries:
        return np.zeros((0, width, 3), dtype=np.uint8)
    swatch, gap, line = font_size, font_size // 2, round(1.7 * font_size)
    widest = max(text_width(writable(name), font_size) for name, _ in entries)
    # one very long name must not cost the others their columns
    cell = min(swatch + gap + widest + 2 * gap, max(width // 3, 14 * font_size), width)
    columns = min(max(1, width // cell), len(entries))
    lines = -(-len(entries) // columns)
    columns = -(-len(entries) // lines)

    strip = Image.new("RGB", (width, lines * line), PAPER)
    draw = ImageDraw.Draw(strip)
    for index, (name, color) in enumerate(entries):
        left = (index % columns) * cell
        middle = (index // columns) * line + line // 2
        box = (left, middle - swatch // 2, left + swatch, middle - swatch // 2 + swatch)
        draw.rectangle(box, fill=tuple(color), outline=FRAME)
        label = shortened(name, cell - swatch - 2 * gap, font_size)
        draw.text((left + swatch + gap, middle), label, fill=INK, font=font(font_size), anchor="lm")
    return np.asarray(strip)
