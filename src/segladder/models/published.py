"""Whole networks from published or saved weights: torchvision's DeepLabV3 and FCN, trained on COCO with VOC's classes.

The weights fit data with PASCAL VOC's 21 classes as they are. With other classes the last convolution is left as drawn.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from segladder.models.backbone import Backbone
from segladder.models.downloads import from_torchvision
from segladder.models.filled_later import is_filled_later
from segladder.models.first_conv import adapt_first_conv
from segladder.models.state_files import read_state, seems_to_be
from segladder.types import UserError

HEADS = ("classifier.4.", "aux_classifier.4.")
"""The last convolutions, whose channels are the classes."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file of torchvision's for a whole network."""

    weights: str
    """Name of torchvision's list of weights."""
    output_stride: int
    """Which it was trained at."""
    reach: int = 96
    """See `rates_at`; torchvision trained MobileNetV3 with 12, 24, 36 at output stride 16."""


DEEPLAB_FILES = {
    "resnet50": Published(weights="DeepLabV3_ResNet50_Weights", output_stride=8),
    "resnet101": Published(weights="DeepLabV3_ResNet101_Weights", output_stride=8),
    "mobilenet_v3": Published(weights="DeepLabV3_MobileNet_V3_Large_Weights", output_stride=16, reach=192),
}
FCN_FILES = {
    "resnet50": Published(weights="FCN_ResNet50_Weights", output_stride=8),
    "resnet101": Published(weights="FCN_ResNet101_Weights", output_stride=8),
}


def published_for(weights: str | None, backbone: Backbone, files: Mapping[str, Published]) -> Published | None:
    """The entry of `files` that `weights=coco` means; None for other weights.

    Raises:
        UserError: there is none for this backbone.
    """
    if weights != "coco":
        return None
    name = str(backbone.name)
    if backbone.source != "torchvision" or name not in files:
        raise UserError(
            f"model.weights=coco exists over {', '.join(files)}, not over {name}. Choose one of these with"
            " backbone=…, or leave model.weights at null."
        )
    return files[name]


def without_own_weights(backbone: Backbone, weights: str | None) -> Backbone:
    """The backbone for a network whose weights hold it, too: nothing is loaded or fetched twice."""
    if weights is None or backbone.weights is None or is_filled_later():
        return backbone
    warnings.warn(
        f"backbone.weights={backbone.weights} has no effect: model.weights={weights} holds the backbone, too.",
        stacklevel=3,
    )
    return dataclasses.replace(backbone, weights=None)


def load_network(model: nn.Module, weights: str | None, published: Published | None) -> None:
    """Loads `weights` of a DeepLabV3 or FCN, ours or torchvision's, into our network of that kind.

    Args:
        model: with `backbone`, `classifier` and perhaps `aux_classifier`, named as torchvision's.
        weights: None, `coco`, or the path of a state dict.
        published: what `coco` means.

    Raises:
        UserError: the weights cannot be had, or are another network's.
    """
    if weights is None or is_filled_later():
        return
    if published is not None:
        import torchvision

        entry: Any = getattr(torchvision.models.segmentation, published.weights).COCO_WITH_VOC_LABELS_V1
        source, state = "model.weights=coco", from_torchvision(entry, key="model.weights")
    else:
        source, state = f"model.weights '{weights}'", read_state(weights, key="model.weights")
    fit_state(model, _own_names(state), source, heads=HEADS, optional="aux_classifier.")


def fit_state(
    model: nn.Module, state: Mapping[str, Tensor], source: str, *, heads: tuple[str, ...], optional: str = "\0"
) -> None:
    """Loads a state dict; what hangs on the number of classes is left as drawn where that differs, with a warning.

    Args:
        model: changed in place.
        state: under the model's names.
        source: what messages call it.
        heads: beginnings of the names of what hangs on the number of classes.
        optional: beginning of the names of an auxiliary head, which either side may lack.

    Raises:
        UserError: it is of another network.
    """
    own = model.state_dict()
    given = adapt_first_conv(own, {name: value for name, value in state.items() if name in own})
    other = sorted(name for name in given if name.startswith(heads) and given[name].shape != own[name].shape)
    unlike = [name for name in given if given[name].shape != own[name].shape and name not in other]
    absent = [name for name in own if name not in given and not name.endswith("num_batches_tracked")]
    missing = [name for name in absent if not name.startswith(optional)]
    unknown = [name for name in state if name not in own and not name.startswith(optional)]
    if unlike or missing or unknown:
        raise UserError(_misfit(own, state, unlike, missing, unknown, source))
    if other:
        theirs, ours = given[other[-1]].shape[0], own[other[-1]].shape[0]
        layers = list(dict.fromkeys(name.rpartition(".")[0] for name in other))
        which = "last convolution" if len(layers) == 1 else "last layers"
        verb = "is" if len(layers) == 1 else "are"
        warnings.warn(
            f"{source} is of {theirs} classes and this network of {ours}: its {which} ({', '.join(layers)}) {verb} left"
            " as drawn, to be trained.",
            stacklevel=4,
        )
    if absent:
        warnings.warn(f"{source} holds no auxiliary head: ours is left as drawn, to be trained.", stacklevel=4)
    model.load_state_dict({name: value for name, value in given.items() if name not in other}, strict=False)


def of_checkpoint(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The network's part of a run's checkpoint; another state dict as it is."""
    mark = "segmenter.model."
    if not any(name.startswith(mark) for name in state):
        return state
    return {name.removeprefix(mark): value for name, value in state.items() if name.startswith(mark)}


def _own_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of torchvision's network, or of a run's checkpoint, under our names."""
    state = of_checkpoint(state)
    old, new = "backbone.", "backbone.net."
    return {
        new + name.removeprefix(old) if name.startswith(old) and not name.startswith(new) else name: value
        for name, value in state.items()
    }


def _misfit(
    own: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    unlike: list[str],
    missing: list[str],
    unknown: list[str],
    source: str,
) -> str:
    parts = [
        f"'{names[0]}'{f' (and {len(names) - 1} more)' if len(names) > 1 else ''} is {what}"
        for names, what in (
            (missing, "missing"),
            (unknown, "not in this network"),
            (unlike, f"{tuple(state[unlike[0]].shape)} and not {tuple(own[unlike[0]].shape)}" if unlike else ""),
        )
        if names
    ]
    theirs, ours = seems_to_be(state), seems_to_be(own)
    hint = f" Its backbone seems to be {theirs}." if theirs and theirs != ours else ""
    return f"{source} does not fit this network: {', '.join(parts)}.{hint} Choose the model and backbone it is of."
