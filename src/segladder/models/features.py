"""A backbone at work: an image in, feature maps from fine to coarse out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn

from segladder.models.freezing import freeze_parts, trains_batch_norm
from segladder.types import UserError


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """An encoder as its library built it, and what is needed to read its features."""

    net: nn.Module
    """An image to a list of maps, of which the last `len(channels)` are the features."""
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    """Pixels of the image per pixel of each map."""
    stages: Sequence[Sequence[nn.Module]]
    """The modules of each stage in order, the stem first."""
    auxiliary: int = -2
    """The feature that an auxiliary head reads."""
    multiple: int = 1
    """Sizes it needs to divide the image's by; others are padded."""
    smallest: int = 1
    """The fewest pixels a side of the image may have; smaller ones are padded."""
    nhwc: bool = False
    """Its maps are `(B, H, W, C)`."""


class Trunk(nn.ModuleDict):
    """Layers in a row, some of whose outputs are features; torchvision's encoders as such.

    Args:
        layers: by name, in order.
        taps: names of the layers whose outputs are features.
    """

    def __init__(self, layers: Mapping[str, nn.Module], taps: Sequence[str]) -> None:
        super().__init__(dict(layers))
        self._level = {name: level for level, name in enumerate(taps)}

    def forward(self, x: Tensor, levels: Sequence[int]) -> list[Tensor]:
        """The features of `levels` (ascending, from 0); the others are let go as soon as they are used."""
        kept = []
        for name, layer in self.items():
            x = layer(x)
            if self._level.get(name, -1) in levels:
                kept.append(x)
        return kept


class Features(nn.Module):
    """The feature maps of an encoder, with the parts of it frozen that should not learn.

    Attributes:
        channels: of each feature map, from fine to coarse.
        strides: pixels of the image per pixel of each map; a map of an `(H, W)` image is
            `(ceil(H / stride), ceil(W / stride))`.
        auxiliary: index of the map that an auxiliary head reads.
        lr_factor: the backbone's learning rate as a factor of the optimizer's.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        name: str,
        freeze: bool | int = False,
        freeze_norm: bool = False,
        lr_factor: float = 1.0,
    ) -> None:
        """
        Args:
            encoder: the network and its description.
            name: what messages call it.
            freeze: see `freeze_parts`.
            freeze_norm: see `freeze_parts`.
            lr_factor: kept for who builds the optimizer.

        Raises:
            UserError: there are fewer stages than to be frozen.
        """
        super().__init__()
        self.net = encoder.net
        self.name = name
        self.channels = encoder.channels
        self.strides = encoder.strides
        self.auxiliary = encoder.auxiliary % len(encoder.channels)
        self.lr_factor = lr_factor
        self._multiple = encoder.multiple
        self._smallest = encoder.smallest
        self._nhwc = encoder.nhwc
        self._frozen = freeze_parts(self.net, encoder.stages, freeze=freeze, freeze_norm=freeze_norm, name=name)

    def forward(self, x: Tensor, levels: Sequence[int] | None = None) -> list[Tensor]:
        """Feature maps of a batch of images.

        Args:
            x: `(B, in_channels, H, W)`, normalised, of any size. Where the encoder needs a multiple of its
                stride, the image is padded at the bottom and right with copies of its border pixels.
            levels: which maps, ascending, as indices from 0; None for all.

        Returns:
            One `(B, channels, ceil(H / stride), ceil(W / stride))` per level.

        Raises:
            UserError: batch norm would train on one value per channel.
        """
        self._check_batch_norm(x)
        wanted = range(len(self.channels)) if levels is None else levels
        padded = self._pad(x)
        maps: list[Tensor]
        if isinstance(self.net, Trunk):
            maps = self.net(padded, wanted)
        else:
            every = list(self.net(padded))[-len(self.channels) :]
            maps = [every[level] for level in wanted]
        if self._nhwc:
            maps = [each.permute(0, 3, 1, 2) for each in maps]
        if padded is x:
            return maps
        height, width = x.shape[-2:]
        strides = [self.strides[level] for level in wanted]
        return [m[..., : -(-height // s), : -(-width // s)] for m, s in zip(maps, strides, strict=True)]

    def train(self, mode: bool = True) -> Self:
        """As `nn.Module.train`; what is frozen stays in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def level(self, stride: int, *, owner: str) -> int:
        """Index of the deepest map of this stride.

        Args:
            stride: pixels of the image per pixel of the map.
            owner: what the message calls the network that needs it.

        Raises:
            UserError: the encoder has none.
        """
        if stride not in self.strides:
            there = ", ".join(str(one) for one in dict.fromkeys(self.strides))
            raise UserError(
                f"{owner} needs features at stride {stride}, but backbone {self.name} has them at {there}."
                " Choose another backbone."
            )
        return len(self.strides) - 1 - self.strides[::-1].index(stride)

    def _pad(self, x: Tensor) -> Tensor:
        add = []
        for size in (x.shape[-1], x.shape[-2]):
            wanted = max(size, self._smallest)
            add += [0, wanted + -wanted % self._multiple - size]
        return F.pad(x, add, mode="replicate") if any(add) else x

    def _check_batch_norm(self, x: Tensor) -> None:
        last = self.strides[-1]
        if self.training and x.shape[0] == 1 and max(x.shape[-2:]) <= last and trains_batch_norm(self.net):
            raise UserError(
                f"Batch norm cannot train on one image of {x.shape[2]}x{x.shape[3]} pixels: at stride {last} one value"
                " per channel is left to take a variance of. Raise data.batch_size, use larger images, or set"
                " backbone.freeze_norm=true."
            )
