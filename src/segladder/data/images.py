"""Image files into tensors: whatever Pillow reads, 1 to 4 channels, 8 or 16 bits and more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

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

_EXIF_ORIENTATION = 0x0112
_DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_CHANNELS = {"1": 1, "L": 1, "LA": 2, "P": 3, "PA": 4, "RGB": 3, "RGBA": 4, "RGBX": 3, "CMYK": 3, "YCbCr": 3}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def header(path: Path) -> tuple[int, bool, tuple[int, int]]:
    """Channels, whether deeper than 8 bits, and (height, width) as displayed, from the header alone."""
    with _open(path) as image:
        width, height = image.size
        if image.getexif().get(_EXIF_ORIENTATION, 1) >= 5:
            width, height = height, width
        return _channels(image), image.mode in _DEEP, (height, width)


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
        `(channels, H, W)` uint8, contiguous; float32 in the file's own units where `deep`.

    Raises:
        DataError: missing, undecodable, or of other channels or depth than the rest.
    """
    from PIL import ImageOps

    with _open(path) as image:
        try:
            if (image.mode in _DEEP) != deep:
                kinds = ("8-bit", "deeper than 8 bits")
                raise DataError(
                    f"Image '{path}' is {kinds[image.mode in _DEEP]} (Pillow mode {image.mode}), but the data"
                    f" set's first image is {kinds[deep]}. Store all images alike."
                )
            # decodes the pixels, too
            upright = ImageOps.exif_transpose(image)
            if deep:
                array = np.asarray(upright).astype(np.float32)[None]
                if channels != 1:
                    array = np.repeat(array, channels, axis=0)
                return torch.from_numpy(array)
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
            array = np.asarray(upright.convert(_MODES[channels]))
        except DataError:
            raise
        except Exception as error:  # Pillow's plug-ins raise whatever they like on broken files
            raise undecodable("Image", path, error) from None
    if array.ndim == 2:
        return torch.from_numpy(array[None].copy())
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))


def undecodable(what: str, path: Path, error: Exception) -> DataError:
    return DataError(
        f"{what} '{path}' cannot be decoded ({error or type(error).__name__}): the file is damaged or cut"
        " short. Fetch it again, or take it out of the split."
    )


def _open(path: Path) -> Image:
    from PIL import Image

    try:
        return Image.open(path)
    except FileNotFoundError:
        raise DataError(f"Image '{path}' is not there. Was it moved while in use?") from None
    except Exception as error:
        raise undecodable("Image", path, error) from None


def _channels(image: Image) -> int:
    if image.mode in _DEEP:
        return 1
    if image.mode == "P" and "transparency" in image.info:
        return 4
    return _CHANNELS.get(image.mode, 3)
