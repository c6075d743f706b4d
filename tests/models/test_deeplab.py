"""DeepLabV3 and the dilated FCN: the shared checks, parity with torchvision, auxiliary heads, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import segmentation

from segladder.models import Backbone, DeepLabV3, DilatedFCN, WithAuxiliary, flops, parameter_count
from segladder.types import UserError

from .semantic_model import SemanticModelTester
from .tiny import resnet, shake_norms, tiny

MOBILENET = Backbone(name="mobilenet_v3", source="torchvision")


class TestDeepLabV3(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return DeepLabV3(in_channels, num_classes, backbone=tiny(), channels=16)


class TestDeepLabV3OverResNet(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return DeepLabV3(in_channels, num_classes, backbone=resnet(), channels=16, output_stride=8)


class TestDilatedFCN(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return DilatedFCN(in_channels, num_classes, backbone=tiny())


PEERS: list[tuple[str, type[nn.Module], Backbone, dict[str, Any]]] = [
    ("deeplabv3_resnet50", DeepLabV3, resnet(50), {"output_stride": 8}),
    ("deeplabv3_resnet101", DeepLabV3, resnet(101), {"output_stride": 8}),
    ("deeplabv3_mobilenet_v3_large", DeepLabV3, MOBILENET, {"output_stride": 16, "atrous_rates": [12, 24, 36]}),
    ("fcn_resnet50", DilatedFCN, resnet(50), {}),
]


@pytest.mark.parametrize(("name", "ours", "backbone", "settings"), PEERS, ids=[peer[0] for peer in PEERS])
@torch.no_grad()
def test_torchvisions_weights_give_torchvisions_outputs(
    name: str, ours: Any, backbone: Backbone, settings: dict[str, Any], tmp_path: Path
) -> None:
    theirs = getattr(segmentation, name)(weights=None, weights_backbone=None, num_classes=5, aux_loss=True).eval()
    shake_norms(theirs)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    net = ours(3, 5, backbone=backbone, auxiliary=0.4, weights=str(tmp_path / "theirs.pth"), **settings).eval()
    x = torch.randn(1, 3, 49, 33)
    expected = theirs(x)
    torch.testing.assert_close(net(x), expected["out"], rtol=1e-5, atol=1e-5)
    net.training = True  # the heads speak, batch norm and dropout stay as they are
    both = net(x)
    torch.testing.assert_close(both.logits, expected["out"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(both.auxiliary, expected["aux"], rtol=1e-5, atol=1e-5)


def test_gradients_are_torchvisions(tmp_path: Path) -> None:
    theirs = segmentation.deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
    shake_norms(theirs)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    settings = {"output_stride": 16, "atrous_rates": [12, 24, 36], "dropout": 0.0}
    ours = DeepLabV3(3, 3, backbone=MOBILENET, weights=str(tmp_path / "theirs.pth"), **settings).double()
    theirs = theirs.double()
    theirs.classifier[0].project[3].p = 0.0
    x = torch.randn(2, 3, 33, 49, dtype=torch.double)
    weights = torch.randn(2, 3, 33, 49, dtype=torch.double)
    for net, out in ((ours, ours(x)), (theirs, theirs(x)["out"])):
        net.zero_grad()
        (out * weights).sum().backward()
    mine = dict(ours.named_parameters())
    for name, parameter in theirs.named_parameters():
        name = name.replace("backbone.", "backbone.net.", 1)
        torch.testing.assert_close(mine[name].grad, parameter.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("network", [DeepLabV3, DilatedFCN])
def test_an_auxiliary_head_speaks_in_training_alone_and_learns(network: Any) -> None:
    net = network(3, 4, backbone=tiny(), auxiliary=0.4)
    assert net.auxiliary == 0.4
    x = torch.randn(2, 3, 40, 33)
    both = net(x)
    assert isinstance(both, WithAuxiliary) and both.logits.shape == both.auxiliary.shape == (2, 4, 40, 33)
    (both.logits.square().sum() + both.auxiliary.square().sum()).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    assert net.eval()(x).shape == (2, 4, 40, 33)
    assert network(3, 4, backbone=tiny()).auxiliary == 0


def test_rates_follow_the_stride_that_the_features_have() -> None:
    for stride, rates in ((8, (12, 24, 36)), (16, (6, 12, 18))):
        net = DeepLabV3(3, 2, backbone=tiny(), channels=8, output_stride=stride)
        assert tuple(branch[0].dilation[0] for branch in net.classifier[0].convs[1:4]) == rates
    with pytest.warns(UserWarning, match="no dilated form"):
        net = DeepLabV3(3, 2, backbone=Backbone(name="mit_b0", source="smp"), channels=8)
    assert tuple(branch[0].dilation[0] for branch in net.classifier[0].convs[1:4]) == (3, 6, 9)


def test_one_image_per_step_is_refused_in_training_alone() -> None:
    net = DeepLabV3(3, 2, backbone=tiny(), channels=8)
    with pytest.raises(UserError, match=r"image pooling leaves one value per channel .*Raise data\.batch_size to 2"):
        net(torch.zeros(1, 3, 64, 64))
    assert net.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 2, 64, 64)


def test_a_state_dict_of_our_own_comes_back(tmp_path: Path) -> None:
    net = DeepLabV3(3, 2, backbone=tiny(), channels=8)
    shake_norms(net)
    state = {f"segmenter.model.{name}": value for name, value in net.state_dict().items()}
    torch.save({"state_dict": state | {"loss.x": torch.ones(1)}}, tmp_path / "run.ckpt")
    again = DeepLabV3(3, 2, backbone=tiny(), channels=8, weights=str(tmp_path / "run.ckpt"))
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in again.state_dict().items())


def test_weights_of_another_network_are_refused_and_no_head_is_told(tmp_path: Path) -> None:
    torch.save(DeepLabV3(3, 2, backbone=resnet(), channels=8).state_dict(), tmp_path / "resnet18.pth")
    with pytest.raises(UserError, match=r"does not fit this network: .*Its backbone seems to be resnet18\."):
        DeepLabV3(3, 2, backbone=tiny(), channels=8, weights=str(tmp_path / "resnet18.pth"))
    with pytest.warns(UserWarning, match="holds no auxiliary head"):
        DeepLabV3(3, 2, backbone=resnet(), channels=8, auxiliary=0.4, weights=str(tmp_path / "resnet18.pth"))
    with pytest.warns(UserWarning, match=r"backbone\.weights=imagenet has no effect"):
        DeepLabV3(3, 2, backbone=resnet(weights="imagenet"), channels=8, weights=str(tmp_path / "resnet18.pth"))


@torch.no_grad()
def test_torch_compile_captures_it_whole_without_a_graph_break() -> None:
    net = DeepLabV3(1, 2, backbone=resnet(), channels=8, auxiliary=0.4)
    x = torch.randn(2, 1, 34, 32)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    assert compiled(x).auxiliary.shape == (2, 2, 34, 32)
    torch.testing.assert_close(compiled.eval()(x), net.eval()(x))


def test_flops_of_a_dilated_network_are_counted_without_storage() -> None:
    with torch.device("meta"):
        net = DeepLabV3(3, 21, backbone=resnet(50), output_stride=8)
    # torchvision publishes 178.722 billion multiply-adds at 520x520, 65x65 features, with the auxiliary head, which
    # speaks in training alone, and with the mean of the map projected at every pixel, which ours is once
    auxiliary = 65 * 65 * (9 * 1024 * 256 + 256 * 21)
    spread = (65 * 65 - 1) * 256 * 256
    assert flops(net, (1, 3, 520, 520)) / 2 + auxiliary + spread == pytest.approx(178.722e9, rel=1e-5)
    assert parameter_count(net) == 39_638_869


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"output_stride": 4}, "model.output_stride is 4. Choose one of: 8, 16."),
        ({"atrous_rates": [0, 1]}, "model.atrous_rates is [0, 1]."),
        ({"atrous_rates": []}, "model.atrous_rates is []."),
        ({"atrous_rates": "6"}, "model.atrous_rates is '6'."),
        ({"dropout": 1.0}, "model.dropout is 1.0."),
        ({"auxiliary": -1}, "model.auxiliary is -1."),
        ({"channels": 0}, "model.channels is 0."),
        ({"num_classes": None}, "model.num_classes is null"),
        ({"weights": "/not/there.pth"}, "model.weights '/not/there.pth' is no file."),
    ],
)
def test_settings_outside_their_range_are_refused_with_a_sentence(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        DeepLabV3(**{"in_channels": 3, "num_classes": 2, "backbone": tiny(), **setting})
    assert words in str(error.value)


def test_other_channels_than_built_for_are_refused_with_both_numbers() -> None:
    with pytest.raises(UserError, match=r"images of 3 channels and got one of 1\. Set model\.in_channels=1"):
        DeepLabV3(3, 2, backbone=tiny(), channels=8)(torch.zeros(2, 1, 32, 32))
