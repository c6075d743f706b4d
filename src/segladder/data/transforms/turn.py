"""Quarter turns, for images that have no up and down: microscopy, aerial pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from segladder.data.transforms.geometry import drawn_turns, turned, turned_boxes


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
        draws = torch.rand(2, dtype=torch.float64).tolist()
        return {"turns": drawn_turns(self.p, tuple(image.shape[-2:]), draws)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not params["turns"]:
            return inpt
        values = inpt.as_subclass(Tensor)
        if isinstance(inpt, tv_tensors.BoundingBoxes):
            size = inpt.canvas_size
            moved = turned_boxes(values, params["turns"], size=size)
            after = size[::-1] if params["turns"] % 2 else size
            return tv_tensors.BoundingBoxes(moved, format=inpt.format, canvas_size=after)
        return tv_tensors.wrap(turned(values, params["turns"]), like=inpt)
