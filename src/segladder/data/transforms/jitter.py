"""Brightness, contrast, saturation and hue as one affine map of the channels: of an image, or a batch on a device."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_BLOCK = 1 << 16
"""Pixels that are changed at once."""

# luma of ITU-R BT.601, as in torchvision and Pillow
_GREY = (0.2989, 0.587, 0.114)


@dataclass(frozen=True)
class Jitter:
    """What is done to the colours of one image: the factors in the order in which they apply.

    Hue turns colours around the grey axis (as kornia and TensorFlow in YIQ), not in HSV.
    """

    brightness: float = 1.0
    contrast: float = 1.0
    """Around the mean grey of the brightened image."""
    saturation: float = 1.0
    """Between grey (0) and the image (1) and beyond; of 3 channels alone."""
    hue: float = 0.0
    """A turn in shares of a circle; of 3 channels alone."""

    @classmethod
    def drawn(
        cls, draws: Sequence[float], *, brightness: float, contrast: float, saturation: float, hue: float
    ) -> Jitter:
        """The factors that four numbers in [0, 1) stand for: around 1 (hue: 0) by at most so much, none below 0."""
        about = [2 * draw - 1 for draw in draws]
        return cls(
            max(0.0, 1 + brightness * about[0]),
            max(0.0, 1 + contrast * about[1]),
            max(0.0, 1 + saturation * about[2]),
            hue * about[3],
        )

    @property
    def gain(self) -> float:
        return self.brightness * self.contrast

    @property
    def share(self) -> float:
        """What part of the image's mean grey is added to every channel."""
        return (1 - self.contrast) * self.brightness

    def matrix(self) -> Tensor:
        """What colours are multiplied by, `(3, 3)` float32; its rows sum to the gain, so grey stays grey."""
        return (_turn(self.hue) @ _saturate(self.saturation)) * self.gain

    def packed(self) -> Tensor:
        """The matrix row by row and the share, the bits of 10 float32 as `(10,)` int32: what a batch takes along.

        Under trainer.precision=bf16-true Lightning rounds every float of a batch to 8 bits.
        """
        return torch.cat([self.matrix().flatten(), torch.tensor([self.share])]).view(torch.int32)

    def __call__(self, image: Tensor) -> Tensor:
        """The image `(C, H, W)` on the CPU, changed; bytes are rounded and clipped once, floats are not clipped."""
        channels = image.shape[-3]
        pixels = image.to(torch.float32, memory_format=torch.contiguous_format)
        mean = pixels.mean(dim=(-2, -1))
        grey = mean @ torch.tensor(_GREY) if channels == 3 else mean.mean()
        offset = float(self.share * grey)
        if channels == 3 and (self.saturation != 1 or self.hue != 0):
            matrix, bias = self.matrix(), torch.full((3, 1), offset)
            return _in_blocks(lambda part: torch.addmm(bias, matrix, part), pixels, image.dtype)
        return _in_blocks(lambda part: part.mul(self.gain).add_(offset), pixels, image.dtype)


def _in_blocks(change: Callable[[Tensor], Tensor], pixels: Tensor, dtype: torch.dtype) -> Tensor:
    """`change` of pixels `(C, H, W)`, rounded and clipped where `dtype` is of bytes; a core's cache holds a block."""
    flat = pixels.reshape(len(pixels), -1)
    if dtype.is_floating_point:
        return change(flat).view_as(pixels)
    whole = torch.empty(flat.shape, dtype=dtype)
    for at in range(0, flat.shape[1], _BLOCK):
        part = change(flat[:, at : at + _BLOCK]).round_().clamp_(0, 255)
        # NumPy makes bytes of floats four times as fast as torch
        np.copyto(whole[:, at : at + _BLOCK].numpy(), part.numpy(), casting="unsafe")
    return whole.view_as(pixels)


def jittered(images: Tensor, packed: Tensor) -> Tensor:
    """Images changed as each one's `Jitter` would, up to rounding; on any device.

    Args:
        images: `(B, C, H, W)` uint8 or float.
        packed: `(B, 10)` int32, see `Jitter.packed`.

    Returns:
        Images of the same type, `(B, C, H, W)`.
    """
    pixels = images.float()
    numbers = packed.to(pixels.device).view(torch.float32)[:, :, None, None]
    matrix, share = numbers[:, :9].reshape(-1, 3, 3, 1, 1), numbers[:, 9:]
    mean = pixels.mean(dim=(-2, -1), keepdim=True)
    if images.shape[1] == 3:
        weights = mean.new_tensor(_GREY).view(1, 3, 1, 1)
        # no matrix product: GPUs may round its factors to 10 bits
        changed = share * (mean * weights).sum(1, keepdim=True)
        changed = changed + matrix[:, :, 0] * pixels[:, :1]
        changed = changed.addcmul_(matrix[:, :, 1], pixels[:, 1:2]).addcmul_(matrix[:, :, 2], pixels[:, 2:])
    else:
        # the rows of the matrix sum to the gain
        changed = (pixels * matrix[:, 0].sum(1, keepdim=True)).add_(share * mean.mean(1, keepdim=True))
    return changed if images.is_floating_point() else changed.round_().clamp_(0, 255).to(images.dtype)


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
