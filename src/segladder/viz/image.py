"""Any image the framework handles as 8-bit RGB: layouts, bit depths, channel counts, normalisation undone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_CHANNELS = 4
_UNIT_LIMIT = 2.0
"""A float image that stays within ±2 is taken as [0, 1] with noise around it, one beyond as data units."""


def to_rgb(
    image: ArrayLike,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    value_range: tuple[float, float] | None = None,
    layout: str = "auto",
    size: tuple[int, ...] | None = None,
) -> NDArray[np.uint8]:
    """The image as a person can look at it.

    Values become brightness like this: uint8 as it is; bool black and white; other integers stretched from
    the image's least to its greatest value; floats within ±2 clipped to [0, 1], others stretched like
    integers. `value_range` replaces the guess. NaN and infinities are black.

    Channels: one is grey; two are red and green; of four and more the first three are shown.

    Args:
        image: `(H, W)`, `(C, H, W)` or `(H, W, C)`, array or tensor on the CPU.
        mean: with `std`, per channel: the image was normalised with these, `image * std + mean` undoes it.
        std: see `mean`.
        value_range: values that become black and white.
        layout: `CHW`, `HWC`, or `auto`: channels are the axis of length 1 to 4, the first where both are.
        size: height and width, where known: decides `auto` for images a few pixels small.

    Returns:
        `(H, W, 3)` uint8.

    Raises:
        ValueError: not an image of these forms.
    """
    pixels = _channels_last(np.asarray(image), layout, size)
    if (mean is None) != (std is None):
        raise ValueError("Give mean and std together.")
    if mean is not None and std is not None:
        pixels = pixels.astype(np.float64) * np.asarray(std) + np.asarray(mean)
    grey_or_color = _to_bytes(pixels[..., :3], value_range)
    channels = grey_or_color.shape[-1]
    if channels == 1:
        return np.repeat(grey_or_color, 3, axis=-1)
    if channels == 2:
        return np.concatenate([grey_or_color, np.zeros_like(grey_or_color[..., :1])], axis=-1)
    return np.ascontiguousarray(grey_or_color)


def _channels_last(image: NDArray[np.generic], layout: str, size: tuple[int, ...] | None) -> NDArray[np.generic]:
    if layout not in ("auto", "CHW", "HWC"):
        raise ValueError(f"layout is {layout!r}; choose auto, CHW or HWC.")
    if image.ndim == 2:
        return image[..., None]
    if image.ndim != 3:
        raise ValueError(f"An image is (H, W), (C, H, W) or (H, W, C); this is {image.shape}.")
    if layout == "auto":
        if size is None:
            channels_last = image.shape[0] > MAX_CHANNELS and image.shape[-1] <= MAX_CHANNELS
        else:
            channels_last = image.shape[:2] == size and image.shape[1:] != size
        layout = "HWC" if channels_last else "CHW"
    return np.moveaxis(image, 0, -1) if layout == "CHW" else image


def _to_bytes(pixels: NDArray[np.generic], value_range: tuple[float, float] | None) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8 and value_range is None:
        return pixels.astype(np.uint8)
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    values = pixels.astype(np.float64)
    finite = np.isfinite(values)
    if value_range is None:
        value_range = _guess_range(values[finite], np.issubdtype(pixels.dtype, np.floating))
    low, high = value_range
    values = np.where(finite, values, low)
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)


def _guess_range(values: NDArray[np.float64], is_float: bool) -> tuple[float, float]:
    if values.size == 0 or (is_float and np.abs(values).max() <= _UNIT_LIMIT):
        return 0.0, 1.0
    return float(values.min()), float(values.max())
