"""Any picture as a trained network takes it: upright, in its channels, at its depth."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from segladder.types import DatasetInfo, UserError

CHANGES = {
    "turned": "turned upright as the camera noted (EXIF orientation)",
    "grey": "in colour and turned grey, as the network was trained on grey images",
    "shallower": "16-bit and divided by 257, as the network was trained on 8-bit images",
    "deeper": "8-bit and multiplied by 257, as the network was trained on 16-bit images",
}
"""What reading may do to a picture, as the end of "3 images were …"."""

_ORIENTATION = 0x0112
_DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_CHANNELS = {"1": 1, "L": 1, "LA": 2, "La": 2, "PA": 4, "RGBA": 4, "RGBa": 4}
_FITTING = {(1, 3), (2, 3), (4, 3), (2, 1), (3, 1), (4, 1)}
"""Channels found and wanted, where they differ and one can be made of the other: grey repeated, alpha dropped,
colour turned grey."""


@dataclass(frozen=True)
class Picture:
    """An image ready for a network."""

    raw: Tensor
    """`(C, H, W)` uint8, or float32 in the data set's own units."""
    changes: frozenset[str] = frozenset()
    """Keys of `CHANGES`."""


def read_picture(path: str | Path, info: DatasetInfo) -> Picture:
    """Reads an image file of any mode that Pillow knows: grey, palette, 1-bit, alpha, 16-bit, CMYK.

    Args:
        path: of the file.
        info: channels, and by mean and std the depth, of the images that the network was trained on.

    Raises:
        UserError: there is no such file, it cannot be decoded, or its channels or values cannot be made to fit.
    """
    path = Path(path)
    try:
        with _of_any_size(), Image.open(path) as image:
            return picture_of(image, info, name=f"Image '{path}'")
    except FileNotFoundError:
        raise UserError(f"Image '{path}' is not there. Check the path.") from None
    except UserError:
        raise
    except Exception as error:  # Pillow's plug-ins raise whatever they like on broken files
        raise UserError(
            f"Image '{path}' cannot be decoded ({error or type(error).__name__}): it is damaged, or no picture."
        ) from None


def picture_of(image: Image.Image, info: DatasetInfo, *, name: str = "The image") -> Picture:
    """A Pillow image as the network takes it; see `read_picture`."""
    changes = {"turned"} if image.getexif().get(_ORIENTATION, 1) not in (0, 1) else set()
    # huge images are not copied where nothing is to be done
    upright = ImageOps.exif_transpose(image) if changes else image
    if upright.mode in _DEEP:
        picture = _from_deep(np.asarray(upright)[..., None], info, name=name)
        return Picture(picture.raw, frozenset(changes) | picture.changes)
    if upright.mode == "P" and "transparency" in upright.info:
        upright = upright.convert("RGBA")
    found = _CHANNELS.get(upright.mode, 3)
    _require_fit(found, info, name=f"{name} (Pillow mode {image.mode})")
    if info.channels == 1 and found >= 3:
        changes.add("grey")
    mode = _MODES[info.channels]
    array = np.atleast_3d(np.asarray(upright if upright.mode == mode else upright.convert(mode)))
    raw = torch.from_numpy(np.array(np.moveaxis(array, -1, 0), order="C"))
    if in_own_units(info):
        return Picture(raw.float() * 257, frozenset({*changes, "deeper"}))
    return Picture(raw, frozenset(changes))


def as_raw(image: Tensor | NDArray[Any] | Image.Image | str | Path, info: DatasetInfo) -> Tensor:
    """One image from anywhere as `(C, H, W)`, uint8 or float32 in the data set's own units.

    Args:
        image: a file's path, a Pillow image, an array `(H, W)` or `(H, W, C)`, or a tensor `(C, H, W)`; bool,
            8-bit (in any type of whole numbers), 16-bit (uint16, or others with values above 255), or floats in the
            data set's own units ([0, 1] where it was trained on 8-bit images).
        info: see `read_picture`.

    Raises:
        UserError: its channels or values cannot be made to fit.
    """
    if isinstance(image, str | Path):
        return read_picture(image, info).raw
    if isinstance(image, Image.Image):
        return picture_of(image, info).raw
    if isinstance(image, Tensor):
        if image.ndim != 3:
            raise UserError(f"A tensor {tuple(image.shape)} is no image. Give (C, H, W), one image at a time.")
        array = np.moveaxis(image.detach().cpu().numpy(), 0, -1)
    else:
        array = np.asarray(image)
    if array.size == 0 or array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[-1] <= 4):
        raise UserError(f"An array {array.shape} is no image. Give (H, W) or (H, W, C) with 1 to 4 channels.")
    array = array[..., None] if array.ndim == 2 else array
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype != np.uint8:
        return _from_deep(array, info, name="The image").raw
    squeezed = np.ascontiguousarray(array[..., 0] if array.shape[-1] == 1 else array)
    return picture_of(Image.fromarray(squeezed), info).raw


def in_own_units(info: DatasetInfo) -> bool:
    """Whether a data set's images are deeper than 8 bits: mean and std are then in units of the files."""
    return any(abs(mean) > 1 for mean in info.mean) or any(std > 1 for std in info.std)


def _from_deep(array: NDArray[Any], info: DatasetInfo, *, name: str) -> Picture:
    """Of more than 8 bits, `(H, W, C)`."""
    if array.shape[-1] != 1 or info.channels != 1:
        _require_fit(array.shape[-1], info, name=name, colors_alone=True)
    changes = frozenset[str]()
    whole = array.dtype.kind in "iu"
    # noise may carry synthetic images beyond [0, 1], whose mean and std say that they are taken as they are
    free = in_own_units(info) or (not whole and all(m == 0 for m in info.mean) and all(s == 1 for s in info.std))
    if free or array.size == 0:
        values = array.astype(np.float32)
    else:
        low, high = array.min(), array.max()
        if not (low >= 0 and high <= (65535 if whole else 1)):
            fitting = "whole numbers from 0 to 65535" if whole else "floats from 0 to 1"
            raise UserError(
                f"{name} holds values from {low:.6g} to {high:.6g}, and how bright those are cannot be told: give"
                f" 8-bit pixels, or {fitting}."
            )
        values = array.astype(np.float32)
        if whole and high <= 255 and array.dtype != np.uint16:
            # 8-bit pixels in a wider type, as NumPy's and torch's arithmetic leaves them
            values = array.astype(np.uint8)
        elif whole:
            values = np.rint(values / 257).astype(np.uint8)
            changes = frozenset({"shallower"})
    raw = torch.from_numpy(np.ascontiguousarray(np.moveaxis(values, -1, 0)))
    return Picture(raw if len(raw) == info.channels else raw.repeat(info.channels, 1, 1), changes)


def _require_fit(found: int, info: DatasetInfo, *, name: str, colors_alone: bool = False) -> None:
    wanted = info.channels
    fits = found == wanted or (found, wanted) in ({(1, 3)} if colors_alone else _FITTING)
    if not fits:
        raise UserError(
            f"{name} has {found} channel{'s' if found > 1 else ''}, and the network was trained on {wanted}"
            f" ('{info.name}'). Give images with {wanted}."
        )


@contextmanager
def _of_any_size() -> Iterator[None]:
    """Pillow warns of images above 89 million pixels and refuses twice that; here a user opens his own files."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
