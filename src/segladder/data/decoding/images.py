"""Image files into tensors: whatever Pillow reads, 1 to 4 channels, 8 or 16 bits and more."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from segladder.data import decoding
from segladder.data.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset(
    [
        ".bmp",
        ".gif",
        ".jp2",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tga",
        ".tif",
        ".tiff",
        ".webp",
        ".avif",
    ],
)

ADVICE = "Fetch it again, take it out of the split, or go on without it: data.on_bad_sample=skip."
"""What to do about a broken file."""

_EXIF_ORIENTATION = 0x0112
_DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_CHANNELS = {"1": 1, "L": 1, "LA": 2, "P": 3, "PA": 4, "RGB": 3, "RGBA": 4, "RGBX": 3, "CMYK": 3, "YCbCr": 3}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def header(path: Path) -> tuple[int, bool, tuple[int, int]]:
    """Channels, whether deeper than 8 bits, and (height, width) as displayed, from the header alone."""
    with _open(path) as image:
        width, height = image.size
        try:
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
        except Exception as error:  # a PNG is read to its end for it
            raise undecodable("Image", path, error) from None
        if orientation >= 5:
            width, height = height, width
        return *kind_of(image), (height, width)


def first_readable(paths: Iterable[Path]) -> Path:
    """The first image whose header can be read, else the very first: one bad file is told when its turn comes.

    Args:
        paths: at least one.
    """
    first: Path | None = None
    for path in paths:
        first = first or path
        try:
            header(path)
        except DataError:
            continue
        return path
    assert first is not None, "a split is never empty"
    return first


def kind_of(image: Image) -> tuple[int, bool]:
    """Channels of an opened image, and whether it is deeper than 8 bits."""
    return _channels(image), image.mode in _DEEP


def read_image(path: Path, *, channels: int, deep: bool = False, narrow: bool = False) -> Tensor:
    """The image upright (EXIF orientation applied).

    Grey becomes RGB where three channels are wanted, alpha is dropped; palettes become RGB. Colour becomes
    grey, and channels are cut, only where `narrow` allows it.

    Args:
        path: any image file that Pillow reads.
        channels: channels wanted, 1 to 4.
        deep: whether the set's images have more than 8 bits.
        narrow: whether losing channels is meant (the data set says so), not an accident.

    Returns:
        `(channels, H, W)` uint8, a pixel's channels beside each other in memory as decoders give them; float32 in the
        file's own units where `deep`.

    Raises:
        DataError: missing, undecodable, or of other channels or depth than the rest.
    """
    with _open(path) as image:
        try:
            if (image.mode in _DEEP) != deep:
                kinds = ("8-bit", "deeper than 8 bits")
                raise DataError(
                    f"Image '{path}' is {kinds[image.mode in _DEEP]} (Pillow mode {image.mode}), but the data"
                    f" set's first image is {kinds[deep]}. Store all images alike."
                )
            if deep:
                values = np.asarray(_upright(image)).astype(np.float32)[None]
                return torch.from_numpy(values if channels == 1 else np.repeat(values, channels, axis=0))
            found = _channels(image)
            # grey+alpha and RGB+alpha count as grey and RGB: alpha is rarely seen by who drew the labels
            loses = found > channels and (found, channels) not in {(2, 1), (4, 3)}
            gains = found < channels and not (channels == 3 and found in (1, 2))
            if (loses and not narrow) or gains:
                raise DataError(
                    f"Image '{path}' has {found} channels (Pillow mode {image.mode}), but the data set has"
                    f" {channels}."
                    f' Set "channels" in dataset.json (or data.channels=) to what all images have.'
                )
            array = decoding.pixels(path, image) if found == channels else None
            if array is None:
                # Pillow's own memory is not to be written to
                array = np.array(_upright(image).convert(_MODES[channels]))
        except DataError:
            raise
        except Exception as error:  # Pillow's plug-ins raise whatever they like on broken files
            raise undecodable("Image", path, error) from None
    return torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))


def undecodable(what: str, path: Path, error: Exception) -> DataError:
    return DataError(
        f"{what} '{path}' cannot be decoded ({error or type(error).__name__}): the file is damaged or cut"
        f" short. {ADVICE}"
    )


def _open(path: Path) -> Image:
    from PIL import Image

    try:
        return Image.open(path)
    except FileNotFoundError:
        raise DataError(f"Image '{path}' is not there. Was it moved while in use?") from None
    except Exception as error:
        raise undecodable("Image", path, error) from None


def _upright(image: Image) -> Image:
    """The image decoded, its EXIF orientation applied."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _channels(image: Image) -> int:
    if image.mode in _DEEP:
        return 1
    if image.mode == "P" and "transparency" in image.info:
        return 4
    return _CHANNELS.get(image.mode, 3)
