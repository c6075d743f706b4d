"""DeepLabV3: a dilated backbone, atrous spatial pyramid pooling, one convolution.

Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from segladder.models.aspp import ASPP, dilated_conv, rates_at
from segladder.models.auxiliary import WithAuxiliary, fcn_head, resized
from segladder.models.backbone import Backbone
from segladder.models.published import DEEPLAB_FILES, load_network, published_for, without_own_weights
from segladder.models.settings import check_choice, check_images, check_share, check_sizes, check_weight, is_whole
from segladder.types import UserError


class DeepLabV3(nn.Module):
    """DeepLabV3 over any backbone; with a ResNet-50 or -101 at output stride 8 it computes what torchvision's does.

    Args:
        in_channels: channels of the image.
        num_classes: channels of the logits.
        backbone: the choice of encoder.
        output_stride: 8 or 16 pixels of the image per pixel of the last features, by dilation; None: 8, or what
            published weights were trained at. 8 is finer, about three times the arithmetic, and takes more memory.
        atrous_rates: dilations of the pyramid; None: 6, 12, 18 at output stride 16, doubled at 8, halved at 32.
        channels: of the pyramid and the head.
        dropout: probability in [0, 1) after the pyramid.
        auxiliary: weight of the loss of an FCN head on the second-coarsest features (of MobileNetV3, where
            torchvision has it, at stride 8), there in training alone; 0: no head.
        weights: None; `coco`: torchvision's, with VOC's 21 classes, over resnet50, resnet101 or mobilenet_v3; or
            the path of a state dict, torchvision's or ours.

    Raises:
        UserError: a setting is outside its range, or weights cannot be had or are another network's.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        backbone: Backbone,
        output_stride: int | None = None,
        atrous_rates: Sequence[int] | None = None,
        channels: int = 256,
        dropout: float = 0.5,
        auxiliary: float = 0.0,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        check_sizes("DeepLabV3", in_channels, num_classes, channels=channels)
        check_deeplab_settings(output_stride, atrous_rates, dropout, auxiliary)
        published = published_for(weights, backbone, DEEPLAB_FILES)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.auxiliary = float(auxiliary)

        stride = output_stride or (published.output_stride if published else 8)
        features = without_own_weights(backbone, weights).features(in_channels=in_channels, output_stride=stride)
        reach = published.reach if published else 96
        rates = tuple(atrous_rates) if atrous_rates is not None else rates_at(features.strides[-1], reach=reach)
        self.backbone = features
        self.classifier = nn.Sequential(
            ASPP(features.channels[-1], rates, channels=channels, dropout=dropout),
            *dilated_conv(channels, channels),
            nn.Conv2d(channels, num_classes, kernel_size=1),
        )
        middle = features.channels[features.auxiliary]
        self.aux_classifier = fcn_head(middle, num_classes) if auxiliary else None
        load_network(self, weights, published)

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        """Logits of each pixel.

        Args:
            x: images, `(B, in_channels, H, W)` float, of any size.

        Returns:
            `(B, num_classes, H, W)`; with an auxiliary head in training mode both heads' logits.

        Raises:
            UserError: another number of channels, or a single image to train batch norm on.
        """
        check_images(x, self.in_channels, "DeepLabV3")
        if self.aux_classifier is None or not self.training:
            [deep] = self.backbone(x, (len(self.backbone.channels) - 1,))
            return resized(self.classifier(deep), x)
        middle, deep = self.backbone(x, (self.backbone.auxiliary, len(self.backbone.channels) - 1))
        return WithAuxiliary(resized(self.classifier(deep), x), resized(self.aux_classifier(middle), x))


def check_deeplab_settings(output_stride: object, atrous_rates: object, dropout: object, auxiliary: object) -> None:
    """Refuses what no DeepLab can be built with.

    Raises:
        UserError: with the setting's name below `model`.
    """
    if output_stride is not None:
        check_choice("model.output_stride", output_stride, (8, 16))
    if atrous_rates is not None:
        rates = list(atrous_rates) if isinstance(atrous_rates, Sequence) else []
        if not rates or not all(is_whole(rate) and rate > 0 for rate in rates):
            raise UserError(
                f"model.atrous_rates is {atrous_rates!r}. Give whole numbers from 1, such as [6,12,18], or null."
            )
    check_share("model.dropout", dropout)
    check_weight("model.auxiliary", auxiliary)
