"""Random scale and crop in one: the window is chosen first, and only that window is resized."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F


class RandomWindow(v2.Transform):
    """A window of a randomly scaled image, equal in distribution to scaling the whole and cropping after.

    A scale is drawn log-uniformly, the window's size in the source follows (rounded to whole pixels), its
    place is drawn uniformly, and those pixels alone are resized: bilinear with antialiasing for images,
    nearest for masks. Where the scaled image is smaller than the window, it lies at a random place in it; the
    rest of the image is `fill`, of the label `ignore_index`, of instance masks nothing.
    """

    _transformed_types = (tv_tensors.Image, tv_tensors.Mask, tv_tensors.BoundingBoxes)

    def __init__(
        self,
        size: tuple[int, int] | None,
        *,
        scale: tuple[float, float] = (1.0, 1.0),
        fill: float = 0.5,
        ignore_index: int = 255,
    ) -> None:
        """
        Args:
            size: height and width of the result, in pixels; None for the image's own.
            scale: least and most enlargement.
            fill: 0 = black to 1 = white (for float images: in their own units).
            ignore_index: label outside the image.
        """
        super().__init__()
        self.size = size
        self.scale = scale
        self.fill = fill
        self.ignore_index = ignore_index

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        image = next(item for item in flat_inputs if isinstance(item, tv_tensors.Image | tv_tensors.Mask))
        height, width = image.shape[-2:]
        out_h, out_w = self.size or (height, width)
        low, high = (math.log(bound) for bound in self.scale)
        draw = torch.rand(5, dtype=torch.float64).tolist()
        scale = math.exp(low + (high - low) * draw[0])
        top, rows, at_y, shown_h = _side(height, out_h, scale, draw[1], draw[2])
        left, columns, at_x, shown_w = _side(width, out_w, scale, draw[3], draw[4])
        return {
            "source": (top, left, rows, columns),
            "place": (at_y, at_x, shown_h, shown_w),
            "size": (out_h, out_w),
        }

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if isinstance(inpt, tv_tensors.BoundingBoxes):
            return _move_boxes(inpt, params)
        top, left, rows, columns = params["source"]
        window = inpt.as_subclass(Tensor)[..., top : top + rows, left : left + columns]
        shown = params["place"][2:]
        if isinstance(inpt, tv_tensors.Mask):
            # a map (H, W) is of classes, a stack (N, H, W) of objects
            fill: float = self.ignore_index if inpt.ndim == 2 else 0
            return tv_tensors.wrap(_placed(_nearest(window, shown), params, fill), like=inpt)
        if tuple(window.shape[-2:]) != shown:
            window = F.resize_image(window, list(shown), antialias=True)
        fill = self.fill if inpt.is_floating_point() else round(self.fill * 255)
        return tv_tensors.wrap(_placed(window, params, fill), like=inpt)


def _side(length: int, out: int, scale: float, draw: float, draw_place: float) -> tuple[int, int, int, int]:
    """Along one side: first source pixel, source pixels, where they land, pixels they fill there."""
    wanted = max(1, round(out / scale))
    if wanted <= length:
        return min(int(draw * (length - wanted + 1)), length - wanted), wanted, 0, out
    shown = min(out, max(1, round(length * scale)))
    return 0, length, min(int(draw_place * (out - shown + 1)), out - shown), shown


def _nearest(window: Tensor, shown: tuple[int, int]) -> Tensor:
    """Nearest neighbour by indexing, at pixel centres (as bilinear resizing sees them), for any type."""
    if tuple(window.shape[-2:]) == shown:
        return window
    rows, columns = (
        ((torch.arange(new, dtype=torch.float64) + 0.5) * (old / new)).long().clamp_(max=old - 1)
        for new, old in zip(shown, window.shape[-2:], strict=True)
    )
    return window.index_select(-2, rows).index_select(-1, columns)


def _placed(window: Tensor, params: dict[str, Any], fill: float) -> Tensor:
    if tuple(window.shape[-2:]) == params["size"]:
        return window.contiguous()
    at_y, at_x, height, width = params["place"]
    canvas = window.new_full((*window.shape[:-2], *params["size"]), fill)
    canvas[..., at_y : at_y + height, at_x : at_x + width] = window
    return canvas


def _move_boxes(boxes: tv_tensors.BoundingBoxes, params: dict[str, Any]) -> tv_tensors.BoundingBoxes:
    """Boxes follow the window and end at its edges; those outside become empty."""
    top, left, rows, columns = params["source"]
    at_y, at_x, height, width = params["place"]
    moved = boxes.as_subclass(Tensor).clone()
    for axis, first, pixels, at, shown, out in (
        (0, left, columns, at_x, width, params["size"][1]),
        (1, top, rows, at_y, height, params["size"][0]),
    ):
        moved[:, axis::2] = ((moved[:, axis::2] - first) * (shown / pixels) + at).clamp_(0, out)
    return tv_tensors.BoundingBoxes(moved, format=boxes.format, canvas_size=params["size"])
