"""Sliding windows over an image, and their weighted average row by row: only rows under open windows are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from segladder.inference.network import Network
    from segladder.inference.views import Views

Raw = Tensor | NDArray[Any]
"""Raw images, in memory or memory-mapped."""

_SIGMAS = 8
"""Standard deviations of the gaussian across a window: nnU-Net's (Isensee et al., Nature Methods 2021)."""


@dataclass(frozen=True, eq=False)
class Span:
    """What a window takes of one side of an image."""

    start: int
    """First pixel."""
    share: Tensor
    """`(pixels,)` float32: how much of each pixel's score comes from this window; over all windows it sums to 1."""

    @property
    def pixels(self) -> int:
        """How many: the window's side, or the image's where that is shorter."""
        return len(self.share)

    @property
    def inside(self) -> slice:
        return slice(self.start, self.start + self.pixels)


class Grid:
    """The windows over an image: rows of windows times columns of windows.

    The weight of a pixel in a window is a product of a weight along the rows and one along the columns. As the
    windows stand on a grid, so is the sum of all weights at a pixel, and each side is normalised by itself.
    """

    def __init__(
        self, size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], *, weighting: str
    ) -> None:
        """
        Args:
            size: height and width of the image.
            window: height and width of a window.
            stride: pixels from one window to the next, down and right, at most the window.
            weighting: "gaussian" or "uniform".
        """
        self.window = window
        self.rows = spans(size[0], window[0], stride[0], weighting=weighting)
        self.columns = spans(size[1], window[1], stride[1], weighting=weighting)

    def bands(self, network: Network, raw: Raw, views: Views, *, batch: int) -> Iterator[tuple[int, Tensor]]:
        """Logarithms of the averaged probabilities, in bands of the rows that no window to come covers.

        Args:
            network: in evaluation mode.
            raw: `(B, C, H, W)`, of the size that the grid is made for.
            views: of each window.
            batch: windows per forward pass, at least one of each image.

        Yields:
            First row and scores `(B, K, rows, W)` float32.
        """
        W = self.columns[-1].inside.stop
        begun: Tensor | None = None
        for index, row in enumerate(self.rows):
            for column, probabilities in self._row(network, raw, views, row, batch=batch):
                if begun is None:
                    begun = probabilities.new_zeros(*probabilities.shape[:2], row.pixels, W)
                weight = row.share.to(begun.device)[:, None] * column.share.to(begun.device)
                begun[..., column.inside].addcmul_(probabilities, weight)
            assert begun is not None
            if index + 1 == len(self.rows):
                yield row.start, log_of(begun)
                return
            finished = self.rows[index + 1].start - row.start
            yield row.start, log_of(begun[:, :, :finished].clone())
            begun = F.pad(begun[:, :, finished:], (0, 0, 0, finished))

    def _row(self, network: Network, raw: Raw, views: Views, row: Span, *, batch: int) -> Iterator[tuple[Span, Tensor]]:
        """Each window of a row with its probabilities `(B, K, h, w)`, padding cut off."""
        B = raw.shape[0]
        together = max(1, batch // B)
        for first in range(0, len(self.columns), together):
            columns = self.columns[first : first + together]
            cut = torch.cat([as_tensor(raw[..., row.inside, column.inside]) for column in columns])
            images = network.images(cut)
            missing = (0, self.window[1] - images.shape[-1], 0, self.window[0] - images.shape[-2])
            if any(missing):
                # zero is the mean colour by now, and what convolutions see beyond the border anyway
                images = F.pad(images, missing)
            probabilities = views.probabilities(network, images, self.window)
            for index, column in enumerate(columns):
                yield column, probabilities[index * B : (index + 1) * B, :, : row.pixels, : column.pixels]


def spans(length: int, window: int, stride: int, *, weighting: str) -> list[Span]:
    """Windows along a side of an image, a stride apart; the last is moved inwards to end with the image.

    Args:
        length: pixels of the image's side.
        window: pixels of the window's side.
        stride: pixels from one window to the next, at most `window`.
        weighting: "gaussian" or "uniform".
    """
    starts = [*range(0, length - window, stride), max(0, length - window)]
    weight = _weight(window, weighting)[:length]
    total = torch.zeros(length, dtype=torch.float64)
    for start in starts:
        total[start : start + window] += weight
    return [Span(start, (weight / total[start : start + window]).float()) for start in starts]


def log_of(probabilities: Tensor) -> Tensor:
    """Their logarithm, in place, and finite: a probability of 0 becomes the least that float32 has."""
    return probabilities.clamp_min_(torch.finfo(probabilities.dtype).tiny).log_()


def as_tensor(raw: Raw) -> Tensor:
    """The tensor itself, or a copy of the array in memory."""
    return raw if isinstance(raw, Tensor) else torch.from_numpy(np.array(raw))


def _weight(window: int, weighting: str) -> Tensor:
    """Weight of each pixel along a window's side, `(window,)` float64 above 0, the same from both ends."""
    if weighting == "uniform":
        return torch.ones(window, dtype=torch.float64)
    distance = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    return torch.exp(-0.5 * (distance * (_SIGMAS / window)) ** 2)
