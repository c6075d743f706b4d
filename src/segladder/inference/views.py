"""The ways in which a network sees the same images again: mirrored and at other scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from segladder.inference.resize import resized_images, resized_logits

if TYPE_CHECKING:
    from segladder.inference.network import Network


@dataclass(frozen=True, kw_only=True)
class Views:
    """Every scale with every flip."""

    scales: tuple[float, ...] = (1.0,)
    flips: tuple[tuple[int, ...], ...] = ((),)
    """The axes along which each is mirrored."""

    def __len__(self) -> int:
        return len(self.scales) * len(self.flips)

    @property
    def plain(self) -> bool:
        """Whether the images are seen once, as they are."""
        return self.scales == (1.0,) and self.flips == ((),)

    def logits(self, network: Network, images: Tensor, index: int) -> Tensor:
        """What the network says of one view, turned back but not resized back.

        Args:
            network: in evaluation mode.
            images: normalised, `(B, C, H, W)`.
            index: of the view, from 0 to below `len(self)`.

        Returns:
            `(B, K, scale * H, scale * W)`, sides rounded.
        """
        scale, axes = self.scales[index // len(self.flips)], self.flips[index % len(self.flips)]
        H, W = images.shape[-2:]
        seen = resized_images(images, (max(1, round(H * scale)), max(1, round(W * scale))))
        if not axes:
            return network.logits(seen)
        return network.logits(seen.flip(axes)).flip(axes)

    def probabilities(self, network: Network, images: Tensor, size: tuple[int, int]) -> Tensor:
        """Mean over the views of the softmax of their logits, each resized to `size`.

        Args:
            network: in evaluation mode.
            images: normalised, `(B, C, h, w)`.
            size: height and width of the result.

        Returns:
            `(B, K, *size)` float32.
        """
        total: Tensor | None = None
        for index in range(len(self)):
            view = resized_logits(self.logits(network, images, index).float(), size).softmax(1)
            total = view if total is None else total.add_(view)
        assert total is not None
        return total if len(self) == 1 else total.div_(len(self))
