"""Weights taken over from another network."""

from __future__ import annotations

import pytest
import torch

from segladder.models import DeepLabV3, UNet, take_matching
from segladder.types import UserError

from .tiny import resnet, tiny


def test_everything_but_the_head_is_taken_for_other_classes() -> None:
    old, new = UNet(3, 2, depth=2, base_channels=4), UNet(3, 11, depth=2, base_channels=4)
    done = take_matching(new, old.state_dict())
    assert [name for name, _ in done.left] == ["head.weight", "head.bias"]
    assert done.left[0][1] == "(2, 4, 1, 1) in the checkpoint, (11, 4, 1, 1) here"
    assert len(done.taken) == len(new.state_dict()) - 2
    assert all(torch.equal(new.state_dict()[name], old.state_dict()[name]) for name in done.taken)


def test_the_first_convolution_is_adapted_for_other_channels() -> None:
    old, new = (DeepLabV3(channels, 2, backbone=tiny(), channels=8) for channels in (1, 3))
    done = take_matching(new, old.state_dict())
    assert done.left == []
    torch.testing.assert_close(new.backbone.net.conv_stem.weight.sum(1), old.backbone.net.conv_stem.weight[:, 0])


def test_what_only_one_side_has_is_told() -> None:
    old, new = UNet(1, 2, depth=2, base_channels=4), UNet(1, 2, depth=2, base_channels=4, batch_norm=False)
    left = dict(take_matching(new, old.state_dict()).left)
    assert left["encoders.0.0.bias"] == "not in the checkpoint"
    assert left["encoders.0.1.running_mean"] == "not in this network"


def test_another_architecture_is_refused_with_its_numbers() -> None:
    state = DeepLabV3(3, 2, backbone=resnet(), channels=8).state_dict()
    net = UNet(3, 2, depth=2, base_channels=4)
    with pytest.raises(UserError) as error:
        take_matching(net, state)
    assert f"None of the checkpoint's {len(state)} tensors fits one of the network's {len(net.state_dict())}" in str(
        error.value
    )
    assert "Its backbone seems to be resnet18." in str(error.value)
