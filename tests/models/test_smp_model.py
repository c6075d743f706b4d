"""Decoders of smp: the shared checks, the same outputs as smp's own, options and refusals."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from segladder.models import Backbone, SmpModel
from segladder.models.smp_model import DECODERS
from segladder.types import UserError

from .semantic_model import SemanticModelTester
from .tiny import resnet, tiny

CONF = Path(__file__).resolve().parents[2] / "conf" / "model"


class TestSmpUnet(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return SmpModel(
            in_channels, num_classes, backbone=tiny(), decoder="unet", options={"decoder_channels": [16, 8, 8, 8, 8]}
        )


class TestSmpPspnet(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return SmpModel(in_channels, num_classes, backbone=tiny(), decoder="pspnet", options={"psp_out_channels": 16})


def test_the_pages_tell_smps_own_defaults() -> None:
    import segmentation_models_pytorch as smp

    for decoder, name in DECODERS.items():
        page = yaml.safe_load((CONF / f"smp_{decoder}.yaml").read_text())
        assert page["_target_"] == "segladder.models.SmpModel" and page["decoder"] == decoder
        known = inspect.signature(getattr(smp, name).__init__).parameters
        for option, value in page["options"].items():
            default = known[option].default
            assert (list(default) if isinstance(default, tuple) else default) == value, f"{decoder}: {option}"


@pytest.mark.parametrize("decoder", DECODERS)
def test_every_decoder_trains_every_parameter_and_keeps_the_size(decoder: str) -> None:
    net = SmpModel(2, 3, backbone=tiny(), decoder=decoder)
    logits = net(torch.randn(2, 2, 40, 33))
    assert logits.shape == (2, 3, 40, 33)
    logits.square().sum().backward()
    assert [name for name, parameter in net.named_parameters() if parameter.grad is None] == []
    assert net.eval()(torch.randn(1, 2, 17, 23)).shape == (1, 3, 17, 23)


@torch.no_grad()
def test_it_computes_what_smp_computes() -> None:
    import segmentation_models_pytorch as smp

    torch.manual_seed(1)
    theirs = smp.FPN("resnet18", encoder_weights=None, classes=3).eval()
    ours = SmpModel(3, 3, backbone=resnet(), decoder="fpn").eval()
    ours.net.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 64, 96)
    assert torch.equal(ours(x), theirs(x))


def test_stages_that_a_decoder_never_reads_are_not_there() -> None:
    net = SmpModel(3, 2, backbone=resnet(), decoder="pspnet")
    assert not any("layer3" in name or "layer4" in name for name, _ in net.named_parameters())
    whole = SmpModel(3, 2, backbone=resnet(), decoder="fpn")
    assert any("layer4" in name for name, _ in whole.named_parameters())


@pytest.mark.parametrize("choice", [resnet, tiny], ids=["torchvision", "timm"])
def test_freezing_and_the_learning_rates_factor_reach_the_encoder(choice: Any) -> None:
    net = SmpModel(3, 2, backbone=choice(freeze=True, lr_factor=0.1), decoder="fpn").train()
    assert net.backbone.lr_factor == 0.1 and not net.backbone.training and net.net.decoder.training
    assert not any(parameter.requires_grad for parameter in net.backbone.parameters())
    assert all(parameter.requires_grad for parameter in net.net.decoder.parameters())
    first = SmpModel(3, 2, backbone=choice(freeze=1), decoder="fpn")
    frozen = {name for name, parameter in first.backbone.named_parameters() if not parameter.requires_grad}
    assert frozen and all("conv1" in name or "bn1" in name or "conv_stem" in name for name in frozen)


def test_a_file_of_weights_is_the_encoders(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    theirs = resnet18()
    torch.save(theirs.state_dict(), tmp_path / "resnet18.pth")
    net = SmpModel(1, 2, backbone=resnet(weights=str(tmp_path / "resnet18.pth")), decoder="fpn")
    assert torch.equal(net.backbone.layer3[0].conv1.weight, theirs.layer3[0].conv1.weight)
    torch.testing.assert_close(net.backbone.conv1.weight, theirs.conv1.weight.sum(1, keepdim=True))
    with pytest.raises(UserError, match="It seems to be of resnet18"):
        SmpModel(3, 2, backbone=resnet(34, weights=str(tmp_path / "resnet18.pth")), decoder="fpn")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"decoder": "fpm"}, "model.decoder is 'fpm': did you mean 'fpn'?"),
        ({"options": {"decoder_chanels": 3}}, "Unknown setting 'model.options.decoder_chanels': did you mean"),
        ({"options": {"classes": 3}}, "model.options.classes is not yours to set"),
        ({"options": {"activation": "sigmoid"}}, "model.options.activation is not yours to set"),
        ({"options": {"decoder_merge_policy": "mul"}}, "smp's fpn does not work over backbone test_efficientnet"),
        ({"decoder": "linknet", "backbone": Backbone(name="mit_b0", source="smp")}, "not supported for Linknet"),
        ({"decoder": "unetplusplus", "backbone": Backbone(name="mit_b0", source="smp")}, "over backbone mit_b0"),
        ({"backbone": tiny(name="swin_tiny_patch4_window7_224")}, "Input height (32) doesn't match model (224)"),
        ({"backbone": tiny(name="resnet18x")}, "which timm does not have: did you mean 'resnet18"),
    ],
)
def test_what_smp_does_not_have_or_join_is_refused_with_a_sentence(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        SmpModel(3, 2, **{"backbone": tiny(), "decoder": "fpn", **settings})
    assert words in str(error.value)


def test_one_image_per_step_is_refused_where_batch_norm_would_take_a_mean_of_it() -> None:
    net = SmpModel(3, 2, backbone=tiny(), decoder="deeplabv3plus")
    with pytest.raises(UserError, match=r"deeplabv3plus leaves one value per channel .*Raise data\.batch_size to 2"):
        net(torch.zeros(1, 3, 64, 64))
    fpn = SmpModel(3, 2, backbone=tiny(), decoder="fpn")
    assert fpn(torch.zeros(1, 3, 64, 64)).shape == (1, 2, 64, 64)
