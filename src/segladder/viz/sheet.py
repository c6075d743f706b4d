"""A sheet of labelled samples: each image beside its classes or objects laid over it, a legend below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from segladder.types import Objects
from segladder.viz.colorize import Color, class_map
from segladder.viz.fit import fitted
from segladder.viz.image import to_rgb
from segladder.viz.instances import CROWD, check_size, draw_objects, numbers_of
from segladder.viz.legend import INK, PAPER, legend
from segladder.viz.overlay import overlay
from segladder.viz.text import font, shortened

SMALL, LARGE = 192, 400
"""Longest side of a picture in pixels: small images are enlarged to about the first, large ones reduced to the
second."""

SMALL_OBJECTS = 256
"""As `SMALL`, where names of objects need room."""

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
    label: ArrayLike | Objects
    """`(H, W)` integer, the class of each pixel; or the image's objects."""
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
    Objects have a colour each, and their names beside them.

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
    cards = [_card(sample, classes, palette, ignore_index, alpha) for sample in samples]
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


def _card(
    sample: SheetSample, classes: Sequence[str], palette: Sequence[Color], ignore_index: int, alpha: float
) -> Image.Image:
    """The caption above the image and its label, at their size in the sheet."""
    left, right = (
        _objects(sample.image, sample.label, classes)
        if isinstance(sample.label, Objects)
        else _tinted(sample.image, class_map(sample.label), palette, ignore_index, alpha)
    )
    card = _space(2 * left.width + GAP, LINE + left.height)
    caption = shortened(sample.caption, card.width, CAPTION)
    ImageDraw.Draw(card).text((0, LINE - GAP // 2), caption, fill=INK, font=font(CAPTION), anchor="ls")
    card.paste(left, (0, LINE))
    card.paste(right, (left.width + GAP, LINE))
    return card


def _tinted(
    image: ArrayLike, labels: NDArray[np.integer], palette: Sequence[Color], ignore_index: int, alpha: float
) -> tuple[Image.Image, Image.Image]:
    """The image, and the image with its classes over it."""
    rgb = to_rgb(image, size=labels.shape)
    tinted = overlay(rgb, labels, palette, alpha=alpha, ignore_index=ignore_index, layout="HWC")
    left, right = fitted(rgb, small=SMALL, large=LARGE), fitted(tinted, small=SMALL, large=LARGE)
    # stripes are drawn at the sheet's own size, or reducing would turn them into flat grey
    ignored = Image.fromarray((labels == ignore_index).astype(np.uint8)).resize(right.size, Image.Resampling.NEAREST)
    return left, Image.fromarray(striped(np.asarray(right), np.asarray(ignored).astype(bool)))


def _objects(image: ArrayLike, objects: Objects, classes: Sequence[str]) -> tuple[Image.Image, Image.Image]:
    """The image, and the image with its objects over it."""
    rgb = to_rgb(image, size=objects.size)
    check_size(rgb, objects, "The image")
    left = fitted(rgb, small=SMALL_OBJECTS, large=LARGE)
    numbers = numbers_of(objects, (left.height, left.width))
    return left, Image.fromarray(draw_objects(np.asarray(left), objects, classes, numbers=numbers))


def _legend(
    samples: Sequence[SheetSample], classes: Sequence[str], palette: Sequence[Color], ignore_index: int, width: int
) -> Image.Image:
    maps = [class_map(sample.label) for sample in samples if not isinstance(sample.label, Objects)]
    found = {int(value) for labels in maps for value in np.unique(labels)}
    entries = [
        (name, color)
        for index, (name, color) in enumerate(zip(classes, palette, strict=True))
        if index in found and index != ignore_index
    ]
    if ignore_index in found:
        entries.append(("ignored (striped)", IGNORED[0]))
    if any(sample.label.iscrowd.any() for sample in samples if isinstance(sample.label, Objects)):
        entries.append(("crowd", CROWD))
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
