"""How an image goes through a network: whole, resized or in windows, flipped and at several scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from segladder.inference import settings
from segladder.inference.network import Network
from segladder.inference.resize import inner_size, resized_bands, resized_raw
from segladder.inference.views import Views
from segladder.inference.windows import Grid, Raw, as_tensor, log_of
from segladder.metrics.argmax import classes_of
from segladder.types import UserError

OVERLAP = 1 / 3
"""Share of a window's side that its neighbour covers too, where neither overlap nor stride is given."""


class Inference:
    """The protocol between an image and its scores, the same for validation, test, evaluate and predict.

    An image is resized to `size`, cut into windows, each window is seen at every scale and flip, and the
    probabilities of all these views are averaged. What is not set is left out; with nothing set the network's
    logits are handed on untouched. Scores are always at the image's own size.
    """

    def __init__(
        self,
        *,
        size: int | Sequence[int] | None = None,
        window: int | Sequence[int] | None = None,
        overlap: float | None = None,
        stride: int | Sequence[int] | None = None,
        weighting: str | None = None,
        batch: int | None = None,
        flip: bool | str = False,
        scales: float | Sequence[float] = (1.0,),
    ) -> None:
        """
        Args:
            size: what the image is resized to before all else, [height, width] in pixels, or one number: its
                shorter side, the ratio kept; None for its own size.
            window: size of the sliding window in pixels, [height, width] or one number; None for the whole
                image. A side of the image shorter than the window's is padded with the mean colour.
            overlap: share of a window's side that the next one covers too, 0 to below 1; None for a third.
            stride: instead of `overlap`, pixels from one window to the next, [down, right] or one number.
            weighting: how much a pixel of a window counts by where it lies in it: "gaussian" (None, too), with
                a standard deviation of an eighth of the side (Isensee et al., Nature Methods 2021), or "uniform".
            batch: windows per forward pass, at least one of each image; None for 1. More fill a GPU better.
            flip: True or "horizontal" adds the mirrored image, "vertical" the one upside down, "both" both and
                both at once: 2, 2 and 4 views.
            scales: enlargements at which the image or window is seen, each a view.

        Raises:
            UserError: a value outside its range, with its name; both `overlap` and `stride`.
        """
        self.size = settings.size(size)
        self.window = settings.sides("window", window)
        self.stride = _stride(self.window, settings.share("overlap", overlap), settings.sides("stride", stride))
        self.weighting = settings.weighting(weighting)
        self.batch = settings.count("batch", batch)
        self.views = Views(scales=settings.scales(scales), flips=settings.flips(flip))
        if window is None:
            given = {"overlap": overlap, "stride": stride, "weighting": weighting, "batch": batch}
            settings.warn_without_window(name for name, value in given.items() if value is not None)

    @property
    def plain(self) -> bool:
        """Whether the network sees the whole image once, as it is."""
        return self.size is None and self.window is None and self.views.plain

    def scores(self, network: Network, raw: Tensor) -> Tensor:
        """Scores of raw images; their softmax over the classes gives the probabilities.

        Args:
            network: in evaluation mode.
            raw: `(B, C, H, W)`, on any device.

        Returns:
            `(B, K, H, W)` on the network's device: its logits untouched where the protocol is plain; else
            float32, the resized logits of a single view or the logarithm of the averaged probabilities.
        """
        scores: Tensor | None = None
        for first, band in self.bands(network, raw):
            if band.shape[-2] == raw.shape[-2]:
                return band
            if scores is None:
                scores = band.new_empty(*band.shape[:2], *raw.shape[-2:])
            scores[:, :, first : first + band.shape[-2]] = band
        assert scores is not None
        return scores

    def classes(self, network: Network, raw: Raw) -> Tensor:
        """The class of each pixel of one image, in bounded memory where there is a window.

        With a window the image stays where it is and goes to the network's device window by window; scores
        exist only of the rows that windows still to come can change, and turn into classes as soon as none can.

        Args:
            network: in evaluation mode.
            raw: `(C, H, W)`, a tensor on any device or an array, memory-mapped if you like.

        Returns:
            `(H, W)` on the CPU, uint8 up to 256 classes and int16 above; of equal scores the lowest class.
        """
        classes: Tensor | None = None
        for first, band in self.bands(network, raw[None]):
            if classes is None:
                classes = torch.empty(raw.shape[-2:], dtype=torch.uint8 if band.shape[1] <= 256 else torch.int16)
            classes[first : first + band.shape[-2]] = classes_of(band)[0].to(classes.dtype)
        assert classes is not None
        return classes

    @torch.no_grad()
    def bands(self, network: Network, raw: Raw) -> Iterator[tuple[int, Tensor]]:
        """The scores in bands of whole rows, from the top down, each as soon as it is finished.

        Args:
            network: in evaluation mode.
            raw: `(B, C, H, W)`, a tensor on any device or an array.

        Yields:
            The number of the band's first row, and its scores, `(B, K, h, W)` as `scores` gives them.
        """
        own = (raw.shape[-2], raw.shape[-1])
        inner = own if self.size is None else inner_size(own, self.size)
        if inner != own:
            raw = resized_raw(as_tensor(raw), inner)
        if self.window is not None and self.stride is not None:
            grid = Grid(inner, self.window, self.stride, weighting=self.weighting)
            yield from resized_bands(grid.bands(network, raw, self.views, batch=self.batch), inner, own)
            return
        images = network.images(as_tensor(raw))
        if len(self.views) > 1:
            yield 0, log_of(self.views.probabilities(network, images, own))
            return
        logits = self.views.logits(network, images, 0)
        seen = (logits.shape[-2], logits.shape[-1])
        yield from resized_bands([(0, logits)], seen, own)


def _stride(
    window: tuple[int, int] | None, overlap: float | None, stride: tuple[int, int] | None
) -> tuple[int, int] | None:
    """Pixels from one window to the next, down and right."""
    if overlap is not None and stride is not None:
        raise UserError(
            f"inference.overlap is {overlap:g} and inference.stride is {list(stride)}: both say how far windows lie"
            " apart. Give one of them."
        )
    if window is None:
        return None
    if stride is None:
        step = 1 - (OVERLAP if overlap is None else overlap)
        return max(1, round(window[0] * step)), max(1, round(window[1] * step))
    if stride[0] > window[0] or stride[1] > window[1]:
        raise UserError(
            f"inference.stride is {list(stride)} and inference.window {list(window)}: the pixels between two windows"
            " would be seen by none. Give a stride no larger than the window."
        )
    return stride
