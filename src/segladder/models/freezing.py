"""Parts of a backbone that do not learn: no gradient, and evaluation mode also while the rest trains."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from torch import nn

# torch has no public name for what batch norms of every dimension, timm's and the synchronised one share
from torch.nn.modules.batchnorm import _BatchNorm

from segladder.types import UserError


def freeze_parts(
    net: nn.Module,
    stages: Sequence[Sequence[nn.Module]],
    *,
    freeze: bool | int,
    freeze_norm: bool,
    name: str,
) -> list[nn.Module]:
    """Takes the gradient from the frozen parts of an encoder.

    Args:
        net: the encoder.
        stages: its stages in order, the stem first, each as the modules it consists of.
        freeze: all of it, nothing, or its first so many stages.
        freeze_norm: every batch norm keeps its statistics, scale and shift.
        name: what messages call the encoder.

    Returns:
        The frozen modules; whoever holds them calls `eval()` on each after every `train()`.

    Raises:
        UserError: there are fewer stages than to be frozen.
    """
    frozen: list[nn.Module] = []
    if freeze is True:
        frozen = [net]
    elif freeze:
        if freeze > len(stages):
            raise UserError(
                f"backbone.freeze is {freeze}, but {name} has {len(stages)} stages, the stem among them."
                f" Give 1 to {len(stages)}, or true for all of it."
            )
        frozen = [module for stage in stages[:freeze] for module in stage]
    if freeze_norm:
        norms = [module for module in net.modules() if isinstance(module, _BatchNorm)]
        if not norms:
            warnings.warn(f"backbone.freeze_norm has no effect: {name} has no batch norm.", stacklevel=2)
        frozen += norms
    for module in frozen:
        module.requires_grad_(False)
        module.eval()
    return frozen


def trains_batch_norm(net: nn.Module) -> bool:
    """Whether a batch norm takes statistics of the batch now; a synchronised one may see more than this process."""
    return any(module.training for module in net.modules() if type(module) is nn.BatchNorm2d)
