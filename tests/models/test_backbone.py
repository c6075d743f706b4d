"""The choice of an encoder: what it builds, where weights come from, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
import yaml

from segladder.models import Backbone, parameter_count
from segladder.types import UserError

from .tiny import resnet, tiny

CONF = Path(__file__).resolve().parents[2] / "conf" / "backbone"
NAMED = sorted(path.stem for path in CONF.glob("*.yaml") if path.stem != "timm")


def shipped(name: str, **settings: Any) -> Backbone:
    loaded = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    assert loaded.pop("_target_") == "segladder.models.Backbone"
    return Backbone(**{**loaded, **settings})


@pytest.mark.parametrize("name", NAMED)
def test_every_shipped_choice_builds_with_the_parameters_that_its_page_names(name: str) -> None:
    features = shipped(name).features(in_channels=3)
    assert f"{parameter_count(features):,} parameters" in (CONF / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v3"])
def test_top_1_is_what_torchvision_publishes(name: str) -> None:
    from segladder.models.torchvision_encoders import WEIGHTS

    weights = getattr(torchvision.models, WEIGHTS[name]).IMAGENET1K_V1
    assert f"{weights.meta['_metrics']['ImageNet-1K']['acc@1']:.3f} %" in (CONF / f"{name}.yaml").read_text()


def test_a_classifiers_file_loads_without_its_classifier(tmp_path: Path) -> None:
    theirs = torchvision.models.resnet18()
    torch.save({"model": theirs.state_dict(), "epoch": 3}, tmp_path / "resnet18.pth")
    ours = resnet(weights=str(tmp_path / "resnet18.pth")).features(in_channels=3)
    assert torch.equal(ours.net["layer4"][1].conv2.weight, theirs.layer4[1].conv2.weight)
    assert not any("fc" in name for name in ours.state_dict())


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext"])
@torch.no_grad()
def test_a_timm_classifiers_file_gives_the_features_that_timm_gives(name: str, tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    theirs = timm.create_model(name).eval()
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    ours = tiny(name=name, weights=str(tmp_path / "model.safetensors")).features(in_channels=3).eval()
    x = torch.randn(1, 3, 64, 64)
    expected = theirs.forward_intermediates(x, intermediates_only=True, norm=False)
    torch.testing.assert_close(ours(x)[-1], expected[-1], rtol=1e-4, atol=1e-5)


def test_weights_of_another_encoder_are_refused_with_its_name(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet50().state_dict(), tmp_path / "some.pth")
    with pytest.raises(UserError) as error:
        resnet(weights=str(tmp_path / "some.pth")).features(in_channels=3)
    assert "does not fit resnet18: " in str(error.value) and "layer1.0.conv3.weight" in str(error.value)
    assert "It seems to be of resnet50." in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is no file. Give the path of a state dict"),
        (b"not a checkpoint", "cannot be read as tensors alone"),
        ([1, 2], "holds no state dict, but list"),
    ],
)
def test_files_that_hold_no_weights_are_refused(content: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(UserError, match=words):
        resnet(weights=str(path)).features(in_channels=3)


def test_an_encoder_without_a_dilated_form_keeps_its_stride_and_says_so() -> None:
    with pytest.warns(UserWarning, match="mit_b0 has no dilated form: its features end at stride 32"):
        assert Backbone(name="mit_b0", source="smp").features(in_channels=3, output_stride=16).strides[-1] == 32


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"source": "timn"}, "backbone.source is 'timn': did you mean 'timm'?"),
        ({"name": None}, "backbone.name is null."),
        ({"freeze": -1}, "backbone.freeze is -1."),
        ({"freeze": 1.5}, "backbone.freeze is 1.5."),
        ({"freeze_norm": "yes"}, "backbone.freeze_norm is 'yes'."),
        ({"lr_factor": -0.1}, "backbone.lr_factor is -0.1."),
        ({"lr_factor": 0}, "Use backbone.freeze=true"),
    ],
)
def test_settings_outside_their_range_are_refused_with_a_sentence(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        tiny(**settings)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "resnet19", "source": "torchvision"}, "did you mean 'resnet18'?"),
        ({"name": "regnety_08"}, "which timm does not have: did you mean 'regnety_0"),
        ({"name": "convnext_tiny.fb_in1"}, "did you mean 'fb_in1k'?"),
        ({"name": "vit_tiny_patch16_224"}, "keeps one resolution throughout"),
        ({"name": "maxvit_tiny_tf_224"}, "takes images of one size only"),
        ({"freeze": 9}, "backbone.freeze is 9, but test_efficientnet has 6 stages, the stem among them. Give 1 to 6"),
        ({"name": "mit_b9", "source": "smp"}, "Choose one of: mit_b0"),
    ],
)
def test_networks_that_are_no_backbones_are_refused_with_a_sentence(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        tiny(**settings).features(in_channels=3)
    assert words in str(error.value)
