"""DeepLabV3+: the shared checks and what makes it differ from DeepLabV3."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from segladder.models import DeepLabV3Plus, WithAuxiliary, parameter_count
from segladder.types import UserError

from .semantic_model import SemanticModelTester
from .tiny import resnet, tiny


class TestDeepLabV3Plus(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return DeepLabV3Plus(in_channels, num_classes, backbone=tiny(), channels=16, low_channels=8)


class TestDeepLabV3PlusSeparable(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return DeepLabV3Plus(
            in_channels, num_classes, backbone=tiny(), channels=16, low_channels=8, separable=True, output_stride=8
        )


def test_layers_are_the_papers() -> None:
    with torch.device("meta"):
        net = DeepLabV3Plus(3, 21, backbone=resnet(50))
    shapes = [tuple(layer.weight.shape) for layer in net.modules() if isinstance(layer, nn.Conv2d)][-10:]
    assert shapes == [
        (256, 2048, 1, 1), (256, 2048, 3, 3), (256, 2048, 3, 3), (256, 2048, 3, 3), (256, 2048, 1, 1),
        (256, 1280, 1, 1), (48, 256, 1, 1), (256, 304, 3, 3), (256, 256, 3, 3), (21, 256, 1, 1),
    ]  # fmt: skip
    with torch.device("meta"):
        light = DeepLabV3Plus(3, 21, backbone=resnet(50), separable=True)
    assert parameter_count(light) < 0.7 * parameter_count(net)


def test_an_auxiliary_head_speaks_in_training_alone() -> None:
    net = DeepLabV3Plus(3, 4, backbone=tiny(), channels=8, auxiliary=0.4)
    both = net(torch.randn(2, 3, 40, 33))
    assert isinstance(both, WithAuxiliary) and both.logits.shape == both.auxiliary.shape == (2, 4, 40, 33)
    assert net.eval()(torch.randn(2, 3, 17, 23)).shape == (2, 4, 17, 23)


def test_separable_is_true_or_false() -> None:
    with pytest.raises(UserError, match=r"model\.separable is 'yes'"):
        DeepLabV3Plus(3, 4, backbone=tiny(), separable="yes")  # type: ignore[arg-type]
