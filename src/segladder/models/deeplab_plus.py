"""DeepLabV3+: DeepLabV3's pyramid, refined with features of stride 4.

Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation,
ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segladder.models.aspp import ASPP, conv_norm, dilated_conv, rates_at, separable_conv
from segladder.models.auxiliary import WithAuxiliary, fcn_head, resized
from segladder.models.backbone import Backbone
from segladder.models.deeplab import check_deeplab_settings
from segladder.models.settings import check_images, check_sizes
from segladder.types import UserError


class DeepLabV3Plus(nn.Module):
    """DeepLabV3+ over any backbone with features of stride 4.

    Args:
        in_channels: channels of the image.
        num_classes: channels of the logits.
        backbone: the choice of encoder.
        output_stride: 8 or 16 pixels of the image per pixel of the last features, by dilation.
        atrous_rates: dilations of the pyramid; None: 6, 12, 18 at output stride 16, doubled at 8, halved at 32.
        channels: of the pyramid and the decoder.
        low_channels: what the features of stride 4 are projected to: few, so that they do not outweigh the pyramid.
        separable: depthwise separable 3x3 convolutions in pyramid and decoder, as the paper's largest networks.
        dropout: probability in [0, 1) after the pyramid.
        auxiliary: weight of the loss of an FCN head on the second-coarsest features, there in training alone; 0:
            no head.

    Raises:
        UserError: a setting is outside its range, or the backbone has no features of stride 4.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        backbone: Backbone,
        output_stride: int = 16,
        atrous_rates: Sequence[int] | None = None,
        channels: int = 256,
        low_channels: int = 48,
        separable: bool = False,
        dropout: float = 0.5,
        auxiliary: float = 0.0,
    ) -> None:
        super().__init__()
        check_sizes("DeepLabV3Plus", in_channels, num_classes, channels=channels, low_channels=low_channels)
        check_deeplab_settings(output_stride, atrous_rates, dropout, auxiliary)
        if not isinstance(separable, bool):
            raise UserError(f"model.separable is {separable!r}. Give true or false.")
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.auxiliary = float(auxiliary)

        self.backbone = backbone.features(in_channels=in_channels, output_stride=output_stride)
        self._low = self.backbone.level(4, owner="DeepLabV3Plus")
        rates = tuple(atrous_rates) if atrous_rates is not None else rates_at(self.backbone.strides[-1])
        deep, low = self.backbone.channels[-1], self.backbone.channels[self._low]
        self.pyramid = ASPP(deep, rates, channels=channels, dropout=dropout, separable=separable)
        self.low = conv_norm(low, low_channels)
        conv = separable_conv if separable else dilated_conv
        self.classifier = nn.Sequential(
            conv(channels + low_channels, channels),
            conv(channels, channels),
            nn.Conv2d(channels, num_classes, kernel_size=1),
        )
        middle = self.backbone.channels[self.backbone.auxiliary]
        self.aux_classifier = fcn_head(middle, num_classes) if auxiliary else None

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        """Logits of each pixel.

        Args:
            x: images, `(B, in_channels, H, W)` float, of any size.

        Returns:
            `(B, num_classes, H, W)`; with an auxiliary head in training mode both heads' logits.

        Raises:
            UserError: another number of channels, or a single image to train batch norm on.
        """
        check_images(x, self.in_channels, "DeepLabV3Plus")
        last = len(self.backbone.channels) - 1
        with_auxiliary = self.aux_classifier is not None and self.training
        levels = sorted({self._low, last, *([self.backbone.auxiliary] if with_auxiliary else [])})
        maps = dict(zip(levels, self.backbone(x, levels), strict=True))
        low = self.low(maps[self._low])
        wide = resized(self.pyramid(maps[last]), low)
        logits = resized(self.classifier(torch.cat([wide, low], dim=1)), x)
        if self.aux_classifier is None or not self.training:
            return logits
        return WithAuxiliary(logits, resized(self.aux_classifier(maps[self.backbone.auxiliary]), x))
