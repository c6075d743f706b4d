"""The first convolution's weights for another number of input channels, by the convention of timm and smp.

One channel gets the sum over the old ones, so that a grey image does what the same image repeated to RGB did. Other
numbers get the old channels again and again (R G, R G B R), scaled by old / new, so that sums keep their size.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def adapt_channels(weight: Tensor, channels: int) -> Tensor:
    """A convolution's weight `(out, old, h, w)` for `channels` input channels: `(out, channels, h, w)`."""
    old = weight.shape[1]
    if channels == old:
        return weight
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    repeated = weight[:, [index % old for index in range(channels)]]
    return repeated * (old / channels)


def adapt_first_conv(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`given` with its first convolution fitted to the network's number of input channels.

    Args:
        own: the network's state dict; its first convolution is its first tensor of four dimensions.
        given: the state dict to load, under the same names.
    """
    adapted = dict(given)
    name = next((name for name, tensor in own.items() if tensor.ndim == 4), None)
    if name is not None and name in given and given[name].ndim == 4:
        new, old = own[name], given[name]
        if new.shape[0] == old.shape[0] and new.shape[2:] == old.shape[2:]:
            adapted[name] = adapt_channels(old, new.shape[1])
    return adapted


def with_channels(layer: nn.Conv2d, channels: int) -> nn.Conv2d:
    """A convolution like `layer` for another number of input channels, drawn as torchvision's ResNet draws its own."""
    if layer.in_channels == channels:
        return layer
    new = nn.Conv2d(
        channels,
        layer.out_channels,
        kernel_size=layer.kernel_size,  # type: ignore[arg-type]
        stride=layer.stride,  # type: ignore[arg-type]
        padding=layer.padding,  # type: ignore[arg-type]
        bias=layer.bias is not None,
    )
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    if new.bias is not None:
        with torch.no_grad():
            new.bias.zero_()
    return new
