"""Pixels of the files that any decoder reads alike; None for all others, which are Pillow's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding import choice
from segladder.data.decoding.plain import GREY, PALETTE, RGB, PlainPng, is_plain_jpeg

if TYPE_CHECKING:
    from PIL.Image import Image

_ORIENTATION = 0x0112
_COLORS = {"L": GREY, "RGB": RGB}


def pixels(path: Path, opened: Image) -> NDArray[np.uint8] | None:
    """An image's pixels, upright, `(H, W)` for Pillow's mode L or `(H, W, 3)` for RGB.

    Args:
        path: the file.
        opened: the same by Pillow, its header read.

    Returns:
        None where the file is not plain, is damaged, or Pillow is the decoder.
    """
    if opened.mode not in _COLORS:
        return None
    if opened.format == "PNG" and (decode := choice.png()) is not None:
        png = PlainPng.of(path.read_bytes())
        return None if png is None or png.color != _COLORS[opened.mode] else _decoded(decode, png, opened)
    if opened.format == "JPEG" and (by := choice.jpeg()) is not None:
        if opened.getexif().get(_ORIENTATION, 1) != 1:
            return None
        data = path.read_bytes()
        return _decoded(by, data, opened) if is_plain_jpeg(data) else None
    return None


def label_values(path: Path) -> NDArray[np.uint8] | None:
    """The values of a label file as they stand, `(H, W)`, the indices of one with a palette.

    Returns:
        None where it is no plain PNG, is damaged, or Pillow is the decoder.
    """
    decode = choice.png() if path.suffix.lower() == ".png" else None
    if decode is None:
        return None
    try:
        png = PlainPng.of(path.read_bytes())
        if png is None or png.color not in (GREY, PALETTE):
            return None
        values = decode(png)
    except Exception:  # Pillow has the sentence for it
        return None
    return values if values.shape == (png.height, png.width) and values.dtype == np.uint8 else None


def _decoded(decode: Callable[[Any], NDArray[np.uint8]], data: Any, opened: Image) -> NDArray[np.uint8] | None:
    try:
        array = decode(data)
    except Exception:  # Pillow has the sentence for it
        return None
    width, height = opened.size
    shape = (height, width) if opened.mode == "L" else (height, width, 3)
    return array if array.shape == shape and array.dtype == np.uint8 else None
