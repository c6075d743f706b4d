"""Mask R-CNN from published or saved weights: torchvision's two versions over ResNet-50, trained on COCO.

Their class numbers are COCO's category numbers up to 90, ten of which no category has. For data with 80 classes of
objects, COCO's in their order, those ten are left out; for other data what hangs on the classes is left as drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segladder.models.backbone import Backbone
from segladder.models.downloads import from_torchvision
from segladder.models.filled_later import is_filled_later
from segladder.models.published import fit_state, of_checkpoint
from segladder.models.state_files import read_state
from segladder.types import UserError

HEADS = ("roi_heads.box_predictor.", "roi_heads.mask_predictor.mask_fcn_logits.")
"""The last layers, whose channels are the classes."""

_CATEGORIES = 80
_EPS = 1e-5  # of nn.BatchNorm2d; torchvision computes its first version's norms with 0
_OLD_NAMES = (
    (r"^backbone\.body\.", "backbone.net."),
    (r"^backbone\.fpn\.", "fpn."),
    (r"^(fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2"),
    (r"^rpn\.head\.conv\.(weight|bias)$", r"rpn.head.conv.0.0.\1"),
)
"""How torchvision's names, and those of its older files, become ours."""


def check_published(weights: str | None, backbone: Backbone) -> None:
    """Refuses `weights=coco` where there are none.

    Raises:
        UserError: the backbone is another than torchvision's ResNet-50 with batch norm.
    """
    if weights != "coco":
        return
    if backbone.source != "torchvision" or backbone.name != "resnet50":
        raise UserError(
            f"model.weights=coco exists over resnet50, not over {backbone.name}. Choose backbone=resnet50, or leave"
            " model.weights at null."
        )
    if backbone.norm != "batch":
        raise UserError(
            f"model.weights=coco is of batch norm, but backbone.norm is {backbone.norm}. Leave backbone.norm at batch."
        )


def load_mask_rcnn(model: nn.Module, weights: str | None, *, second_version: bool) -> None:
    """Loads `weights` of a Mask R-CNN, ours or torchvision's, into ours.

    Args:
        model: changed in place.
        weights: None, `coco`, or the path of a state dict.
        second_version: which of torchvision's `coco` means.

    Raises:
        UserError: the weights cannot be had, or are another network's.
    """
    if weights is None or is_filled_later():
        return
    from torchvision.models import detection

    first: Any = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1
    chosen = detection.MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1 if second_version else first
    if weights == "coco":
        source, state = "model.weights=coco", from_torchvision(chosen, key="model.weights")
    else:
        source, state = f"model.weights '{weights}'", read_state(weights, key="model.weights")
    state = own_names(state)
    is_first = not second_version if weights == "coco" else Path(weights).name == first.url.rpartition("/")[2]
    if is_first:
        state = without_eps(state)
    if model.num_things == _CATEGORIES:
        state = of_categories(state, chosen.meta["categories"])
    fit_state(model, state, source, heads=HEADS)


def own_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of torchvision's Mask R-CNN, old or new, or of a run's checkpoint, under our names."""
    found = {}
    for name, value in of_checkpoint(state).items():
        for old, new in _OLD_NAMES:
            name = re.sub(old, new, name)
        # mask_fcn1 to mask_fcn4 are 0.0 to 3.0
        name = re.sub(r"\.mask_fcn(\d+)\.(\w+)$", lambda m: f".{int(m[1]) - 1}.0.{m[2]}", name)
        found[name] = value
    return found


def without_eps(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The backbone's norms with scales that make up for `eps`, which torchvision's first version was trained without.

    Unlike another `eps` this stays in checkpoints, and a norm that goes on learning cannot divide by zero.
    """
    scaled = dict(state)
    for name, variance in state.items():
        if name.startswith("backbone.") and name.endswith(".running_var"):
            weight = name.replace("running_var", "weight")
            scaled[weight] = state[weight] * ((variance.double() + _EPS) / variance.double()).sqrt().to(variance.dtype)
    return scaled


def of_categories(state: Mapping[str, Tensor], names: list[str]) -> dict[str, Tensor]:
    """The heads' channels of COCO's 80 categories and of "no object", where they are of all the numbers up to 90.

    Args:
        state: under our names.
        names: of each number; "N/A" where no category has it.
    """
    kept = torch.tensor([number for number, name in enumerate(names) if name != "N/A"])
    found = dict(state)
    for name, value in state.items():
        if name.startswith(HEADS) and len(value) % len(names) == 0:
            found[name] = value.reshape(len(names), -1, *value.shape[1:])[kept].flatten(0, 1)
    return found
