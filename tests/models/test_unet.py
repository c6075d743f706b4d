"""U-Net: the shared checks, parity with an independent statement of the lab's net, sizes and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from segladder.models import UNet, levels_text
from segladder.types import UserError

from .semantic_model import SemanticModelTester

CONF = Path(__file__).resolve().parents[2] / "conf" / "model"


def preset(name: str, in_channels: int = 1, num_classes: int = 2) -> dict[str, Any]:
    loaded = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    assert loaded.pop("_target_") == "segladder.models.UNet"
    assert loaded.pop("in_channels") is None and loaded.pop("num_classes") is None
    return {"in_channels": in_channels, "num_classes": num_classes, **loaded}


class TestUNetAsShipped(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return UNet(**preset("unet", in_channels, num_classes))


class TestUNetOfTheLab(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return UNet(**preset("unet_lab", in_channels, num_classes))


class TestUNetBilinear(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return UNet(in_channels, num_classes, depth=3, base_channels=8, upsample="bilinear", dropout=0.2)


class TestUNetDeepest(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return UNet(in_channels, num_classes, depth=5, base_channels=4, batch_norm=False)


def lab_weights(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of the lab net's 15 layers in the order of its script."""
    shapes = [
        (16, 1, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3),
        (64, 32, 2, 2), (32, 64, 3, 3), (32, 32, 3, 3),
        (32, 16, 2, 2), (16, 32, 3, 3), (16, 16, 3, 3), (2, 16, 1, 1),
    ]  # fmt: skip
    return [
        (
            torch.randn(shape, generator=generator) * 0.1,
            torch.randn(shape[1] if shape[-1] == 2 else shape[0], generator=generator) * 0.1,
        )
        for shape in shapes
    ]


def lab_net(x: Tensor, weights: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The lab's 16-32-64 net stated with functions alone."""
    w = iter(weights)

    def twice(x: Tensor) -> Tensor:
        for _ in range(2):
            x = F.conv2d(x, *next(w), padding=1).clamp(min=0)
        return x

    first = twice(x)
    second = twice(F.max_pool2d(first, 2))
    x = twice(F.max_pool2d(second, 2))
    x = twice(torch.cat([F.conv_transpose2d(x, *next(w), stride=2), second], dim=1))
    x = twice(torch.cat([F.conv_transpose2d(x, *next(w), stride=2), first], dim=1))
    return F.conv2d(x, *next(w))


@torch.no_grad()
def test_lab_preset_computes_what_the_lab_net_computes() -> None:
    net = UNet(**preset("unet_lab"))
    weights = lab_weights(torch.Generator().manual_seed(3))
    layers = lab_order(net)
    assert len(layers) == len(weights)
    for layer, (weight, bias) in zip(layers, weights, strict=True):
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    x = torch.randn(3, 1, 64, 64, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(net(x), lab_net(x, weights), rtol=0, atol=1e-6)
    assert net.parameter_count() == sum(w.numel() + b.numel() for w, b in weights) == 116_770


def lab_order(net: UNet) -> list[Any]:
    blocks = [*net.encoders, net.bottleneck]
    for upsample, decoder in zip(net.upsamplings, net.decoders, strict=True):
        blocks += [upsample, decoder]
    return [
        layer
        for block in [*blocks, net.head]
        for layer in block.modules()
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))
    ]


def test_lab_preset_starts_from_the_weights_that_pytorch_draws_in_the_scripts_order() -> None:
    torch.manual_seed(0)
    net = UNet(**preset("unet_lab"))
    torch.manual_seed(0)
    plain: list[Any] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
        plain += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)]
    for inputs, outputs in ((64, 32), (32, 16)):
        plain += [nn.ConvTranspose2d(inputs, outputs, 2, stride=2)]
        plain += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)]
    plain.append(nn.Conv2d(16, 2, 1))
    for ours, theirs in zip(lab_order(net), plain, strict=True):
        assert torch.equal(ours.weight, theirs.weight) and torch.equal(ours.bias, theirs.bias)


def test_full_preset_has_the_papers_channels() -> None:
    with torch.device("meta"):
        net = UNet(**preset("unet_full", 3, 11))
    assert [level.channels for level in net.levels(360, 480)] == [
        64, 128, 256, 512, 1024, 512, 256, 128, 64, 11,
    ]  # fmt: skip
    assert net.parameter_count() == 31_038_283


def test_defaults_of_the_class_are_the_default_preset() -> None:
    kept = UNet.__init__.__kwdefaults__
    assert {key: value for key, value in preset("unet").items() if key in kept} == kept


def test_parameter_numbers_in_the_presets_are_true() -> None:
    with torch.device("meta"):
        counts = {base: UNet(3, 11, base_channels=base).parameter_count() for base in (16, 32, 64)}
    text = (CONF / "unet.yaml").read_text()
    for base, count in counts.items():
        assert f"base channels {base}: " in text and f"{count:,} parameters" in text
    assert "116,770 parameters" in (CONF / "unet_lab.yaml").read_text()


@settings(max_examples=20, deadline=None)
@given(
    depth=st.integers(2, 5),
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    upsample=st.sampled_from(["transposed", "bilinear"]),
    batch_norm=st.booleans(),
)
@torch.no_grad()
def test_any_size_comes_out_as_it_went_in(depth: int, height: int, width: int, upsample: str, batch_norm: bool) -> None:
    net = UNet(1, 2, depth=depth, base_channels=2, upsample=upsample, batch_norm=batch_norm).eval()
    assert net(torch.zeros(1, 1, height, width)).shape == (1, 2, height, width)


@torch.no_grad()
def test_padding_repeats_the_border_and_is_cropped_again() -> None:
    net = UNet(1, 2, depth=2, base_channels=4).eval()
    x = torch.randn(1, 1, 13, 18)
    padded = F.pad(x, (0, 2, 0, 3), mode="replicate")
    torch.testing.assert_close(net(x), net(padded)[..., :13, :18])


def test_a_divisible_size_is_not_padded() -> None:
    x = torch.randn(1, 1, 16, 24)
    assert UNet(1, 2, depth=3, base_channels=2)._pad(x) is x


@pytest.mark.parametrize("upsample", ["transposed", "bilinear"])
def test_levels_name_the_sizes_that_pass_through(upsample: str) -> None:
    net = UNet(3, 7, depth=3, base_channels=4, upsample=upsample)
    seen: list[tuple[int, ...]] = []
    for block in [*net.encoders, net.bottleneck, *net.decoders]:
        block.register_forward_hook(lambda _module, _inputs, output: seen.append(tuple(output.shape[1:])))
    seen.append(tuple(net(torch.zeros(2, 3, 21, 30)).shape[1:]))
    levels = net.levels(21, 30)
    assert [(level.channels, level.height, level.width) for level in levels] == seen
    assert sum(level.parameters for level in levels) == net.parameter_count()


def test_levels_read_as_a_table() -> None:
    text = levels_text(UNet(**preset("unet_lab")).levels(64, 64)).splitlines()
    assert text[0].split() == ["level", "channels", "height", "x", "width", "parameters"]
    assert text[2].split() == ["encoder", "1", "16", "64", "x", "64", "2,480"]
    assert text[-1].split() == ["total", "116,770"]
    assert len({len(line) for line in text}) == 1


def test_bilinear_runs_its_convolution_before_the_interpolation_with_the_same_result() -> None:
    up = UNet(1, 2, depth=2, base_channels=4, upsample="bilinear").upsamplings[0]
    x = torch.randn(1, 16, 5, 6)
    expected = up[0](F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
    torch.testing.assert_close(up(x), expected, rtol=1e-4, atol=1e-5)


def test_dropout_acts_in_training_alone() -> None:
    net = UNet(1, 2, depth=2, base_channels=4, dropout=0.5)
    x = torch.randn(2, 1, 16, 16)
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))


@torch.no_grad()
def test_he_initialisation_keeps_the_variance_of_the_logits_near_that_of_the_image() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 1, 64, 64)
    spread = {
        kind: UNet(1, 8, depth=4, base_channels=16, batch_norm=False, initialisation=kind)(x).std(dim=(0, 2, 3))
        for kind in ("he", "torch")
    }
    assert 0.1 < spread["he"].mean() < 10
    assert spread["torch"].mean() < 0.1


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"depth": 1}, "model.depth is 1. Give the number of poolings, 2 to 5."),
        ({"depth": 6}, "model.depth is 6. Give the number of poolings, 2 to 5."),
        ({"depth": 2.0}, "model.depth is 2.0."),
        ({"depth": True}, "model.depth is True."),
        ({"base_channels": 0}, "model.base_channels is 0. Give a whole number of 1 or more."),
        ({"in_channels": 0}, "model.in_channels is 0."),
        ({"num_classes": -1}, "model.num_classes is -1."),
        ({"in_channels": None}, "model.in_channels is null, which a run fills in from its data."),
        ({"upsample": "nearest"}, "model.upsample is 'nearest'. Choose one of: transposed, bilinear."),
        ({"dropout": 1.0}, "model.dropout is 1.0. Give a probability from 0 to below 1."),
        ({"dropout": -0.1}, "model.dropout is -0.1."),
        ({"dropout": float("nan")}, "model.dropout is nan."),
        ({"initialisation": "xavier"}, "model.initialisation is 'xavier'. Choose one of: torch, he."),
    ],
)
def test_settings_outside_their_range_are_refused_with_a_sentence(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        UNet(**{"in_channels": 1, "num_classes": 2, **setting})
    assert words in str(error.value)


def test_other_channels_than_built_for_are_refused_with_both_numbers() -> None:
    with pytest.raises(UserError, match=r"images of 3 channels and got one of 1\. Set model\.in_channels=1"):
        UNet(3, 2, depth=2, base_channels=2)(torch.zeros(1, 1, 8, 8))


def test_an_image_without_a_batch_is_refused() -> None:
    with pytest.raises(UserError, match=r"shape \(1, 8, 8\)"):
        UNet(1, 2, depth=2, base_channels=2)(torch.zeros(1, 8, 8))


def test_batch_norm_with_one_value_per_channel_is_refused_in_training_alone() -> None:
    net = UNet(1, 2, depth=3, base_channels=2)
    with pytest.raises(UserError, match=r"one image of 7x8 pixels: after 3 poolings .* Raise data\.batch_size"):
        net(torch.zeros(1, 1, 7, 8))
    assert net(torch.zeros(2, 1, 8, 8)).shape == (2, 2, 8, 8)
    assert net(torch.zeros(1, 1, 8, 9)).shape == (1, 2, 8, 9)
    assert net.eval()(torch.zeros(1, 1, 8, 8)).shape == (1, 2, 8, 8)
    assert UNet(1, 2, depth=3, base_channels=2, batch_norm=False)(torch.zeros(1, 1, 8, 8)).shape[1] == 2


@torch.no_grad()
def test_torch_compile_captures_it_whole_without_a_graph_break() -> None:
    net = UNet(1, 2, depth=2, base_channels=4)
    x = torch.randn(2, 1, 18, 16)
    expected = net.eval()(x)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), expected)
