"""A sheet of labelled samples: each image beside its label laid over it, a legend below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from segladder.viz.colorize import Color, class_map
from segladder.viz.image import to_rgb
from segladder.viz.legend import INK, PAPER, legend
from segladder.viz.overlay import overlay
from segladder.viz.text import font, shortened

SMALL, LARGE = 192, 400
"""Longest side of a picture in pixels: small images are enlarged to about the first, large ones reduced to the
second."""

MARGIN, GAP, LINE, CAPTION = 16, 8, 24, 14
ABREAST = 2
"""Samples side by side."""

IGNORED: tuple[Color, Color] = ((255, 255, 255), (128, 128, 128))
"""The stripes that mark ignored pixels."""

_STRIPE = 4


@dataclass(frozen=True, kw_only=True)
class SheetSample:
    """One sample of the sheet."""

    image: ArrayLike
    """Anything that `to_rgb` reads: `(C, H, W)` or `(H, W, C)`."""
    classes: ArrayLike
    """`(H, W)` integer."""
    caption: str = ""


def sample_sheet(
    samples: Sequence[SheetSample],
    *,
    classes: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int = 255,
    title: str = "",
    alpha: float = 0.55,
) -> Image.Image:
    """The sheet as one RGB image; `.save(path)` writes it.

    Ignored pixels are striped in white and grey; the legend has the classes that occur, and `ignored` where it does.

    Args:
        samples: at least one, of any sizes.
        classes: class names.
        palette: one colour per class.
        ignore_index: label of ignored pixels.
        title: one line above all.
        alpha: share of the class's colour over the image, 0 to 1.

    Raises:
        ValueError: no samples, or an image and its label differ in size.
    """
    if not samples:
        raise ValueError("A sheet needs at least one sample.")
    cards = [_card(sample, palette, ignore_index, alpha) for sample in samples]
    width = max(card.width for card in cards)
    columns = min(ABREAST, len(cards))
    total = 2 * MARGIN + columns * width + (columns - 1) * 3 * GAP
    strips = [_title(title, total)] if title else [_space(total, MARGIN)]
    for start in range(0, len(cards), columns):
        line = cards[start : start + columns]
        strip = _space(total, max(card.height for card in line) + GAP)
        for column, card in enumerate(line):
            strip.paste(card, (MARGIN + column * (width + 3 * GAP), 0))
        strips.append(strip)
    strips += [_legend(samples, classes, palette, ignore_index, total), _space(total, MARGIN)]
    return Image.fromarray(np.concatenate([np.asarray(strip) for strip in strips]))


def striped(picture: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with diagonal stripes of white and grey on the chosen pixels.

    Args:
        picture: `(H, W, 3)` uint8.
        where: `(H, W)` bool.
    """
    height, width = where.shape
    stripe = (np.arange(height)[:, None] + np.arange(width)) // _STRIPE % 2
    return np.where(where[..., None], np.asarray(IGNORED, dtype=np.uint8)[stripe], picture)


def _card(sample: SheetSample, palette: Sequence[Color], ignore_index: int, alpha: float) -> Image.Image:
    """The caption above the image and its label, at their size in the sheet."""
    labels = class_map(sample.classes)
    rgb = to_rgb(sample.image, size=labels.shape)
    tinted = overlay(rgb, labels, palette, alpha=alpha, ignore_index=ignore_index, layout="HWC")
    left, right = _fitted(rgb), _fitted(tinted)
    # stripes are drawn at the sheet's own size, or reducing would turn them into flat grey
    ignored = Image.fromarray((labels == ignore_index).astype(np.uint8)).resize(right.size, Image.Resampling.NEAREST)
    right = Image.fromarray(striped(np.asarray(right), np.asarray(ignored).astype(bool)))
    card = _space(2 * left.width + GAP, LINE + left.height)
    label = shortened(sample.caption, card.width, CAPTION)
    ImageDraw.Draw(card).text((0, LINE - GAP // 2), label, fill=INK, font=font(CAPTION), anchor="ls")
    card.paste(left, (0, LINE))
    card.paste(right, (left.width + GAP, LINE))
    return card


def _fitted(picture: NDArray[np.uint8]) -> Image.Image:
    """Enlarged by a whole number with hard pixels, or reduced by averaging."""
    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest > LARGE:
        size = (max(1, round(image.width * LARGE / longest)), max(1, round(image.height * LARGE / longest)))
        return image.resize(size, Image.Resampling.BOX)
    factor = max(1, SMALL // longest)
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _legend(
    samples: Sequence[SheetSample], classes: Sequence[str], palette: Sequence[Color], ignore_index: int, width: int
) -> Image.Image:
    found = {int(value) for sample in samples for value in np.unique(class_map(sample.classes))}
    entries = [
        (name, color)
        for index, (name, color) in enumerate(zip(classes, palette, strict=True))
        if index in found and index != ignore_index
    ]
    if ignore_index in found:
        entries.append(("ignored (striped)", IGNORED[0]))
    picture = legend(entries, width=width - 2 * MARGIN, font_size=CAPTION)
    strip = _space(width, picture.shape[0] + GAP)
    strip.paste(Image.fromarray(picture), (MARGIN, GAP))
    return strip


def _title(text: str, width: int) -> Image.Image:
    strip = _space(width, 2 * LINE)
    label = shortened(text, width - 2 * MARGIN, CAPTION + 4)
    ImageDraw.Draw(strip).text((MARGIN, LINE), label, fill=INK, font=font(CAPTION + 4), anchor="lm")
    return strip


def _space(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), PAPER)
