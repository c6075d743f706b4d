"""Published weights: from a cache without the network, and what is said when they cannot be had."""

from __future__ import annotations

import urllib.error
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
import torchvision
from torch import nn

from segladder.models import Backbone, DeepLabV3, SmpModel
from segladder.models.filled_later import filled_later
from segladder.types import UserError

from .tiny import resnet, tiny


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty caches and no network."""
    from huggingface_hub import constants

    def unreachable(*_args: Any, **_settings: Any) -> NoReturn:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def cached(tmp_path: Path, name: str, net: nn.Module) -> None:
    """A network's weights in the cache of torch, under a file's published name."""
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(net.state_dict(), folder / name)


def test_a_file_of_torchvision_that_is_not_there_is_named_with_its_place_and_the_way_around(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        resnet(50, weights="imagenet").features(in_channels=3)
    said = str(error.value)
    assert "backbone.weights wants resnet50-0676ba61.pth from download.pytorch.org" in said
    assert "no route to host" in said and str(tmp_path / "torch" / "hub" / "checkpoints") in said
    assert "Go without by backbone.weights=null" in said


def test_coco_weights_that_are_not_there_are_named() -> None:
    with pytest.raises(
        UserError, match=r"model\.weights wants deeplabv3_resnet50_coco-cd0a2569\.pth .*model\.weights=null"
    ):
        DeepLabV3(3, 21, backbone=resnet(50), weights="coco")


@pytest.mark.parametrize(
    ("backbone", "file"),
    [
        (tiny(weights="imagenet"), "timm/test_efficientnet.r160_in1k/model.safetensors"),
        (Backbone(name="mit_b0", source="smp", weights="imagenet"), "smp-hub/mit_b0.imagenet/model.safetensors"),
    ],
    ids=["timm", "smp"],
)
def test_a_file_of_the_hub_that_is_not_there_is_named(backbone: Backbone, file: str, tmp_path: Path, capfd) -> None:
    for build in (
        lambda: backbone.features(in_channels=3),
        lambda: SmpModel(3, 2, backbone=backbone, decoder="fpn"),
    ):
        with pytest.raises(UserError) as error:
            build()
        said = str(error.value)
        assert f"backbone.weights wants {file} from huggingface.co" in said and str(tmp_path / "hub") in said
        assert "Go without by backbone.weights=null" in said
        assert f"Downloading {file}" in capfd.readouterr().err


def test_a_cached_file_of_torchvision_is_used_by_our_backbones_and_by_smp(tmp_path: Path) -> None:
    theirs = torchvision.models.resnet18()
    cached(tmp_path, "resnet18-f37072fd.pth", theirs)
    expected = theirs.layer4[0].conv1.weight
    choice = resnet(weights="imagenet")
    assert torch.equal(choice.features(in_channels=3).net["layer4"][0].conv1.weight, expected)
    assert torch.equal(SmpModel(3, 2, backbone=choice, decoder="fpn").backbone.layer4[0].conv1.weight, expected)


def test_a_damaged_cached_file_is_named(tmp_path: Path) -> None:
    cached(tmp_path, "resnet18-f37072fd.pth", nn.Linear(1, 1))
    path = tmp_path / "torch" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match=r"resnet18-f37072fd\.pth' cannot be read .*Delete it and start again"):
        resnet(weights="imagenet").features(in_channels=3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_cached_file_of_the_hub_is_used_without_the_network(channels: int, tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    theirs = timm.create_model("test_efficientnet")
    repository = tmp_path / "hub" / "models--timm--test_efficientnet.r160_in1k"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    save_file(theirs.state_dict(), snapshot / "model.safetensors")
    choice = tiny(weights="imagenet")
    stem = theirs.conv_stem.weight if channels == 3 else theirs.conv_stem.weight.sum(1, keepdim=True)
    torch.testing.assert_close(choice.features(in_channels=channels).net.conv_stem.weight, stem)
    torch.testing.assert_close(
        SmpModel(channels, 2, backbone=choice, decoder="fpn").backbone.model.conv_stem.weight, stem
    )


@torch.no_grad()
def test_coco_weights_over_a_resnet_are_used_at_their_stride_and_with_their_rates(tmp_path: Path) -> None:
    theirs = torchvision.models.segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None, num_classes=21, aux_loss=True
    ).eval()
    cached(tmp_path, "deeplabv3_resnet50_coco-cd0a2569.pth", theirs)
    ours = DeepLabV3(3, 21, backbone=resnet(50), weights="coco").eval()
    x = torch.randn(1, 3, 49, 33)
    torch.testing.assert_close(ours(x), theirs(x)["out"], rtol=1e-5, atol=1e-5)
    with pytest.warns(UserWarning, match=r"of 21 classes and this network of 5: .*\(classifier\.4\) is left as drawn"):
        DeepLabV3(3, 5, backbone=resnet(50), weights="coco")


def test_coco_weights_over_another_backbone_are_refused() -> None:
    with pytest.raises(UserError, match="exists over resnet50, resnet101, mobilenet_v3, not over resnet18"):
        DeepLabV3(3, 21, backbone=resnet(), weights="coco")


def test_a_network_that_a_checkpoint_fills_later_is_built_as_its_weights_say_without_them() -> None:
    with filled_later():
        assert DeepLabV3(3, 5, backbone=resnet(50), weights="coco").backbone.strides[-1] == 8
        resnet(weights="imagenet").features(in_channels=3)
        tiny(weights="/not/there.pth").features(in_channels=3)
        SmpModel(3, 2, backbone=tiny(weights="imagenet"), decoder="fpn")
    with pytest.raises(UserError, match="cannot be fetched"):
        resnet(weights="imagenet").features(in_channels=3)
