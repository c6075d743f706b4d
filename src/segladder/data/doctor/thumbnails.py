"""Small pictures of samples: the image, and beside it what its label says."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.file_view import FileView, picture_of
from segladder.data.doctor.label_look import UNKNOWN
from segladder.data.doctor.look import View
from segladder.types import DatasetInfo

SIDE = 208
"""Longest side of each picture in pixels."""

_ALPHA = 0.55
_UNKNOWN = (255, 0, 255)
_STRIPES = (255, 128)
_STRIPE = 4
_GAP = 4
_RING, _MOST_RINGS = 12, 6
"""Radius of the ring around a spot, and up to how many spots get one."""


@dataclass(frozen=True)
class Wanted:
    """A sample to be drawn; with a twin, the two images beside each other."""

    view: View
    index: int
    twin: tuple[View, int] | None = None


@dataclass
class Artist:
    """Draws what is wanted; it goes to each reading process whole."""

    wanted: list[Wanted]
    info: DatasetInfo

    def draw(self, at: int) -> bytes | None:
        """A JPEG file's bytes; None where nothing of the sample can be read."""
        wanted = self.wanted[at]
        image, classes = wanted.view.pictures(wanted.index)
        panels = [] if image is None else [_small(image)]
        if wanted.twin is not None:
            view, index = wanted.twin
            other, _ = view.pictures(index)
            panels += [] if other is None else [_small(other)]
        elif classes is not None:
            panels.append(self._labelled(image, classes))
        elif isinstance(wanted.view, FileView):
            label = wanted.view.pairs[wanted.index].label
            picture = None if label is None else picture_of(label)
            panels += [] if picture is None else [_small(picture)]
        return _joined(panels) if panels else None

    def _labelled(self, image: NDArray[Any] | None, classes: NDArray[Any]) -> NDArray[np.uint8]:
        """The classes over the image where sizes agree, else alone; unknown values glare however few they are."""
        from PIL import Image

        height, width = _fitted(classes.shape)
        rows = (np.arange(height) * classes.shape[0] // height)[:, None]
        columns = (np.arange(width) * classes.shape[1] // width)[None]
        small = classes[rows, columns]
        palette = np.asarray(self.info.palette, dtype=np.float64)
        known = (small >= 0) & (small < len(palette))
        colors = palette[np.where(known, small, 0)]
        fits = image is not None and image.shape[:2] == classes.shape
        ground = _small(image).astype(np.float64) if image is not None and fits else colors
        painted = (1 - _ALPHA) * ground + _ALPHA * colors
        stripe = np.where((np.arange(height)[:, None] + np.arange(width)) // _STRIPE % 2, *_STRIPES)[..., None]
        striped = np.where(small == self.info.ignore_index, 1, 0)[..., None]
        painted = np.where(striped, (1 - _ALPHA) * ground + _ALPHA * stripe if fits else stripe, painted)
        odd = (classes == UNKNOWN) | ((classes >= len(palette)) & (classes != self.info.ignore_index))
        if odd.any():
            glare = Image.fromarray(odd.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BOX)
            painted[np.asarray(glare) > 0] = _UNKNOWN
            return _ringed(np.rint(painted).astype(np.uint8), np.asarray(glare) > 0)
        return np.rint(painted).astype(np.uint8)


def _fitted(shape: tuple[int, ...]) -> tuple[int, int]:
    factor = min(SIDE / max(shape[:2]), 4.0)
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def _small(picture: NDArray[Any]) -> NDArray[np.uint8]:
    from PIL import Image

    height, width = _fitted(picture.shape)
    way = Image.Resampling.BOX if height <= picture.shape[0] else Image.Resampling.NEAREST
    small: NDArray[np.uint8] = np.asarray(Image.fromarray(picture).resize((width, height), way))
    return small


def _ringed(picture: NDArray[np.uint8], odd: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A ring around each spot that is too small to be seen, where there are but a few."""
    from PIL import Image, ImageDraw
    from scipy import ndimage

    spots = ndimage.find_objects(ndimage.label(odd, structure=np.ones((3, 3)))[0])
    if len(spots) > _MOST_RINGS or any(
        max(rows.stop - rows.start, cols.stop - cols.start) > _RING for rows, cols in spots
    ):
        return picture
    sheet = Image.fromarray(picture)
    pen = ImageDraw.Draw(sheet)
    for rows, columns in spots:
        y, x = (rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2
        for radius, color in ((_RING + 1, (0, 0, 0)), (_RING - 1, (0, 0, 0)), (_RING, _UNKNOWN)):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=2)
    ringed: NDArray[np.uint8] = np.asarray(sheet)
    return ringed


def _joined(panels: list[NDArray[np.uint8]]) -> bytes:
    from PIL import Image

    height = max(panel.shape[0] for panel in panels)
    width = sum(panel.shape[1] for panel in panels) + _GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, height), (127, 127, 127))
    left = 0
    for panel in panels:
        sheet.paste(Image.fromarray(panel), (left, 0))
        left += panel.shape[1] + _GAP
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=82)
    return written.getvalue()
