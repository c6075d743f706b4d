"""Dilated stages: torchvision's own where it has them, the à trous identity where it has not."""

from __future__ import annotations

import pytest
import torch
import torchvision

from segladder.models.torchvision_encoders import build_torchvision

from .tiny import shake_norms


@pytest.mark.parametrize(("stride", "replaced"), [(8, [False, True, True]), (16, [False, False, True])])
@torch.no_grad()
def test_resnet50_is_dilated_as_torchvision_dilates_it(stride: int, replaced: list[bool]) -> None:
    theirs = torchvision.models.resnet50(replace_stride_with_dilation=replaced).eval()
    shake_norms(theirs)
    ours = build_torchvision("resnet50", in_channels=3, output_stride=stride).net.eval()
    state = {name: value for name, value in theirs.state_dict().items() if not name.startswith("fc.")}
    ours.load_state_dict(state)
    x = torch.randn(1, 3, 49, 33)
    expected = x
    for name, layer in theirs.named_children():
        if name not in ("avgpool", "fc"):
            expected = layer(expected)
    torch.testing.assert_close(ours(x, [4])[0], expected)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@torch.no_grad()
def test_every_other_pixel_of_dilated_features_is_what_striding_gives(name: str) -> None:
    coarse = build_torchvision(name, in_channels=3, output_stride=32).net.eval()
    shake_norms(coarse)
    x = torch.randn(1, 3, 65, 48)
    [expected] = coarse(x, [4])
    for stride in (8, 16):
        fine = build_torchvision(name, in_channels=3, output_stride=stride).net.eval()
        fine.load_state_dict(coarse.state_dict())
        step = 32 // stride
        torch.testing.assert_close(fine(x, [4])[0][..., ::step, ::step], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_mobilenet_is_dilated_as_torchvision_dilates_it_for_deeplab() -> None:
    theirs = torchvision.models.mobilenet_v3_large(dilated=True).features.eval()
    ours = build_torchvision("mobilenet_v3", in_channels=3, output_stride=16).net.eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 65, 33)
    torch.testing.assert_close(ours(x, [5])[0], theirs(x))
