"""The layout of a picture grid: rows of panels below their columns' names, in sections, with legends at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segladder.viz.colorize import Color
from segladder.viz.legend import INK, PAPER, legend
from segladder.viz.text import font, shortened, text_width

NARROWEST = 110
"""Least width of a column in pixels, for its title and the captions."""

MARGIN, GAP = 16, 8
TITLE, HEADING, CAPTION = 20, 17, 14
FAINT: Color = (110, 110, 110)
PALE: Color = (225, 225, 225)


@dataclass(frozen=True, kw_only=True)
class PanelRow:
    """One line of the grid."""

    panels: Sequence[Image.Image | None]
    """One per column, at its size in the grid; None where there is no truth to show."""
    label: str = ""
    note: str = ""
    """What stands beside the label: the image's score."""
    section: str = ""
    """Rows of the same section stand under its title in the order given."""


def panel_grid(
    rows: Sequence[PanelRow],
    columns: Sequence[str],
    *,
    legends: Sequence[Sequence[tuple[str, Color]]],
    title: str = "",
) -> Image.Image:
    """The grid as one RGB image.

    Args:
        rows: at least one; those of one section next to each other.
        columns: their names.
        legends: each a strip of names with their colours.
        title: one line above all.
    """
    cell = max(NARROWEST, *(panel.width for row in rows for panel in row.panels if panel is not None))
    width = 2 * MARGIN + len(columns) * cell + (len(columns) - 1) * GAP
    strips = [_space(width, MARGIN)]
    if title:
        strips += [_text_strip(title, width, TITLE), _space(width, GAP // 2)]
    strips.append(_header_strip(columns, cell, width))
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            strips.append(_space(width, GAP))
            if section:
                strips.append(_text_strip(section, width, HEADING, rule=True))
        strips += [_caption_strip(row, width), _panel_strip(row.panels, cell, width)]
    strips.append(_space(width, MARGIN))
    for number, entries in enumerate(legends):
        strips += [_space(width, GAP)] if number else []
        strips.append(_indented(legend(entries, width=width - 2 * MARGIN, font_size=CAPTION), width))
    strips.append(_space(width, MARGIN // 2))
    return Image.fromarray(np.concatenate([np.asarray(strip) for strip in strips]))


def score_note(name: str, score: float | None) -> str:
    """The score as a caption says it; nothing where there is none."""
    if score is None:
        return ""
    return f"{name} undefined" if math.isnan(score) else f"{name} {score:.3f}"


def _panel_strip(panels: Sequence[Image.Image | None], cell: int, width: int) -> Image.Image:
    strip = _space(width, max(panel.height for panel in panels if panel is not None) + 2)
    for column, panel in enumerate(panels):
        left = MARGIN + column * (cell + GAP)
        if panel is not None:
            left += (cell - panel.width) // 2
            frame = (left - 1, 0, left + panel.width, panel.height + 1)
            ImageDraw.Draw(strip).rectangle(frame, outline=PALE)
            strip.paste(panel, (left, 1))
        else:
            ImageDraw.Draw(strip).text(
                (left + cell // 2, strip.height // 2), "no truth", fill=FAINT, font=font(CAPTION), anchor="mm"
            )
    return strip


def _header_strip(columns: Sequence[str], cell: int, width: int) -> Image.Image:
    strip = _space(width, round(1.5 * CAPTION))
    draw = ImageDraw.Draw(strip)
    for column, name in enumerate(columns):
        middle = MARGIN + column * (cell + GAP) + cell // 2
        label = shortened(name, cell, CAPTION)
        draw.text((middle, strip.height // 2), label, fill=INK, font=font(CAPTION), anchor="mm")
    return strip


def _caption_strip(row: PanelRow, width: int) -> Image.Image:
    strip = _space(width, round(1.9 * CAPTION))
    draw = ImageDraw.Draw(strip)
    note = shortened(row.note, width - 2 * MARGIN, CAPTION)
    room = width - 2 * MARGIN - (text_width(note, CAPTION) + 2 * GAP if note else 0)
    label = shortened(row.label, room, CAPTION)
    baseline = strip.height - round(0.5 * CAPTION)
    draw.text((MARGIN, baseline), label, fill=FAINT, font=font(CAPTION), anchor="ls")
    note_left = MARGIN + (text_width(label, CAPTION) + 2 * GAP if label else 0)
    draw.text((note_left, baseline), note, fill=INK, font=font(CAPTION), anchor="ls")
    return strip


def _text_strip(text: str, width: int, size: int, *, rule: bool = False) -> Image.Image:
    strip = _space(width, round(1.6 * size))
    draw = ImageDraw.Draw(strip)
    label = shortened(text, width - 2 * MARGIN, size)
    draw.text((MARGIN, strip.height // 2), label, fill=INK, font=font(size), anchor="lm")
    if rule:
        draw.line((MARGIN, strip.height - 1, width - MARGIN, strip.height - 1), fill=PALE)
    return strip


def _indented(picture: NDArray[np.uint8], width: int) -> Image.Image:
    strip = _space(width, picture.shape[0])
    strip.paste(Image.fromarray(picture), (MARGIN, 0))
    return strip


def _space(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), PAPER)
