"""The picture grid: a row per image with input, truth, prediction and errors, a legend below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from segladder.viz.colorize import Color, class_map, colorize
from segladder.viz.errors import ERROR_COLORS, error_map
from segladder.viz.image import to_rgb
from segladder.viz.legend import INK, PAPER, legend
from segladder.viz.text import font, shortened, text_width

SMALL, LARGE = 192, 320
"""Longest side of a panel in pixels: small images are enlarged to about the first, large ones reduced
to the second."""

NARROWEST = 110
"""Least width of a column in pixels, for its title and the captions."""

MARGIN, GAP = 16, 8
TITLE, HEADING, CAPTION = 20, 17, 14
FAINT: Color = (110, 110, 110)
PALE: Color = (225, 225, 225)


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One image of the grid."""

    image: ArrayLike
    """Anything that `to_rgb` reads: `(C, H, W)` or `(H, W, C)`."""
    pred: ArrayLike
    """`(H, W)` integer."""
    truth: ArrayLike | None = None
    """`(H, W)` integer; without it the row has no truth and no errors to show."""
    image_id: str = ""
    iou: float | None = None
    """In [0, 1], for the caption; NaN where the image has none."""
    section: str = ""
    """Rows of the same section stand under its title in the order given: best, worst, random."""


def picture_grid(
    rows: Sequence[GridRow],
    *,
    classes: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int = 255,
    background: int | None = None,
    title: str = "",
    iou_name: str = "IoU",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Image.Image:
    """The grid as one RGB image; `.save(path)` writes it.

    Args:
        rows: the images; those of one section next to each other.
        classes: class names for the legend.
        palette: one colour per class.
        background: the class that stands for "nothing here", where there is one (see `error_map`).
        title: one line above all.
        iou_name: what the number in the captions is called.
        mean: with `std`, the normalisation to undo in the images (see `to_rgb`).
        std: see `mean`.

    Raises:
        ValueError: no rows, or an image, prediction and truth differ in size.
    """
    if not rows:
        raise ValueError("A picture grid needs at least one row.")
    with_truth = any(row.truth is not None for row in rows)
    columns = ["input", "truth", "prediction", "errors"] if with_truth else ["input", "prediction"]
    panels = [
        _panels(
            row,
            columns,
            palette,
            ignore_index,
            background,
            to_rgb(row.image, mean=mean, std=std, size=np.shape(row.pred)),
        )
        for row in rows
    ]
    cell = max(NARROWEST, *(panel.width for line in panels for panel in line if panel is not None))
    width = 2 * MARGIN + len(columns) * cell + (len(columns) - 1) * GAP

    strips = [_space(width, MARGIN)]
    if title:
        strips += [_text_strip(title, width, TITLE), _space(width, GAP // 2)]
    strips.append(_header_strip(columns, cell, width))
    section = ""
    for row, line in zip(rows, panels, strict=True):
        if row.section != section:
            section = row.section
            strips.append(_space(width, GAP))
            if section:
                strips.append(_text_strip(section, width, HEADING, rule=True))
        strips += [_caption_strip(row, iou_name, width), _panel_strip(line, cell, width)]
    strips.append(_space(width, MARGIN))
    strips += _legends(rows, classes, palette, ignore_index, background, with_truth, width)
    strips.append(_space(width, MARGIN // 2))
    return Image.fromarray(np.concatenate([np.asarray(strip) for strip in strips]))


def _panels(
    row: GridRow,
    columns: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int,
    background: int | None,
    rgb: NDArray[np.uint8],
) -> list[Image.Image | None]:
    """The row's pictures at their size in the grid; None where it has no truth."""
    for name, labels in (("prediction", row.pred), ("truth", row.truth)):
        if labels is not None and np.shape(labels) != rgb.shape[:2]:
            raise ValueError(
                f"Image '{row.image_id}' is {rgb.shape[:2]} and its {name} {np.shape(labels)} (height, width)."
            )
    pictures: dict[str, NDArray[np.uint8] | None] = {
        "input": rgb,
        "prediction": colorize(row.pred, palette, ignore_index=ignore_index),
        "truth": None,
        "errors": None,
    }
    if row.truth is not None:
        pictures["truth"] = colorize(row.truth, palette, ignore_index=ignore_index)
        pictures["errors"] = error_map(
            row.pred, row.truth, ignore_index=ignore_index, background=background, image=rgb, layout="HWC"
        )
    return [None if (picture := pictures[name]) is None else _fitted(picture) for name in columns]


def _fitted(picture: NDArray[np.uint8]) -> Image.Image:
    """Enlarged by a whole number with hard pixels, or reduced by averaging: thin errors stay visible."""
    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest > LARGE:
        size = (
            max(1, round(image.width * LARGE / longest)),
            max(1, round(image.height * LARGE / longest)),
        )
        return image.resize(size, Image.Resampling.BOX)
    factor = max(1, SMALL // longest)
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


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


def _caption_strip(row: GridRow, iou_name: str, width: int) -> Image.Image:
    strip = _space(width, round(1.9 * CAPTION))
    draw = ImageDraw.Draw(strip)
    score = ""
    if row.iou is not None:
        score = f"{iou_name} undefined" if math.isnan(row.iou) else f"{iou_name} {row.iou:.3f}"
    score = shortened(score, width - 2 * MARGIN, CAPTION)
    room = width - 2 * MARGIN - (text_width(score, CAPTION) + 2 * GAP if score else 0)
    label = shortened(row.image_id, room, CAPTION)
    baseline = strip.height - round(0.5 * CAPTION)
    draw.text((MARGIN, baseline), label, fill=FAINT, font=font(CAPTION), anchor="ls")
    score_left = MARGIN + (text_width(label, CAPTION) + 2 * GAP if label else 0)
    draw.text((score_left, baseline), score, fill=INK, font=font(CAPTION), anchor="ls")
    return strip


def _text_strip(text: str, width: int, size: int, *, rule: bool = False) -> Image.Image:
    strip = _space(width, round(1.6 * size))
    draw = ImageDraw.Draw(strip)
    label = shortened(text, width - 2 * MARGIN, size)
    draw.text((MARGIN, strip.height // 2), label, fill=INK, font=font(size), anchor="lm")
    if rule:
        draw.line((MARGIN, strip.height - 1, width - MARGIN, strip.height - 1), fill=PALE)
    return strip


def _legends(
    rows: Sequence[GridRow],
    classes: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int,
    background: int | None,
    with_truth: bool,
    width: int,
) -> list[Image.Image]:
    """One strip for the classes and, where errors are shown, one for their colours."""
    entries = list(zip(classes, palette, strict=True))
    maps = [labels for row in rows for labels in (row.pred, row.truth) if labels is not None]
    ignored = any(bool((class_map(labels) == ignore_index).any()) for labels in maps)
    if ignored:
        entries.append(("ignored", (255, 255, 255)))
    strips = [_indented(legend(entries, width=width - 2 * MARGIN, font_size=CAPTION), width)]
    if with_truth:
        kinds = ["false positive", "false negative", "wrong class"]
        if background is None:
            kinds = ["wrong class"]
        elif len(classes) == 2:
            kinds.remove("wrong class")
        if ignored:
            kinds.append("ignored")
        error_entries = [(f"errors: {kind}", ERROR_COLORS[kind]) for kind in kinds]
        strips += [
            _space(width, GAP),
            _indented(legend(error_entries, width=width - 2 * MARGIN, font_size=CAPTION), width),
        ]
    return strips


def _indented(picture: NDArray[np.uint8], width: int) -> Image.Image:
    strip = _space(width, picture.shape[0])
    strip.paste(Image.fromarray(picture), (MARGIN, 0))
    return strip


def _space(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), PAPER)
