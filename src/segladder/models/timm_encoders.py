"""Any encoder of timm that has feature levels, and SegFormer's encoders from segmentation_models_pytorch.

Both libraries take seconds to import, which is done when one of their networks is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from segladder.models.downloads import from_hub
from segladder.models.features import Encoder
from segladder.models.settings import check_choice, did_you_mean
from segladder.models.state_files import load_encoder, read_state
from segladder.types import UserError

_PROBE = 65
"""No multiple of any stride: its maps tell how an encoder rounds."""


def build_timm(name: str, *, in_channels: int, output_stride: int, pretrained: bool) -> Encoder:
    """An encoder of timm by its name, as in `regnety_008` or `convnext_tiny.fb_in1k`.

    Raises:
        UserError: there is none of that name, it has no feature levels, takes no image of another size than it was
            made for, or its weights cannot be had.
    """
    import timm

    check_timm_name(name, pretrained=pretrained)
    settings: dict[str, Any] = {"features_only": True, "in_chans": in_channels}
    plan = _plan(name, settings)
    strides = tuple(plan.feature_info.reduction())
    if any(after <= before for before, after in pairwise(strides)):
        raise UserError(
            f"backbone.name '{name}' keeps one resolution throughout, so it has no feature levels to decode."
            " Choose a network with stages, such as resnet50d, convnext_tiny or swin_tiny_patch4_window7_224."
        )
    if output_stride < strides[-1]:
        settings, plan = _dilated(name, settings, plan, output_stride)
    rounds_up = _rounds_up(plan, in_channels)
    if rounds_up is None:
        # Swin and its like are made for one size unless told otherwise
        settings["strict_img_size"] = False
        free = _tried(name, settings)
        rounds_up = None if free is None else _rounds_up(free, in_channels)
    if rounds_up is None:
        raise UserError(f"backbone.name '{name}' takes images of one size only. Choose another network of timm.")
    if pretrained:
        settings["pretrained_cfg_overlay"] = published_file(name)
    net: Any = timm.create_model(name, pretrained=pretrained, **settings)
    strides = tuple(net.feature_info.reduction())
    return Encoder(
        net=net,
        channels=tuple(net.feature_info.channels()),
        strides=strides,
        stages=timm_stages(net),
        multiple=1 if rounds_up else max(strides),
        smallest=32,
        nhwc=_is_nhwc(net),
    )


def build_mix_transformer(name: str, *, in_channels: int, output_stride: int, pretrained: bool) -> Encoder:
    """SegFormer's encoder (Xie et al., NeurIPS 2021): `mit_b0` to `mit_b5`.

    Raises:
        UserError: there is no such encoder, or its weights cannot be had.
    """
    from segmentation_models_pytorch.encoders import get_encoder

    check_choice("backbone.name", name, [f"mit_b{size}" for size in range(6)])
    if output_stride < 32:
        _warn_undilated(name, output_stride, 32)
    net = get_encoder(name, in_channels=in_channels, weights=None)
    if pretrained:
        load_encoder(net, mix_transformer_state(name), name=name, source="smp's file")
    return Encoder(
        net=net,
        channels=tuple(net.out_channels[2:]),
        strides=(4, 8, 16, 32),
        stages=mix_transformer_stages(net),
        # its attention shrinks the finest map by 8
        smallest=32,
    )


def published_file(name: str) -> dict[str, Any]:
    """What tells `timm.create_model` to take a network's published weights from their file in the hub's cache.

    Raises:
        UserError: the file cannot be had.
    """
    import timm

    entry: Any = timm.get_pretrained_cfg(name)
    if not getattr(entry, "hf_hub_id", None):
        return {}
    filename = entry.hf_hub_filename or "model.safetensors"
    # custom_load is of the original files, which the hub's are not
    return {"file": from_hub(entry.hf_hub_id, filename=filename, key="backbone.weights"), "custom_load": False}


def mix_transformer_state(name: str) -> dict[str, Tensor]:
    """The state dict of smp's ImageNet weights for `mit_b0` to `mit_b5`.

    Raises:
        UserError: the file cannot be had.
    """
    from segmentation_models_pytorch.encoders import encoders

    where = encoders[name]["pretrained_settings"]["imagenet"]
    path = from_hub(where["repo_id"], revision=where["revision"], key="backbone.weights")
    return read_state(path, key="backbone.weights")


def check_timm_name(name: str, *, pretrained: bool) -> None:
    """Refuses a name that timm does not have, or has no weights for.

    Raises:
        UserError: with the nearest name.
    """
    import timm

    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise UserError(
            f"backbone.name is '{name}', which timm does not have{did_you_mean(architecture, timm.list_models())}"
        )
    tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise UserError(
            f"backbone.name is '{name}', but timm has no weights '{tag}' of {architecture}{did_you_mean(tag, tags)}"
            f" It has: {', '.join(tags) or 'none'}."
        )
    if pretrained and not timm.is_model_pretrained(name):
        raise UserError(f"timm has no weights of '{name}'. Set backbone.weights=null, or give a file's path.")


def timm_stages(net: nn.Module) -> list[list[nn.Module]]:
    """The modules that lead to each feature of a timm encoder; a stem before the first stage is a stage of its own."""
    info: Any = net.feature_info
    names = {name for name, _ in net.named_modules()}
    ends = [_inside(str(entry["module"]), names) for entry in info.get_dicts() if entry["module"]]
    if not ends or not all(end in names for end in ends):
        return [[net]]
    parts = _parts(net, "", ends)
    stages: list[list[nn.Module]] = [[]]
    remaining = list(ends)
    for name, module in parts:
        # conv1, bn1 and act1 are one stem: an end without parameters belongs to what comes before it
        if name == ends[0] and stages[0] and any(True for _ in module.parameters()):
            stages.append([])
        stages[-1].append(module)
        if name == remaining[0] and len(remaining) > 1:
            remaining.pop(0)
            stages.append([])
    return [stage for stage in stages if stage]


def mix_transformer_stages(net: Any) -> list[list[nn.Module]]:
    """The modules of each of the four stages."""
    return [[getattr(net, f"{part}{stage}") for part in ("patch_embed", "block", "norm")] for stage in range(1, 5)]


def _parts(module: nn.Module, path: str, ends: Sequence[str]) -> list[tuple[str, nn.Module]]:
    """The module's children in order, those that hold an end opened up."""
    found = []
    for name, child in module.named_children():
        here = f"{path}{name}"
        if any(end.startswith(f"{here}.") for end in ends):
            found += _parts(child, f"{here}.", ends)
        else:
            found.append((here, child))
    return found


def _inside(module: str, names: set[str]) -> str:
    """A module's name in the classifier as it is in the feature extractor, which flattens the first level."""
    flat = module.replace(".", "_", 1)
    return module if module in names else flat


def _plan(name: str, settings: dict[str, Any]) -> Any:
    """The network without storage, to ask questions of; with it, where it cannot be built without.

    Raises:
        UserError: timm cannot take features from it.
    """
    import timm

    try:
        try:
            with torch.device("meta"):
                return timm.create_model(name, **settings)
        # RuntimeError also of the few that compute with values while being built
        except (NotImplementedError, RuntimeError):
            return timm.create_model(name, **settings)
    except (RuntimeError, AttributeError) as error:
        raise UserError(
            f"timm takes no features from '{name}': {str(error).splitlines()[0].rstrip('.')}. Choose another network."
        ) from error


def _dilated(name: str, settings: dict[str, Any], plan: Any, output_stride: int) -> tuple[dict[str, Any], Any]:
    wanted = settings | {"output_stride": output_stride}
    dilated = _tried(name, wanted)
    if dilated is None or dilated.feature_info.reduction()[-1] != output_stride:
        _warn_undilated(name, output_stride, plan.feature_info.reduction()[-1])
        return settings, plan
    return wanted, dilated


def _tried(name: str, settings: dict[str, Any]) -> Any:
    """As `_plan`; None where the network does not take these settings, which each says in its own way."""
    try:
        return _plan(name, settings)
    except (TypeError, AssertionError, ValueError):
        return None


def _rounds_up(plan: nn.Module, in_channels: int) -> bool | None:
    """Whether maps of odd sizes are rounded up, as padded convolutions do; None where not even multiples work."""
    info: Any = plan.feature_info
    strides = info.reduction()
    plan = plan.to("meta").eval()
    for side in (_PROBE, 64 if max(strides) <= 64 else max(strides)):
        try:
            with torch.no_grad():
                maps = plan(torch.empty(1, in_channels, side, side, device="meta"))
        # a network says in its own way that it takes no such size
        except (AssertionError, RuntimeError, ValueError):
            continue
        if side != _PROBE:
            return False
        rows = 1 if _is_nhwc(plan) else 2
        if all(one.shape[rows] == -(-side // stride) for one, stride in zip(maps, strides, strict=True)):
            return True
    return None


def _is_nhwc(net: nn.Module) -> bool:
    return str(getattr(net, "output_fmt", "NCHW")).upper().endswith("NHWC")


def _warn_undilated(name: str, wanted: int, own: int) -> None:
    warnings.warn(
        f"Backbone {name} has no dilated form: its features end at stride {own}, not at model.output_stride={wanted}.",
        stacklevel=2,
    )
