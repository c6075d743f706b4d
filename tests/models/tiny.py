"""The smallest backbones there are, and torchvision's networks with weights that a test can tell apart."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from segladder.models import Backbone

SETTINGS: dict[str, Any] = {"name": "test_efficientnet", "source": "timm"}
"""An EfficientNet of 82,300 parameters that timm keeps for tests."""


def tiny(**settings: Any) -> Backbone:
    return Backbone(**{**SETTINGS, **settings})


def resnet(layers: int = 18, **settings: Any) -> Backbone:
    return Backbone(name=f"resnet{layers}", source="torchvision", **settings)


@torch.no_grad()
def shake_norms(net: nn.Module) -> None:
    """Statistics and scales as after training, so that no batch norm is the identity; deep nets keep their scale."""
    generator = torch.Generator().manual_seed(5)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor, low, high in (
                (layer.running_mean, -0.1, 0.1),
                (layer.running_var, 0.5, 1.5),
                (layer.weight, 0.2, 0.6),
                (layer.bias, -0.1, 0.1),
            ):
                assert tensor is not None
                tensor.uniform_(low, high, generator=generator)
