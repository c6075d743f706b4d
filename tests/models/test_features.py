"""Feature maps: their sizes, what is kept, what is frozen."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from segladder.models import Backbone, Features
from segladder.types import UserError

from .tiny import resnet, tiny

ENCODERS = [
    resnet(),
    Backbone(name="mobilenet_v3", source="torchvision"),
    Backbone(name="mit_b0", source="smp"),
    tiny(),
    tiny(name="test_convnext"),
    tiny(name="swin_tiny_patch4_window7_224"),
]


@pytest.mark.parametrize("backbone", ENCODERS, ids=lambda backbone: str(backbone.name))
@torch.no_grad()
def test_maps_have_the_channels_and_sizes_that_are_told_for_any_image(backbone: Backbone) -> None:
    features = backbone.features(in_channels=2).eval()
    for height, width in ((64, 96), (65, 33), (17, 23)):
        maps = features(torch.randn(1, 2, height, width))
        assert [tuple(one.shape[1:]) for one in maps] == [
            (channels, -(-height // stride), -(-width // stride))
            for channels, stride in zip(features.channels, features.strides, strict=True)
        ]


@pytest.mark.parametrize("stride", [8, 16])
@pytest.mark.parametrize("backbone", [ENCODERS[0], ENCODERS[1], ENCODERS[3], ENCODERS[4]], ids=lambda b: str(b.name))
@torch.no_grad()
def test_the_last_map_has_the_output_stride(backbone: Backbone, stride: int) -> None:
    features = backbone.features(in_channels=3, output_stride=stride).eval()
    assert features.strides[-1] == stride
    assert features(torch.randn(1, 3, 65, 48))[-1].shape[-2:] == (-(-65 // stride), 48 // stride)


@torch.no_grad()
def test_single_levels_are_those_of_all() -> None:
    for features in (resnet().features(in_channels=3).eval(), tiny().features(in_channels=3).eval()):
        x = torch.randn(1, 3, 40, 40)
        everything = features(x)
        assert all(torch.equal(a, b) for a, b in zip(features(x, (1, 4)), (everything[1], everything[4]), strict=True))


def step(features: Features) -> dict[str, Tensor]:
    """State after one step of training."""
    features.train()
    optimizer = torch.optim.SGD([p for p in features.parameters() if p.requires_grad] or [nn.Parameter(Tensor(1))], 0.1)
    sum(one.square().mean() for one in features(torch.randn(2, 3, 64, 64))).requires_grad_().backward()
    optimizer.step()
    return features.state_dict()


def test_a_frozen_backbone_is_the_same_after_a_step() -> None:
    for backbone in (resnet(freeze=True), tiny(freeze=True)):
        features = backbone.features(in_channels=3)
        before = copy.deepcopy(features.state_dict())
        assert all(torch.equal(value, before[name]) for name, value in step(features).items())
        assert not any(parameter.requires_grad for parameter in features.parameters())


@pytest.mark.parametrize(
    ("backbone", "kept"),
    [
        (resnet(freeze=2), ("net.conv1", "net.bn1", "net.layer1")),
        (tiny(freeze=2), ("net.conv_stem", "net.bn1", "net.blocks.0")),
    ],
    ids=["torchvision", "timm"],
)
def test_first_stages_that_are_frozen_stay_and_the_rest_learns(backbone: Backbone, kept: tuple[str, ...]) -> None:
    features = backbone.features(in_channels=3)
    before = copy.deepcopy(features.state_dict())
    after = step(features)
    for name, value in after.items():
        assert torch.equal(value, before[name]) == name.startswith(kept), name


def test_frozen_norms_keep_statistics_and_scale_while_convolutions_learn() -> None:
    features = resnet(freeze_norm=True).features(in_channels=3)
    before = copy.deepcopy(features.state_dict())
    norms = {name for name, layer in features.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    for name, value in step(features).items():
        assert torch.equal(value, before[name]) == (name.rpartition(".")[0] in norms), name


def test_frozen_norms_without_norms_are_told_to_have_no_effect() -> None:
    with pytest.warns(UserWarning, match="freeze_norm has no effect: test_convnext has no batch norm"):
        tiny(name="test_convnext", freeze_norm=True).features(in_channels=3)


def test_the_learning_rates_factor_is_carried_along() -> None:
    assert tiny(lr_factor=0.1).features(in_channels=3).lr_factor == 0.1


def test_frozen_parts_survive_a_copy() -> None:
    features = copy.deepcopy(tiny(freeze=1).features(in_channels=3)).train()
    assert not features.net.bn1.training and features.net.blocks[1][0].bn1.training


def test_one_value_per_channel_is_refused_in_training_alone() -> None:
    features = resnet().features(in_channels=3)
    with pytest.raises(UserError, match=r"one image of 32x20 pixels: at stride 32 .* Raise data\.batch_size"):
        features(torch.zeros(1, 3, 32, 20))
    assert features(torch.zeros(2, 3, 32, 20))[-1].shape == (2, 512, 1, 1)
    assert features.eval()(torch.zeros(1, 3, 32, 20))[-1].shape == (1, 512, 1, 1)
    frozen = resnet(freeze_norm=True).features(in_channels=3).train()
    assert frozen(torch.zeros(1, 3, 32, 20))[-1].shape == (1, 512, 1, 1)


def test_a_stride_that_is_not_there_is_named() -> None:
    features = tiny(name="test_convnext").features(in_channels=3)
    assert features.level(8, owner="X") == 1
    with pytest.raises(
        UserError, match="X needs features at stride 2, but backbone test_convnext has them at 4, 8, 16"
    ):
        features.level(2, owner="X")
