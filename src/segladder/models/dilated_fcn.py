"""FCN over dilated features: one head, no skips; torchvision's FCN, which others call FCN-D8.

Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, in the form that the
DeepLab papers compare with.
"""

from __future__ import annotations

from torch import Tensor, nn

from segladder.models.auxiliary import WithAuxiliary, fcn_head, resized
from segladder.models.backbone import Backbone
from segladder.models.published import FCN_FILES, load_network, published_for, without_own_weights
from segladder.models.settings import check_choice, check_images, check_share, check_sizes, check_weight


class DilatedFCN(nn.Module):
    """An FCN head on dilated features; over a ResNet-50 or -101 at output stride 8 it computes what torchvision's does.

    Args:
        in_channels: channels of the image.
        num_classes: channels of the logits.
        backbone: the choice of encoder.
        output_stride: 8 or 16 pixels of the image per pixel of the last features, by dilation.
        dropout: probability in [0, 1) before the last convolution.
        auxiliary: weight of the loss of a second head on the second-coarsest features, there in training alone; 0:
            no head.
        weights: None; `coco`: torchvision's, with VOC's 21 classes, over resnet50 or resnet101; or the path of a
            state dict, torchvision's or ours.

    Raises:
        UserError: a setting is outside its range, or weights cannot be had or are another network's.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        backbone: Backbone,
        output_stride: int = 8,
        dropout: float = 0.1,
        auxiliary: float = 0.0,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        check_sizes("DilatedFCN", in_channels, num_classes)
        check_choice("model.output_stride", output_stride, (8, 16))
        check_share("model.dropout", dropout)
        check_weight("model.auxiliary", auxiliary)
        published = published_for(weights, backbone, FCN_FILES)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.auxiliary = float(auxiliary)

        backbone = without_own_weights(backbone, weights)
        self.backbone = backbone.features(in_channels=in_channels, output_stride=output_stride)
        self.classifier = fcn_head(self.backbone.channels[-1], num_classes, dropout=dropout)
        middle = self.backbone.channels[self.backbone.auxiliary]
        self.aux_classifier = fcn_head(middle, num_classes) if auxiliary else None
        load_network(self, weights, published)

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        """Logits of each pixel.

        Args:
            x: images, `(B, in_channels, H, W)` float, of any size.

        Returns:
            `(B, num_classes, H, W)`; with an auxiliary head in training mode both heads' logits.

        Raises:
            UserError: another number of channels, or batch norm left with one value per channel to train on.
        """
        check_images(x, self.in_channels, "DilatedFCN")
        last = len(self.backbone.channels) - 1
        if self.aux_classifier is None or not self.training:
            [deep] = self.backbone(x, (last,))
            return resized(self.classifier(deep), x)
        middle, deep = self.backbone(x, (self.backbone.auxiliary, last))
        return WithAuxiliary(resized(self.classifier(deep), x), resized(self.aux_classifier(middle), x))
