"""Group norms in the place of batch norms."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from segladder.models import Backbone
from segladder.models.group_norm import group_norm, norm_layer, use_group_norm
from segladder.types import UserError

from .tiny import resnet, shake_norms, tiny


def count(net: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(layer, kind) for layer in net.modules())


@pytest.mark.parametrize(("channels", "groups"), [(256, 32), (64, 32), (48, 24), (40, 20), (16, 16), (7, 7), (37, 1)])
def test_it_has_32_groups_or_the_most_that_divide_the_channels(channels: int, groups: int) -> None:
    assert group_norm(channels).num_groups == groups


def test_a_norm_is_chosen_by_its_word() -> None:
    assert norm_layer(None) is None and norm_layer("batch") is nn.BatchNorm2d
    assert isinstance(norm_layer("group")(8), nn.GroupNorm)  # type: ignore[misc]


def test_scale_and_shift_stay_as_drawn_and_every_batch_norm_goes() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()))
    shake_norms(net)
    weight = net[1].weight.clone()
    inner = net[2][0]
    swapped = use_group_norm(net, name="net")
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in net.modules())
    assert torch.equal(net[1].weight, weight) and swapped[inner] is net[2][0]


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_efficientnet", "regnety_002", "mobilenetv3_small_050", "resnet18"]
)
def test_encoders_of_timm_keep_their_maps_and_activations(name: str) -> None:
    plain, grouped = (tiny(name=name, norm=norm).features(in_channels=3) for norm in ("batch", "group"))
    x = torch.randn(2, 3, 64, 64)
    assert [one.shape for one in grouped(x)] == [one.shape for one in plain(x)]
    for kind in (nn.ReLU, nn.SiLU, nn.Hardswish):
        assert count(grouped, kind) == count(plain, kind)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in grouped.modules())


@torch.no_grad()
def test_an_image_says_in_training_what_it_says_in_evaluation_and_alone_what_it_says_in_a_batch() -> None:
    features = resnet(norm="group").features(in_channels=1)
    x = torch.randn(3, 1, 32, 40)
    expected = features(x)[-1]
    torch.testing.assert_close(features.eval()(x)[-1], expected)
    torch.testing.assert_close(features.train()(x[:1])[-1], expected[:1], rtol=1e-4, atol=1e-5)


def test_stages_are_frozen_with_their_group_norms() -> None:
    features = resnet(norm="group", freeze=1).features(in_channels=3)
    frozen = [name for name, parameter in features.net.named_parameters() if not parameter.requires_grad]
    assert frozen == ["conv1.weight", "bn1.weight", "bn1.bias"]


def test_a_network_of_group_norms_loads_its_own_file_and_refuses_one_of_batch_norms(tmp_path: Path) -> None:
    net = resnet(norm="group").features(in_channels=3)
    torch.save(net.net.state_dict(), tmp_path / "group.pth")
    torch.save(resnet().features(in_channels=3).net.state_dict(), tmp_path / "batch.pth")
    again = resnet(norm="group", weights=str(tmp_path / "group.pth")).features(in_channels=3)
    assert torch.equal(again.net["layer1"][0].conv1.weight, net.net["layer1"][0].conv1.weight)
    with pytest.raises(UserError, match=r"'bn1\.running_mean' .* is not in the encoder"):
        resnet(norm="group", weights=str(tmp_path / "batch.pth")).features(in_channels=3)


def test_what_makes_no_sense_is_refused_or_told() -> None:
    with pytest.raises(UserError, match=r"backbone\.norm is 'layer'.* Choose one of: batch, group\."):
        resnet(norm="layer")
    with pytest.raises(UserError, match=r"backbone\.weights=imagenet is of batch norm"):
        resnet(norm="group", weights="imagenet")
    with pytest.warns(UserWarning, match=r"backbone\.norm=group has no effect: mit_b0 has no batch norm"):
        Backbone(name="mit_b0", source="smp", norm="group").features(in_channels=3)
    with pytest.warns(UserWarning, match=r"freeze_norm has no effect"):
        resnet(norm="group", freeze_norm=True).features(in_channels=3)
