"""Random scale and crop in one: the window is chosen first, and only that window is resized."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from segladder.data.transforms.geometry import (
    Window,
    drawn_window,
    outside,
    windowed_boxes,
    windowed_image,
    windowed_map,
)


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
        draws = torch.rand(5, dtype=torch.float64).tolist()
        window = drawn_window((height, width), self.size or (height, width), scale=self.scale, draws=draws)
        return window._asdict()

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        window, values = Window(**params), inpt.as_subclass(Tensor)
        if isinstance(inpt, tv_tensors.BoundingBoxes):
            moved = windowed_boxes(values, window)
            return tv_tensors.BoundingBoxes(moved, format=inpt.format, canvas_size=window.size)
        if isinstance(inpt, tv_tensors.Mask):
            # a map (H, W) is of classes, a stack (N, H, W) of objects
            fill = self.ignore_index if values.ndim == 2 else 0
            return tv_tensors.wrap(windowed_map(values, window, fill=fill), like=inpt)
        return tv_tensors.wrap(windowed_image(values, window, fill=outside(self.fill, values)), like=inpt)
