"""The head of fully convolutional networks, which also stands beside other heads as an auxiliary one in training."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn


class WithAuxiliary(NamedTuple):
    """What a network with an auxiliary head answers in training mode; both `(B, num_classes, H, W)`."""

    logits: Tensor
    auxiliary: Tensor


def fcn_head(in_channels: int, num_classes: int, *, dropout: float = 0.1) -> nn.Sequential:
    """3x3 convolution to a quarter of the channels, batch norm, ReLU, dropout, 1x1 convolution: torchvision's head."""
    inner = in_channels // 4
    return nn.Sequential(
        nn.Conv2d(in_channels, inner, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Conv2d(inner, num_classes, kernel_size=1),
    )


def resized(logits: Tensor, image: Tensor) -> Tensor:
    """Logits `(B, C, h, w)` at the size of an image `(B, …, H, W)`, bilinear with align_corners=False."""
    return F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
