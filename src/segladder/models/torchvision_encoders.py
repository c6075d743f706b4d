"""ResNet and MobileNetV3 as torchvision has them, without their classifiers.

He et al.: Deep Residual Learning for Image Recognition, CVPR 2016. Howard et al.: Searching for MobileNetV3, ICCV 2019.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from segladder.models.dilation import dilate
from segladder.models.downloads import from_torchvision
from segladder.models.features import Encoder, Trunk
from segladder.models.first_conv import with_channels
from segladder.models.settings import check_choice

WEIGHTS = {
    "resnet18": "ResNet18_Weights",
    "resnet34": "ResNet34_Weights",
    "resnet50": "ResNet50_Weights",
    "resnet101": "ResNet101_Weights",
    "mobilenet_v3": "MobileNet_V3_Large_Weights",
}
"""torchvision's lists of weights files by encoder. Of each the first version is taken: it is what published
segmentation results start from; the later recipes score higher on ImageNet and are reached by a path."""


def build_torchvision(name: str, *, in_channels: int, output_stride: int) -> Encoder:
    """One of `WEIGHTS`, with weights drawn.

    Raises:
        UserError: there is no such encoder.
    """
    check_choice("backbone.name", name, WEIGHTS)
    return (_mobilenet if name == "mobilenet_v3" else _resnet)(name, in_channels, output_stride)


def imagenet_state(name: str) -> dict[str, Tensor]:
    """The state dict of torchvision's weights file for one of `WEIGHTS`, downloaded where it is not cached.

    Raises:
        UserError: there is no such encoder, or the file cannot be had.
    """
    import torchvision

    check_choice("backbone.name", name, WEIGHTS)
    weights = getattr(torchvision.models, WEIGHTS[name]).IMAGENET1K_V1
    return from_torchvision(weights, key="backbone.weights")


def _resnet(name: str, in_channels: int, output_stride: int) -> Encoder:
    import torchvision

    net: Any = getattr(torchvision.models, name)(weights=None)
    layers = OrderedDict((name, child) for name, child in net.named_children() if name not in ("avgpool", "fc"))
    layers["conv1"] = with_channels(net.conv1, in_channels)
    dilate([net.layer2, net.layer3, net.layer4], output_stride)
    wide = net.fc.in_features
    return Encoder(
        net=Trunk(layers, ["relu", "layer1", "layer2", "layer3", "layer4"]),
        channels=(64, wide // 8, wide // 4, wide // 2, wide),
        strides=tuple(min(stride, output_stride) for stride in (2, 4, 8, 16, 32)),
        stages=[[layers["conv1"], net.bn1], [net.layer1], [net.layer2], [net.layer3], [net.layer4]],
    )


def _mobilenet(name: str, in_channels: int, output_stride: int) -> Encoder:
    import torchvision

    layers = torchvision.models.mobilenet_v3_large(weights=None).features
    layers[0][0] = with_channels(layers[0][0], in_channels)
    ends = (1, 3, 6, 12, 16)
    begins = (0, *(end + 1 for end in ends[:-1]))
    stages = [list(layers[begin : end + 1]) for begin, end in zip(begins, ends, strict=True)]
    dilate([nn.ModuleList(stage) for stage in stages[2:]], output_stride, strided_too=True)
    # the first block of stride 8 as well, because torchvision's auxiliary head reads there
    taps = (1, 3, 4, 6, 12, 16)
    return Encoder(
        net=Trunk({str(index): layer for index, layer in enumerate(layers)}, [str(tap) for tap in taps]),
        channels=tuple(layers[tap].out_channels for tap in taps),
        strides=tuple(min(stride, output_stride) for stride in (2, 4, 8, 8, 16, 32)),
        stages=stages,
        auxiliary=2,
    )
