"""FCN: the coarse scores of a backbone, refined by those of its finer stages.

Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segladder.models.backbone import Backbone
from segladder.models.settings import check_choice, check_images, check_share, check_sizes

UPSAMPLINGS = ("learned", "bilinear")


class FCN(nn.Module):
    """FCN-32s, FCN-16s or FCN-8s over any backbone.

    Each stage from stride 32 down to `stride` scores every class with a 1x1 convolution. Scores are doubled in size and
    added to those of the next finer stage; the last ones are enlarged to the image by bilinear interpolation. As in the
    paper the finer stages' scores start at zero, so that an FCN-8s starts as an FCN-32s.

    Args:
        in_channels: channels of the image.
        num_classes: channels of the logits.
        backbone: the choice of encoder.
        stride: 8, 16 or 32: the finest stage that is scored.
        upsampling: how scores are doubled: `learned`: transposed convolutions that start as bilinear interpolation;
            `bilinear`: interpolation. Without effect at stride 32, where none are doubled.
        dropout: probability in [0, 1) with which a channel of the coarsest features is zeroed in training.

    Raises:
        UserError: a setting is outside its range, or the backbone has no features of a stride that is wanted.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        backbone: Backbone,
        stride: int = 8,
        upsampling: str = "learned",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        check_sizes("FCN", in_channels, num_classes)
        check_choice("model.stride", stride, (8, 16, 32))
        check_choice("model.upsampling", upsampling, UPSAMPLINGS)
        check_share("model.dropout", dropout)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.stride = stride

        self.backbone = backbone.features(in_channels=in_channels)
        strides = [one for one in (32, 16, 8) if one >= stride]
        self._levels = [self.backbone.level(one, owner="FCN") for one in strides]
        self.dropout = nn.Dropout2d(dropout)
        self.scores = nn.ModuleList(
            nn.Conv2d(self.backbone.channels[level], num_classes, kernel_size=1) for level in self._levels
        )
        for finer in list(self.scores)[1:]:
            nn.init.zeros_(finer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(finer.bias)  # type: ignore[arg-type]
        self.doublings = nn.ModuleList(doubling(num_classes, upsampling) for _ in strides[1:])

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each pixel.

        Args:
            x: images, `(B, in_channels, H, W)` float, of any size.

        Returns:
            `(B, num_classes, H, W)`.

        Raises:
            UserError: another number of channels, or batch norm left with one value per channel to train on.
        """
        check_images(x, self.in_channels, "FCN")
        coarsest, *finer = reversed(self.backbone(x, self._levels[::-1]))
        score, *finer_scores = self.scores
        logits = score(self.dropout(coarsest))
        for feature, finer_score, double in zip(finer, finer_scores, self.doublings, strict=True):
            height, width = feature.shape[-2:]
            logits = double(logits)[..., :height, :width] + finer_score(feature)
        # not to the image's size: a score stands for the same pixels, whether the last of them are there or not
        logits = F.interpolate(logits, scale_factor=float(self.stride), mode="bilinear", align_corners=False)
        return logits[..., : x.shape[-2], : x.shape[-1]]


def doubling(channels: int, kind: str) -> nn.Module:
    """Doubles height and width; `kind` is one of `UPSAMPLINGS`."""
    if kind == "bilinear":
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    layer = nn.ConvTranspose2d(channels, channels, kernel_size=4, stride=2, padding=1, bias=False)
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[range(channels), range(channels)] = torch.outer(row, row)
    return layer
