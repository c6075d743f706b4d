"""Networks as plain `nn.Module`s, usable from a notebook on their own; torch is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.models.adapt import Taken as Taken
    from segladder.models.adapt import take_matching as take_matching
    from segladder.models.auxiliary import WithAuxiliary as WithAuxiliary
    from segladder.models.backbone import Backbone as Backbone
    from segladder.models.deeplab import DeepLabV3 as DeepLabV3
    from segladder.models.deeplab_plus import DeepLabV3Plus as DeepLabV3Plus
    from segladder.models.detections import Detections as Detections
    from segladder.models.detections import MaskRCNNTraining as MaskRCNNTraining
    from segladder.models.dilated_fcn import DilatedFCN as DilatedFCN
    from segladder.models.fcn import FCN as FCN
    from segladder.models.features import Features as Features
    from segladder.models.levels import Level as Level
    from segladder.models.levels import levels_text as levels_text
    from segladder.models.mask_rcnn import MaskRCNN as MaskRCNN
    from segladder.models.mask_rcnn_settings import BoxSettings as BoxSettings
    from segladder.models.mask_rcnn_settings import MaskSettings as MaskSettings
    from segladder.models.mask_rcnn_settings import ProposalSettings as ProposalSettings
    from segladder.models.size import flops as flops
    from segladder.models.size import parameter_count as parameter_count
    from segladder.models.smp_model import SmpModel as SmpModel
    from segladder.models.unet import UNet as UNet

_HOMES = {
    "Backbone": "segladder.models.backbone",
    "BoxSettings": "segladder.models.mask_rcnn_settings",
    "DeepLabV3": "segladder.models.deeplab",
    "DeepLabV3Plus": "segladder.models.deeplab_plus",
    "Detections": "segladder.models.detections",
    "DilatedFCN": "segladder.models.dilated_fcn",
    "FCN": "segladder.models.fcn",
    "Features": "segladder.models.features",
    "Level": "segladder.models.levels",
    "MaskRCNN": "segladder.models.mask_rcnn",
    "MaskRCNNTraining": "segladder.models.detections",
    "MaskSettings": "segladder.models.mask_rcnn_settings",
    "ProposalSettings": "segladder.models.mask_rcnn_settings",
    "SmpModel": "segladder.models.smp_model",
    "Taken": "segladder.models.adapt",
    "UNet": "segladder.models.unet",
    "WithAuxiliary": "segladder.models.auxiliary",
    "flops": "segladder.models.size",
    "levels_text": "segladder.models.levels",
    "parameter_count": "segladder.models.size",
    "take_matching": "segladder.models.adapt",
}

__all__ = [
    "FCN",
    "Backbone",
    "BoxSettings",
    "DeepLabV3",
    "DeepLabV3Plus",
    "Detections",
    "DilatedFCN",
    "Features",
    "Level",
    "MaskRCNN",
    "MaskRCNNTraining",
    "MaskSettings",
    "ProposalSettings",
    "SmpModel",
    "Taken",
    "UNet",
    "WithAuxiliary",
    "flops",
    "levels_text",
    "parameter_count",
    "take_matching",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
