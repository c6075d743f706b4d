"""FCN with skips: the shared checks, what fusion computes, errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segladder.models import FCN
from segladder.models.fcn import doubling
from segladder.types import UserError

from .semantic_model import SemanticModelTester
from .tiny import tiny


class TestFCN8s(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return FCN(in_channels, num_classes, backbone=tiny())


class TestFCN32s(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return FCN(in_channels, num_classes, backbone=tiny(), stride=32)


class TestFCN16sBilinear(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return FCN(in_channels, num_classes, backbone=tiny(), stride=16, upsampling="bilinear")


@torch.no_grad()
def test_learned_doubling_starts_as_bilinear_interpolation() -> None:
    x = torch.randn(1, 3, 7, 9)
    learned, plain = doubling(3, "learned")(x), doubling(3, "bilinear")(x)
    # at the border a transposed convolution sees zeros, interpolation the border's pixel
    torch.testing.assert_close(learned[..., 1:-1, 1:-1], plain[..., 1:-1, 1:-1])


@torch.no_grad()
def test_an_fcn_8s_starts_as_an_fcn_32s() -> None:
    eight = FCN(3, 4, backbone=tiny(), upsampling="bilinear").eval()
    coarse = FCN(3, 4, backbone=tiny(), stride=32).eval()
    coarse.load_state_dict({k: v for k, v in eight.state_dict().items() if k in coarse.state_dict()})
    x = torch.randn(1, 3, 64, 96)
    # enlarging by 2, 2 and 8 is not quite enlarging by 32 at once
    assert (eight(x) - coarse(x)).abs().mean() < 0.1 * coarse(x).abs().mean()


@torch.no_grad()
def test_scores_are_added_where_they_belong() -> None:
    net = FCN(3, 2, backbone=tiny(), upsampling="bilinear").eval()
    for score in net.scores:
        nn.init.normal_(score.weight)
    x = torch.randn(1, 3, 50, 70)
    maps = net.backbone(x)
    eight, sixteen, thirty_two = (
        score(maps[level]) for score, level in zip(reversed(net.scores), reversed(net._levels), strict=True)
    )
    summed = F.interpolate(thirty_two, scale_factor=2, mode="bilinear")[..., :4, :5] + sixteen
    summed = F.interpolate(summed, scale_factor=2, mode="bilinear")[..., :7, :9] + eight
    torch.testing.assert_close(net(x), F.interpolate(summed, scale_factor=8, mode="bilinear")[..., :50, :70])


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"stride": 4}, "model.stride is 4. Choose one of: 8, 16, 32."),
        ({"upsampling": "nearest"}, "model.upsampling is 'nearest'. Choose one of: learned, bilinear."),
        ({"dropout": -0.5}, "model.dropout is -0.5."),
    ],
)
def test_settings_outside_their_range_are_refused_with_a_sentence(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        FCN(3, 2, backbone=tiny(), **setting)
    assert words in str(error.value)
