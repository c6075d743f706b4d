"""Brightness, contrast, saturation and hue in one pass: together they are one affine map of the channels."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

# luma of ITU-R BT.601, as in torchvision and Pillow
_GREY = (0.2989, 0.587, 0.114)


class Photometric(v2.Transform):
    """Random brightness, contrast, saturation and hue; touches images alone.

    Each factor is drawn as in `v2.ColorJitter`, in a fixed order, and the composed map is applied once
    (torchvision rounds and clips after every step). Hue turns colours around the grey axis (as kornia and
    TensorFlow in YIQ), not in HSV. Saturation and hue need 3 channels and leave others alone; float images
    are not clipped.
    """

    _transformed_types = (tv_tensors.Image,)

    def __init__(
        self, *, brightness: float = 0.0, contrast: float = 0.0, saturation: float = 0.0, hue: float = 0.0
    ) -> None:
        """
        Args:
            brightness: factor in [1 - brightness, 1 + brightness], not below 0.
            contrast: likewise, around the image's mean grey.
            saturation: likewise, between grey (0) and the image (1) and beyond.
            hue: turn in [-hue, hue] shares of a circle.
        """
        super().__init__()
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        draw = (torch.rand(4, dtype=torch.float64) * 2 - 1).tolist()
        return {
            "brightness": max(0.0, 1 + self.brightness * draw[0]),
            "contrast": max(0.0, 1 + self.contrast * draw[1]),
            "saturation": max(0.0, 1 + self.saturation * draw[2]),
            "hue": self.hue * draw[3],
        }

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        image = inpt.as_subclass(Tensor)
        channels = image.shape[-3]
        pixels = image.float()
        mean = pixels.mean(dim=(-2, -1))
        grey = mean @ torch.tensor(_GREY) if channels == 3 else mean.mean()
        gain = params["brightness"] * params["contrast"]
        # contrast mixes with the mean grey of the brightened image
        offset = float((1 - params["contrast"]) * params["brightness"] * grey)
        if channels == 3 and (params["saturation"] != 1 or params["hue"] != 0):
            matrix = (_turn(params["hue"]) @ _saturate(params["saturation"])) * gain
            # rows sum to the gain, so an offset of grey stays an offset of grey
            changed = torch.addmm(torch.full((3, 1), offset), matrix, pixels.reshape(3, -1)).view_as(pixels)
        else:
            changed = pixels.mul(gain).add_(offset)
        if not image.is_floating_point():
            changed = changed.round_().clamp_(0, 255).to(image.dtype)
        return tv_tensors.wrap(changed, like=inpt)


def _saturate(factor: float) -> Tensor:
    grey = torch.tensor(_GREY).expand(3, 3)
    return factor * torch.eye(3) + (1 - factor) * grey


def _turn(share: float) -> Tensor:
    """Rotation around the grey axis (1, 1, 1) by a share of a full circle (Rodrigues' formula)."""
    cos, sin = math.cos(2 * math.pi * share), math.sin(2 * math.pi * share)
    third, root = (1 - cos) / 3, sin / math.sqrt(3)
    return torch.tensor(
        [
            [cos + third, third - root, third + root],
            [third + root, cos + third, third - root],
            [third - root, third + root, cos + third],
        ]
    )
