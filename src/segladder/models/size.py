"""How large a network is: its parameters, and the arithmetic that one image costs."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def parameter_count(module: nn.Module) -> int:
    """Number of parameters, frozen ones included; a parameter that two layers share counts once."""
    return sum(parameter.numel() for parameter in module.parameters())


def flops(module: nn.Module, input_shape: Sequence[int]) -> int:
    """Floating point operations of one forward pass in evaluation mode: a multiply-add counts as two.

    Convolutions, matrix products and attention are counted; biases, normalisation, activations,
    pooling and interpolation, a few per cent of them, are not. Papers' "GFLOPs" often mean multiply-adds,
    half of this.

    The pass runs on a copy without storage (the `meta` device): nothing is computed, and the module, its
    running statistics and the random state stay as they are.

    The first call in a process imports torch._dynamo, seconds that making an optimizer has already paid.

    Args:
        module: any network that takes one image tensor.
        input_shape: shape of the input with its batch dimension, e.g. `(1, 3, 360, 480)`.
    """
    shadow = copy.deepcopy(module).to("meta").float().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shadow(torch.empty(tuple(input_shape), device="meta"))
    return int(counter.get_total_flops())
