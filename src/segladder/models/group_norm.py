"""Group normalisation, and the choice of a norm: what replaces batch norm where batches are too small for statistics.

Wu & He: Group Normalization, ECCV 2018.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import nn

GROUPS = 32
"""The paper's; its choice hardly matters from 8 to 64."""
NORMS = ("batch", "group")


def group_norm(channels: int) -> nn.GroupNorm:
    """Over 32 groups, or as many as divide the channels."""
    groups = next(groups for groups in range(min(GROUPS, channels), 0, -1) if channels % groups == 0)
    return nn.GroupNorm(groups, channels)


def norm_layer(norm: str | None) -> Callable[[int], nn.Module] | None:
    """What makes a norm of so many channels; None for none.

    Args:
        norm: None or one of `NORMS`.
    """
    return {None: None, "batch": nn.BatchNorm2d, "group": group_norm}[norm]


def use_group_norm(net: nn.Module, *, name: str) -> dict[nn.Module, nn.Module]:
    """Puts a group norm in the place of each batch norm, with the scale and shift that it was drawn with.

    Args:
        net: changed in place.
        name: what messages call it.

    Returns:
        The new module for each old one.
    """
    swapped: dict[nn.Module, nn.Module] = {}
    for parent in list(net.modules()):
        for place, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                swapped[child] = _in_place_of(child)
                setattr(parent, place, swapped[child])
    if not swapped:
        warnings.warn(f"backbone.norm=group has no effect: {name} has no batch norm.", stacklevel=3)
    return swapped


def _in_place_of(old: nn.BatchNorm2d) -> nn.Module:
    new = group_norm(old.num_features)
    if old.affine:
        with torch.no_grad():
            new.weight.copy_(old.weight)
            new.bias.copy_(old.bias)
    act = getattr(old, "act", None)
    if not isinstance(act, nn.Module):
        return new
    # timm's batch norms hold the activation that follows them
    return nn.Sequential(new, getattr(old, "drop", nn.Identity()), act)
