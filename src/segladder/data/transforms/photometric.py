"""Brightness, contrast, saturation and hue in one pass, as a transform of torchvision's v2 interface."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from segladder.data.transforms.jitter import Jitter


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
        draws = torch.rand(4, dtype=torch.float64).tolist()
        return asdict(
            Jitter.drawn(
                draws,
                brightness=self.brightness,
                contrast=self.contrast,
                saturation=self.saturation,
                hue=self.hue,
            )
        )

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return tv_tensors.wrap(Jitter(**params)(inpt.as_subclass(Tensor)), like=inpt)
