"""One image file: what it is, and numbers by which copies of it are known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.images import kind_of, undecodable

if TYPE_CHECKING:
    from PIL.Image import Image

_ORIENTATION = 0x0112
SIDE = 16
"""Of the small grey picture by which images are compared."""


@dataclass(frozen=True, kw_only=True)
class ImageLook:
    """What is known of an image once it was decoded."""

    mode: str
    """Pillow's."""
    channels: int
    deep: bool
    """More than 8 bits."""
    size: tuple[int, int]
    """Height and width, upright."""
    stored: tuple[int, int]
    """Height and width as the file has them, before its EXIF orientation."""
    orientation: int
    content: bytes
    """A hash of its pixels."""
    gradients: int
    """64 bits: is each of 8x8 places darker than its right neighbour (dHash)."""
    small: bytes
    """16x16 grey bytes."""
    constant: bool
    """All pixels have one value."""
    opaque: bool = True
    """No pixel is transparent."""


def look_at_image(path: Path) -> ImageLook:
    """Reads an image file to its end.

    Raises:
        DataError: missing, damaged or cut short.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
            stored = (image.height, image.width)
            orientation = int(image.getexif().get(_ORIENTATION, 1) or 1)
            channels, deep = kind_of(image)
            return ImageLook(
                mode=image.mode,
                channels=channels,
                deep=deep,
                size=stored if orientation < 5 else stored[::-1],
                stored=stored,
                orientation=orientation,
                **_marks(image, deep),
            )
    except Exception as error:  # Pillow's plug-ins raise whatever they like on broken files
        raise undecodable("Image", path, error) from None


def look_at_pixels(pixels: NDArray[Any]) -> ImageLook:
    """As `look_at_image`, of an image `(C, H, W)` that is no file."""
    from PIL import Image

    from segladder.viz import to_rgb

    height, width = pixels.shape[-2:]
    marks = _marks(Image.fromarray(to_rgb(pixels, layout="CHW")), False)
    marks["content"] = hashlib.blake2b(np.ascontiguousarray(pixels).tobytes(), digest_size=16).digest()
    deep = pixels.dtype != np.uint8
    return ImageLook(
        mode=str(pixels.dtype),
        channels=len(pixels),
        deep=deep,
        size=(height, width),
        stored=(height, width),
        orientation=1,
        **marks,
    )


def _marks(image: Image, deep: bool) -> dict[str, Any]:
    from PIL import Image as Images

    found = hashlib.blake2b(f"{image.size} {image.mode} ".encode(), digest_size=16)
    found.update(image.tobytes())
    if deep:
        values = np.asarray(image, dtype=np.float64)
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        constant, opaque = high == low, True
        grey = Images.fromarray(((values - low) * (255 / (high - low or 1))).astype(np.uint8))
    else:
        lows_and_highs: Any = image.getextrema()
        bands = [lows_and_highs] if len(image.getbands()) == 1 else lows_and_highs
        constant, opaque = all(low == high for low, high in bands), _opaque(image, bands)
        grey = image.convert("RGB").convert("L") if image.mode in ("P", "PA") else image.convert("L")
    box = Images.Resampling.BOX
    steps = np.asarray(grey.resize((9, 8), box), dtype=np.int16)
    bits = (steps[:, :-1] < steps[:, 1:]).reshape(-1)
    return {
        "content": found.digest(),
        "gradients": int.from_bytes(np.packbits(bits).tobytes(), "big"),
        "small": grey.resize((SIDE, SIDE), box).tobytes(),
        "constant": constant,
        "opaque": opaque,
    }


def _opaque(image: Image, bands: Sequence[tuple[int, int]]) -> bool:
    """Whether its alpha, or that of the palette's colours that occur, is 255 throughout."""
    if image.mode in ("LA", "PA", "RGBA"):
        return bands[-1][0] == 255
    if image.mode != "P" or "transparency" not in image.info:
        return True
    clear = image.info["transparency"]
    clear = [clear] if isinstance(clear, int) else [index for index, alpha in enumerate(clear) if alpha < 255]
    counts = image.histogram()
    return not any(counts[index] for index in clear)
