"""Atrous spatial pyramid pooling: one map seen at several dilations and as a whole, side by side.

Chen et al.: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017 (DeepLabV3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segladder.models.dilated_conv import DilatedConv2d
from segladder.types import UserError


class ASPP(nn.Module):
    """A 1x1 convolution, a 3x3 convolution per rate and the mean of the map, projected together.

    Names and shapes of the weights are torchvision's. The mean of the map is the same at every pixel, so its part of
    the projection is computed once per image and added, instead of being spread over the map and convolved there.

    Args:
        in_channels: channels of the map.
        rates: dilations of the 3x3 convolutions.
        channels: of every branch and of the result.
        dropout: probability in [0, 1) after the projection.
        separable: depthwise and pointwise instead of full 3x3 convolutions, as in DeepLabV3+.
    """

    def __init__(
        self,
        in_channels: int,
        rates: Sequence[int],
        *,
        channels: int = 256,
        dropout: float = 0.5,
        separable: bool = False,
    ) -> None:
        super().__init__()
        branch = separable_conv if separable else dilated_conv
        self.convs = nn.ModuleList(
            [
                conv_norm(in_channels, channels),
                *(branch(in_channels, channels, dilation=rate) for rate in rates),
                nn.Sequential(nn.AdaptiveAvgPool2d(1), *conv_norm(in_channels, channels)),
            ]
        )
        self.project = nn.Sequential(*conv_norm((len(rates) + 2) * channels, channels), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """`(B, in_channels, h, w)` to `(B, channels, h, w)`.

        Raises:
            UserError: batch norm would train on the mean of a single image.
        """
        *branches, pooling = self.convs
        self._check_batch_norm(x)
        convolution, norm, activation, dropout = self.project
        near = torch.cat([branch(x) for branch in branches], dim=1)
        weight = cast(Tensor, convolution.weight)
        projected = F.conv2d(near, weight[:, : near.shape[1]])
        projected = projected + F.conv2d(pooling(x), weight[:, near.shape[1] :])
        result: Tensor = dropout(activation(norm(projected)))
        return result

    def _check_batch_norm(self, x: Tensor) -> None:
        [norm] = [layer for layer in self.convs[-1].children() if hasattr(layer, "running_mean")]
        if x.shape[0] == 1 and norm.training and isinstance(norm, nn.BatchNorm2d):
            raise UserError(
                "Batch norm cannot train on one image per step: DeepLab's image pooling leaves one value per channel to"
                " take a variance of. Raise data.batch_size to 2 or more per device, or set trainer.sync_batchnorm=true"
                " on several."
            )


def rates_at(output_stride: int, *, reach: int = 96) -> tuple[int, int, int]:
    """The paper's rates for features of this stride: 6, 12, 18 at 16, which see the same pixels as 12, 24, 36 at 8.

    Args:
        output_stride: pixels of the image per pixel of the map.
        reach: pixels of the image between the taps of the first rate.
    """
    first = max(1, reach // output_stride)
    return first, 2 * first, 3 * first


def conv_norm(in_channels: int, out_channels: int) -> nn.Sequential:
    """1x1 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def dilated_conv(in_channels: int, out_channels: int, *, dilation: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU. Keeps height and width."""
    return nn.Sequential(
        DilatedConv2d(in_channels, out_channels, kernel_size=3, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def separable_conv(in_channels: int, out_channels: int, *, dilation: int = 1) -> nn.Sequential:
    """3x3 convolution of each channel by itself, then a 1x1 convolution, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            in_channels,
            kernel_size=3,
            padding=dilation,
            dilation=dilation,
            groups=in_channels,
            bias=False,
        ),
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        *conv_norm(in_channels, out_channels),
    )
