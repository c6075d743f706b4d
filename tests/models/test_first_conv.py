"""Weights for other numbers of input channels."""

from __future__ import annotations

import pytest
import torch

from segladder.models.first_conv import adapt_channels, adapt_first_conv

from .tiny import resnet, tiny


def test_a_grey_image_says_what_it_said_as_rgb() -> None:
    weight = torch.randn(4, 3, 3, 3)
    grey = torch.randn(1, 1, 8, 8)
    one = torch.nn.functional.conv2d(grey, adapt_channels(weight, 1))
    three = torch.nn.functional.conv2d(grey.expand(1, 3, 8, 8), weight)
    torch.testing.assert_close(one, three, rtol=1e-4, atol=1e-5)


def test_two_and_four_channels_repeat_the_colours_and_keep_the_sum_of_a_constant_image() -> None:
    weight = torch.randn(4, 3, 3, 3)
    two, four = adapt_channels(weight, 2), adapt_channels(weight, 4)
    torch.testing.assert_close(two, weight[:, :2] * 1.5)
    torch.testing.assert_close(four, torch.cat([weight, weight[:, :1]], dim=1) * 0.75)
    assert adapt_channels(weight, 3) is weight


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_it_is_what_timm_does(channels: int) -> None:
    from timm.models import adapt_input_conv

    weight = torch.randn(4, 3, 5, 5)
    torch.testing.assert_close(adapt_channels(weight, channels), adapt_input_conv(channels, weight.clone()))


def test_only_the_first_convolution_is_adapted() -> None:
    own = {"a": torch.zeros(4, 1, 3, 3), "b": torch.zeros(8, 4, 1, 1)}
    given = {"a": torch.ones(4, 3, 3, 3), "b": torch.ones(8, 2, 1, 1)}
    adapted = adapt_first_conv(own, given)
    assert adapted["a"].shape == (4, 1, 3, 3) and adapted["b"].shape == (8, 2, 1, 1)


@pytest.mark.parametrize("choice", ["torchvision", "timm"])
@torch.no_grad()
def test_features_of_a_grey_image_are_those_of_the_same_image_as_rgb(choice: str, tmp_path) -> None:
    backbone = resnet if choice == "torchvision" else tiny
    three = backbone().features(in_channels=3).eval()
    torch.save(three.state_dict(), tmp_path / "rgb.pth")
    one = backbone(weights=str(tmp_path / "rgb.pth")).features(in_channels=1).eval()
    grey = torch.randn(1, 1, 40, 33)
    for ours, expected in zip(one(grey), three(grey.expand(1, 3, 40, 33)), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)
