"""Windows, flips and turns of plain tensors: the arithmetic behind augmentation, without random numbers of its own.

Images keep how they lie in memory: a pixel's channels beside each other, as decoders give them, or channel by channel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Window(NamedTuple):
    """A part of an image, and where it lies in the result once it is resized."""

    source: tuple[int, int, int, int]
    """First row, first column, rows, columns of the part."""
    place: tuple[int, int, int, int]
    """First row, first column, height, width in the result."""
    size: tuple[int, int]
    """Height and width of the result."""


def drawn_window(
    size: tuple[int, int], out: tuple[int, int], *, scale: tuple[float, float], draws: Sequence[float]
) -> Window:
    """The window that five numbers stand for.

    Args:
        size: height and width of the image.
        out: height and width of the result.
        scale: least and most enlargement, between which the first number chooses log-uniformly.
        draws: five numbers in [0, 1).
    """
    low, high = (math.log(bound) for bound in scale)
    chosen = math.exp(low + (high - low) * draws[0])
    top, rows, at_y, shown_h = _side(size[0], out[0], chosen, draws[1], draws[2])
    left, columns, at_x, shown_w = _side(size[1], out[1], chosen, draws[3], draws[4])
    return Window((top, left, rows, columns), (at_y, at_x, shown_h, shown_w), out)


def _side(length: int, out: int, scale: float, draw: float, draw_place: float) -> tuple[int, int, int, int]:
    """Along one side: first source pixel, source pixels, where they land, pixels they fill there."""
    wanted = max(1, round(out / scale))
    if wanted <= length:
        return min(int(draw * (length - wanted + 1)), length - wanted), wanted, 0, out
    shown = min(out, max(1, round(length * scale)))
    return 0, length, min(int(draw_place * (out - shown + 1)), out - shown), shown


def windowed_image(image: Tensor, window: Window, *, fill: float) -> Tensor:
    """The window of an image `(..., C, H, W)`: bilinear with antialiasing, `fill` outside; in memory of its own."""
    shown = window.place[2:]
    # resizing a part of a larger image in place takes twice as long as copying it first
    part = compact(_part(image, window))
    if tuple(part.shape[-2:]) != shown:
        from torchvision.transforms.v2 import functional as F

        part = F.resize_image(part, list(shown), antialias=True)
    elif part.data_ptr() == image.data_ptr():
        part = _copy(part)
    return _placed(part, window, fill)


def outside(fill: float, image: Tensor) -> float:
    """What lies outside an image, in its own units: of bytes, 0 = black to 1 = white."""
    return fill if image.is_floating_point() else round(fill * 255)


def windowed_map(values: Tensor, window: Window, *, fill: float) -> Tensor:
    """The window of a map `(..., H, W)`: nearest neighbour, `fill` outside; of any type, in memory of its own."""
    part = _part(values, window)
    shown = window.place[2:]
    if tuple(part.shape[-2:]) == shown:
        return _placed(part.clone(memory_format=torch.contiguous_format), window, fill)
    rows, columns = (_nearest(new, old) for new, old in zip(shown, part.shape[-2:], strict=True))
    # NumPy takes rows and columns of bytes five times as fast as torch
    return _placed(torch.from_numpy(part.numpy().take(rows, axis=-2).take(columns, axis=-1)), window, fill)


def windowed_boxes(boxes: Tensor, window: Window) -> Tensor:
    """Boxes `(N, 4)` x1 y1 x2 y2 that follow the window and end at its edges; those outside become empty."""
    top, left, rows, columns = window.source
    at_y, at_x, height, width = window.place
    moved = boxes.clone()
    for axis, first, pixels, at, shown, out in (
        (0, left, columns, at_x, width, window.size[1]),
        (1, top, rows, at_y, height, window.size[0]),
    ):
        moved[:, axis::2] = ((moved[:, axis::2] - first) * (shown / pixels) + at).clamp_(0, out)
    return moved


def flipped_boxes(boxes: Tensor, *, axis: int, length: int) -> Tensor:
    """Boxes `(N, 4)` x1 y1 x2 y2 mirrored along x (`axis` 0) or y (1) in an image of that length."""
    moved = boxes.clone()
    moved[:, axis], moved[:, axis + 2] = length - boxes[:, axis + 2], length - boxes[:, axis]
    return moved


def drawn_turns(p: float, size: tuple[int, int], draws: Sequence[float]) -> int:
    """Quarter turns that two numbers in [0, 1) stand for, where the chance of any is `p`."""
    if draws[0] >= p:
        return 0
    return 1 + min(int(3 * draws[1]), 2) if size[0] == size[1] else 2


def turned_boxes(boxes: Tensor, turns: int, *, size: tuple[int, int]) -> Tensor:
    """Boxes `(N, 4)` x1 y1 x2 y2 turned by quarters against the clock with their image of that size."""
    height, width = size
    x1, y1, x2, y2 = boxes.unbind(-1)
    for _ in range(turns):
        x1, y1, x2, y2 = y1, width - x2, y2, width - x1
        height, width = width, height
    return torch.stack([x1, y1, x2, y2], dim=-1)


def turned(values: Tensor, turns: int) -> Tensor:
    """Images or maps `(..., H, W)` turned by quarters against the clock."""
    return compact(torch.rot90(values, turns, dims=(-2, -1)))


def interleaved(image: Tensor) -> bool:
    """Whether the channels of a pixel of an image `(C, H, W)` lie beside each other in memory."""
    return image.ndim == 3 and not image.is_contiguous() and image.permute(1, 2, 0).is_contiguous()


def _part(values: Tensor, window: Window) -> Tensor:
    top, left, rows, columns = window.source
    return values[..., top : top + rows, left : left + columns]


def compact(part: Tensor) -> Tensor:
    """Images or maps in as little memory as holds them; interleaved images stay so."""
    if part.ndim == 3 and part.shape[0] > 1 and part.stride(0) == 1:
        return part.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    return part.contiguous()


def _copy(part: Tensor) -> Tensor:
    return part.clone(memory_format=torch.preserve_format)


def _nearest(new: int, old: int) -> NDArray[np.intp]:
    """Which of `old` pixels each of `new` ones is, at pixel centres, as bilinear resizing sees them."""
    places: NDArray[np.intp] = np.minimum((np.arange(new) + 0.5) * (old / new), old - 1).astype(np.intp)
    return places


def _placed(part: Tensor, window: Window, fill: float) -> Tensor:
    if tuple(part.shape[-2:]) == window.size:
        return part
    at_y, at_x, height, width = window.place
    if part.ndim == 3 and interleaved(part):
        canvas = part.new_full((*window.size, part.shape[0]), fill).permute(2, 0, 1)
    else:
        canvas = part.new_full((*part.shape[:-2], *window.size), fill)
    canvas[..., at_y : at_y + height, at_x : at_x + width] = part
    return canvas
