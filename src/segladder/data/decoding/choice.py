"""Which decoder reads PNGs and JPEGs: the user's word, what is installed, and a proof that values stay Pillow's."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.plain import PlainPng
from segladder.data.decoding.png import decode
from segladder.data.errors import DataError

Decode = Callable[[bytes], NDArray[np.uint8]]
"""A file's bytes to `(H, W)` or `(H, W, C)`."""

WORDS = ("auto", "pillow", "torchvision", "imagecodecs")

_preferred = "auto"


def prefer(word: Any) -> None:
    """Chooses the decoder of this process and of those it forks. It changes speed, never a value.

    Args:
        word: `auto`: imagecodecs where it is installed, for JPEGs else torchvision where it is imported already;
            `imagecodecs`; `torchvision`: its JPEG decoder; `pillow`.

    Raises:
        DataError: another word, or one that is not installed.
    """
    global _preferred
    if word not in WORDS:
        raise DataError(f"data.decoder is {word!r}. Give one of {', '.join(WORDS)}.")
    if word == "imagecodecs" and find_spec("imagecodecs") is None:
        raise DataError(
            "data.decoder=imagecodecs, which is not installed. Install it with pip install 'segladder[fast]', or set"
            " data.decoder=auto."
        )
    _preferred = word


def png() -> Callable[[PlainPng], NDArray[np.uint8]] | None:
    """The decoder of plain PNGs; None for Pillow's.

    torchvision's is never taken: a damaged file ends the whole process (torchvision 0.29; as pytorch/vision#3613).
    """
    if _preferred in ("auto", "imagecodecs") and find_spec("imagecodecs") is not None:
        return decode
    return None


def jpeg() -> Decode | None:
    """The decoder of plain JPEGs; None for Pillow's."""
    if _preferred in ("auto", "imagecodecs") and find_spec("imagecodecs") is not None:
        return _imagecodecs_jpeg if _agrees("imagecodecs") else None
    # its import takes seconds: never for the sake of decoding alone, unless asked for
    if _preferred == "torchvision" or (_preferred == "auto" and "torchvision" in sys.modules):
        return _torchvision_jpeg if _agrees("torchvision") else None
    return None


@cache
def _agrees(name: str) -> bool:
    """Whether a decoder gives Pillow's values, tried on drawn pictures: JPEG leaves the rounding to the library."""
    tried = {"imagecodecs": _imagecodecs_jpeg, "torchvision": _torchvision_jpeg}[name]
    try:
        same = all(np.array_equal(tried(data), _by_pillow(data)) for data in _trial_jpegs())
    except Exception:  # whatever a decoder raises on a sound file, it is not one to use
        same = False
    if not same and _preferred == name:
        warnings.warn(
            f"data.decoder={name}: the JPEG library of {name} as installed here rounds otherwise than Pillow's, so"
            " Pillow reads JPEGs.",
            stacklevel=2,
        )
    return same


def _trial_jpegs() -> list[bytes]:
    """Each way of storing colours, with sides that fill no block, smooth and noisy."""
    from PIL import Image

    rows, columns = np.mgrid[:45, :67]
    noise = np.random.default_rng(0).integers(0, 256, (45, 67, 3))
    smooth = np.stack([rows * 5 % 256, columns * 3 % 256, (rows + columns) * 2 % 256], axis=-1)
    picture = np.where(columns[..., None] % 40 < 20, noise, smooth).astype(np.uint8)
    files = []
    for mode, options in (
        ("RGB", {"subsampling": 0}),
        ("RGB", {"subsampling": 1}),
        ("RGB", {"subsampling": 2}),
        ("RGB", {"subsampling": 2, "progressive": True, "quality": 40}),
        ("L", {}),
    ):
        file = BytesIO()
        Image.fromarray(picture).convert(mode).save(file, "JPEG", **options)
        files.append(file.getvalue())
    return files


def _by_pillow(data: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(BytesIO(data)) as image:
        return np.asarray(image)


def _imagecodecs_jpeg(data: bytes) -> NDArray[np.uint8]:
    decoded: NDArray[np.uint8] = _module("imagecodecs").jpeg8_decode(data)
    return decoded


def _torchvision_jpeg(data: bytes) -> NDArray[np.uint8]:
    import torch

    image = _module("torchvision.io").decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    decoded: NDArray[np.uint8] = image.permute(1, 2, 0).numpy()
    return decoded[..., 0] if decoded.shape[2] == 1 else decoded


@cache
def _module(name: str) -> Any:
    return import_module(name)
