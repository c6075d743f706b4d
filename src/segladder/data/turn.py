"""Quarter turns, for images that have no up and down: microscopy, aerial pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2


class QuarterTurn(v2.Transform):
    """Turns image, label, masks and boxes by 90, 180 or 270 degrees, each as likely, without touching a pixel's value.

    What is not square keeps its size: it is turned by 180 degrees.
    """

    _transformed_types = (tv_tensors.Image, tv_tensors.Mask, tv_tensors.BoundingBoxes)

    def __init__(self, p: float) -> None:
        """
        Args:
            p: chance of a turn, 0 to 1.
        """
        super().__init__()
        self.p = p

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        image = next(item for item in flat_inputs if isinstance(item, tv_tensors.Image | tv_tensors.Mask))
        chance, which = torch.rand(2, dtype=torch.float64).tolist()
        if chance >= self.p:
            return {"turns": 0}
        height, width = image.shape[-2:]
        return {"turns": 1 + min(int(3 * which), 2) if height == width else 2}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not params["turns"]:
            return inpt
        if isinstance(inpt, tv_tensors.BoundingBoxes):
            return _turned_boxes(inpt, params["turns"])
        turned = torch.rot90(inpt.as_subclass(Tensor), params["turns"], dims=(-2, -1))
        return tv_tensors.wrap(turned.contiguous(), like=inpt)


def _turned_boxes(boxes: tv_tensors.BoundingBoxes, turns: int) -> tv_tensors.BoundingBoxes:
    """Boxes x1 y1 x2 y2 turned against the clock with their image."""
    height, width = boxes.canvas_size
    x1, y1, x2, y2 = boxes.as_subclass(Tensor).unbind(-1)
    for _ in range(turns):
        x1, y1, x2, y2 = y1, width - x2, y2, width - x1
        height, width = width, height
    turned = torch.stack([x1, y1, x2, y2], dim=-1)
    return tv_tensors.BoundingBoxes(turned, format=boxes.format, canvas_size=(height, width))
