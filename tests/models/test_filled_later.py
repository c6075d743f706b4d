"""Networks that a checkpoint is going to fill."""

from __future__ import annotations

import warnings

import pytest
import torch

from segladder.models import Backbone, DeepLabV3, SmpModel
from segladder.models import downloads as downloads_module
from segladder.models.filled_later import filled_later


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Whoever fetches something here is wrong."""

    def refuse(*_, **__):
        raise AssertionError("weights were asked for")

    for name in ("from_torchvision",):
        monkeypatch.setattr(downloads_module, name, refuse)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)


def backbone(**settings):
    return Backbone(name="resnet50", source="torchvision", **settings)


def test_a_network_has_the_form_that_its_weights_ask_for():
    mobilenet = Backbone(name="mobilenet_v3", source="torchvision")
    with filled_later():
        net = DeepLabV3(3, 21, backbone=mobilenet, weights="coco")
    plain = DeepLabV3(3, 21, backbone=mobilenet)
    assert net.backbone.strides[-1] == 16 and plain.backbone.strides[-1] == 8
    assert net.state_dict().keys() == plain.state_dict().keys()


def test_nothing_is_fetched_read_or_said():
    with filled_later(), warnings.catch_warnings():
        warnings.simplefilter("error")
        DeepLabV3(1, 2, backbone=backbone(weights="imagenet"), weights="coco")
        DeepLabV3(1, 2, backbone=backbone(weights="no-such-file.pt"))
        SmpModel(1, 2, backbone=backbone(weights="imagenet"), decoder="fpn")


def test_afterwards_weights_count_again():
    with filled_later():
        pass
    assert backbone(weights="imagenet").pretrained
    assert backbone(weights="x.pt").path == "x.pt"
