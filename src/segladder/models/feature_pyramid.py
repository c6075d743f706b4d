"""A feature pyramid over any backbone: which of its maps it takes, and the levels that come out.

Lin et al.: Feature Pyramid Networks for Object Detection, CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from segladder.models.features import Features
from segladder.types import UserError

_FINEST = 4
"""The finest stride: a level of stride 2 costs four times as much and serves hardly an object."""


class FeaturePyramid(FeaturePyramidNetwork):
    """torchvision's pyramid over the maps of a backbone from stride 4 on, with one more level from the coarsest.

    Attributes:
        taken: which of the backbone's maps it reads.
        strides: of its levels, the last made by pooling, for anchors alone.
        names: of its levels but the last.
    """

    def __init__(self, features: Features, *, channels: int, norm: Callable[[int], nn.Module] | None = None) -> None:
        """
        Args:
            features: the backbone.
            channels: of every level.
            norm: makes the norm behind each convolution.

        Raises:
            UserError: the backbone's maps do not halve in size from one to the next.
        """
        strides = sorted({stride for stride in features.strides if stride >= _FINEST})
        if not strides or any(after != 2 * before for before, after in pairwise(strides)):
            there = ", ".join(str(stride) for stride in features.strides)
            raise UserError(
                f"A feature pyramid needs maps of strides 4, 8, 16, …, but backbone {features.name} has them at"
                f" {there}. Choose another backbone."
            )
        taken = [features.level(stride, owner="A feature pyramid") for stride in strides]
        super().__init__([features.channels[level] for level in taken], channels, LastLevelMaxPool(), norm)
        self.taken = taken
        self.strides = (*strides, 2 * strides[-1])
        self.names = [str(level) for level in range(len(strides))]

    def levels(self, maps: list[Tensor]) -> dict[str, Tensor]:
        """The levels, from fine to coarse, of the backbone's maps `taken`."""
        found: dict[str, Tensor] = self(dict(zip(self.names, maps, strict=True)))
        return found
