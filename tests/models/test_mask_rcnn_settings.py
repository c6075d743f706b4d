"""The settings of Mask R-CNN: the shipped ones, and those that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from segladder.models import BoxSettings, MaskRCNN, MaskSettings, ProposalSettings, parameter_count
from segladder.types import UserError

from .tiny import resnet

CONF = Path(__file__).resolve().parents[2] / "conf" / "model"


@pytest.mark.parametrize("name", ["maskrcnn", "maskrcnn_v2"])
def test_the_shipped_settings_are_the_defaults_of_the_version(name: str) -> None:
    page = yaml.safe_load((CONF / "maskrcnn.yaml").read_text())
    if name == "maskrcnn_v2":
        for key, value in yaml.safe_load((CONF / "maskrcnn_v2.yaml").read_text()).items():
            page[key] = page[key] | value if isinstance(value, dict) else value
    groups = {"rpn": ProposalSettings, "box": BoxSettings, "mask": MaskSettings}
    built = {key: kind(**{k: v for k, v in page[key].items() if k != "_target_"}) for key, kind in groups.items()}
    rest = {
        k: v
        for k, v in page.items()
        if k not in (*groups, "_target_", "defaults", "backbone", "in_channels", "num_things")
    }
    with torch.device("meta"):
        net = MaskRCNN(3, 90, backbone=resnet(50), **built, **rest)
        plain = MaskRCNN(3, 90, backbone=resnet(50))
    # torchvision publishes these numbers; the frozen norms of its first version, of 26,560 channels, do not count
    assert parameter_count(net) == {"maskrcnn": 44_401_393 + 2 * 26_560, "maskrcnn_v2": 46_359_409}[name]
    assert f"{parameter_count(net):,} parameters" in (CONF / f"{name}.yaml").read_text()
    if name == "maskrcnn":
        assert str(net) == str(plain) and net.loss_weights == plain.loss_weights
        assert built["box"] == BoxSettings() and built["mask"] == MaskSettings()
        assert vars(built["rpn"]) == {**vars(ProposalSettings()), "pre_nms": [2000, 1000], "post_nms": [2000, 1000]}


@pytest.mark.parametrize(
    ("kind", "setting", "words"),
    [
        (ProposalSettings, {"convs": 0}, "model.rpn.convs is 0."),
        (ProposalSettings, {"pre_nms": 2000}, "model.rpn.pre_nms is 2000. Give two whole numbers"),
        (ProposalSettings, {"post_nms": [1, 0]}, "model.rpn.post_nms is [1, 0]."),
        (ProposalSettings, {"nms_threshold": 2}, "model.rpn.nms_threshold is 2."),
        (ProposalSettings, {"positive_share": 0}, "model.rpn.positive_share is 0, which learns of no object."),
        (
            ProposalSettings,
            {"background_iou": 0.8},
            "model.rpn.background_iou is 0.8, above model.rpn.foreground_iou (0.7)",
        ),
        (BoxSettings, {"convs": -1}, "model.box.convs is -1. Give a whole number of 0 or more."),
        (BoxSettings, {"width": True}, "model.box.width is True."),
        (BoxSettings, {"positive_share": 1.2}, "model.box.positive_share is 1.2."),
        (MaskSettings, {"resolution": 27}, "model.mask.resolution is 27. Give an even number."),
        (MaskSettings, {"convs": 0}, "model.mask.convs is 0."),
    ],
)
def test_settings_of_the_heads_outside_their_range_are_refused(kind: Any, setting: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        kind(**setting)
    assert words in str(error.value)
