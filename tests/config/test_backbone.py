"""The choice of a backbone beside models that have one and models that have none."""

from __future__ import annotations

from hydra import compose, initialize_config_dir

from segladder.config.backbone import settle_backbone
from segladder.config.paths import conf_dir


def composed(*overrides):
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("train", overrides=list(overrides))


def test_a_model_without_backbone_loses_the_choice_with_a_warning():
    words = ["model=unet", "backbone=resnet50", "backbone.weights=imagenet"]
    cfg = composed(*words)
    (warning,) = settle_backbone(cfg, words)
    assert "backbone=resnet50 backbone.weights=imagenet has no effect" in warning
    assert cfg.backbone is None


def test_the_default_backbone_goes_without_a_word():
    cfg = composed("model=unet")
    assert settle_backbone(cfg, ["model=unet"]) == []
    assert cfg.backbone is None


def test_two_backbones_make_one_run_of_a_model_without():
    first, second = composed("model=unet", "backbone=resnet18"), composed("model=unet", "backbone=resnet50")
    for cfg in (first, second):
        settle_backbone(cfg)
    assert first == second


def test_a_model_with_backbone_gets_the_choice():
    cfg = composed("model=deeplab", "backbone=resnet50", "backbone.weights=imagenet")
    assert settle_backbone(cfg, ["backbone=resnet50"]) == []
    assert (cfg.model.backbone.name, cfg.model.backbone.weights) == ("resnet50", "imagenet")
