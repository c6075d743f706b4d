"""One label file: which values it holds and what they mean, or which colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.labels import LabelReader, read_values
from segladder.data.doctor.look import Color
from segladder.data.errors import DataError

UNKNOWN = -1
"""The class of a value that means nothing."""

_MOST_COLORS = 300


class Meaning:
    """What each value of a label file means to a reader."""

    def __init__(self, labels: LabelReader) -> None:
        settings = labels.settings()
        self.ignore_index = labels.ignore_index
        self._table = np.full(65536, settings["others"], dtype=np.int64)
        for value, index in settings["values"].items():
            self._table[int(value)] = index
        unknown = np.flatnonzero(self._table == UNKNOWN)
        self.top = int(unknown[0]) - 1 if len(unknown) else len(self._table) - 1
        """The last of the values 0, 1, 2, ... that mean something; -1 where 0 means nothing."""

    def __call__(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Class of each, `UNKNOWN` for those that mean nothing."""
        classes: NDArray[np.int64] = self._table[values]
        return classes

    def of(self, value: int) -> int:
        return int(self._table[value])

    def meant(self, value: int) -> int | None:
        """As `of`, None for what is ignored."""
        index = self.of(value)
        return None if index == self.ignore_index else index


def counted(values: NDArray[Any]) -> dict[int, int]:
    """Value -> pixels."""
    counts = np.bincount(values.reshape(-1))
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def colors_of(path: Path) -> tuple[dict[Color, int], bool, tuple[int, int]] | None:
    """The colours of a label that is a colour picture, whether there are more than fit, and its height and width; None
    where it is none, or broken."""
    picture = rgb_of(path)
    if picture is None:
        return None
    packed = (picture[..., 0].astype(np.int64) << 16) | (picture[..., 1].astype(np.int64) << 8) | picture[..., 2]
    codes, counts = np.unique(packed, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_COLORS]
    found = {
        (int(code) >> 16, (int(code) >> 8) & 255, int(code) & 255): int(count)
        for code, count in zip(codes[order], counts[order], strict=True)
    }
    height, width = packed.shape
    return found, len(codes) > _MOST_COLORS, (height, width)


def rgb_of(path: Path) -> NDArray[np.uint8] | None:
    """A colour picture's pixels `(H, W, 3)`; None for any other file."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode not in ("RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
                return None
            return np.asarray(image.convert("RGB"))
    except Exception:  # whatever Pillow's plug-ins raise on broken files
        return None


def size_of(values: NDArray[Any]) -> tuple[int, int]:
    height, width = values.shape
    return height, width


def values_or_none(path: Path) -> NDArray[Any] | None:
    """The file's values; None where they cannot be read."""
    try:
        return read_values(path)
    except DataError:
        return None
