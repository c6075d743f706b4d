"""Blocks of pixels of a logit map, with the buffers they share and the sums taken over them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from segladder.losses.overlap import sum_dtype
from segladder.losses.scores import working_dtype

# on the CPU a block stays in the last-level cache; an accelerator wants few and large kernels
CPU_BLOCK = 1_400_000
DEVICE_BLOCK = 1 << 26
_LOG2E = math.log2(math.e)


class Blocks:
    """The blocks of one pass: part of an image, or several small images whole.

    Iterating gives `(images, span)`, slices of the batch and of its flattened pixels.
    """

    def __init__(self, pixels: Tensor, counted: Tensor, *, clean: bool) -> None:
        """
        Args:
            pixels: logits `(B, C, N)`, any floating type and strides.
            counted: `(B, N)` bool, pixels that count.
            clean: read 0 at pixels that do not count, whatever is there.
        """
        self.pixels, self.counted, self.dtype = pixels, counted, working_dtype(pixels.dtype)
        self._clean = clean
        B, C, N = pixels.shape
        room = max(1, (CPU_BLOCK if pixels.device.type == "cpu" else DEVICE_BLOCK) // max(C, 1))
        self._images, self._span = (max(1, min(B, room // max(N, 1))), max(N, 1)) if room > N else (1, room)
        self.single = self._images >= B and self._span >= N
        # the network's own memory is read and written where type and layout allow
        self._direct = pixels.dtype == self.dtype and pixels.stride(2) == 1
        # memory that no block writes to is not taken from the system
        size = self._images * C * min(self._span, N)
        self._work, self._stage = (torch.empty(size, dtype=self.dtype, device=pixels.device) for _ in range(2))

    def __iter__(self) -> Iterator[tuple[slice, slice]]:
        B, _, N = self.pixels.shape
        for first in range(0, B, self._images):
            for start in range(0, N, self._span):
                yield slice(first, min(first + self._images, B)), slice(start, min(start + self._span, N))

    def load(self, images: slice, span: slice) -> Tensor:
        """The block's logits, `(b, C, n)`; not to be written to."""
        block = self.pixels[images, :, span]
        if self._direct and not self._clean:
            return block
        block = _shaped(self._stage, block).copy_(block)
        if self._clean:
            block.masked_fill_(~self.counted[images, span].unsqueeze(1), 0)
        return block

    def log_softmax(self, block: Tensor) -> Tensor:
        """Log-probabilities over the classes, in the work buffer."""
        return torch.log_softmax(block, 1, out=_shaped(self._work, block))

    def centre(self, block: Tensor, peak: Tensor) -> Tensor:
        """`(b, C, n)` minus `(b, n)`, in the work buffer."""
        return torch.sub(block, peak.unsqueeze(1), out=_shaped(self._work, block))

    def target_of(self, out: Tensor) -> Tensor:
        """Where to write a block of the gradient: its own memory, or a buffer for `store`."""
        return out if self._direct else _shaped(self._stage, out)

    def store(self, block: Tensor, out: Tensor) -> None:
        """Move a block written to `target_of(out)` to its place."""
        if not self._direct:
            out.copy_(block)


def _shaped(buffer: Tensor, like: Tensor) -> Tensor:
    return buffer[: like.numel()].view(like.shape)


def exponentiate(block: Tensor) -> Tensor:
    """exp in place. torch.exp goes through MKL and takes nearly twice as long as a product and exp2."""
    return block.mul_(_LOG2E).exp2_()


def pixel_sum(block: Tensor, weight: Tensor) -> Tensor:
    """Sum over images and pixels of `(b, C, n)` times `(b, n)`: `(C,)`, wide."""
    if block.shape[0] == 1:
        return torch.mv(block[0], weight[0]).to(sum_dtype(block.device))
    return (block * weight.unsqueeze(1)).sum((0, 2)).to(sum_dtype(block.device))


def class_sum(block: Tensor, weight: Tensor) -> Tensor:
    """Sum over classes of `(b, C, n)` times `(C,)`: `(b, n)`."""
    if block.shape[0] == 1:
        return torch.mv(block[0].t(), weight).unsqueeze(0)
    return (block * weight.view(1, -1, 1)).sum(1)


def sums_by_label(values: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Sum of `(B, N)` values over the pixels of each label: `(C,)`, wide."""
    if values.device.type == "cpu":
        return torch.bincount(labels.view(-1), values.view(-1), minlength=num_classes).to(torch.float64)
    # bincount would stop the host, and adding atomically would change from run to run
    wide = sum_dtype(values.device)
    return torch.stack([values.where(labels == kind, 0).sum(dtype=wide) for kind in range(num_classes)])


def pixels_by_label(labels: Tensor, counted: Tensor, num_classes: int) -> Tensor:
    """Pixels of each label that count: `(C,)`, wide. Pixels that do not count are labelled 0."""
    if labels.device.type == "cpu":
        pixels = torch.bincount(labels.view(-1), minlength=num_classes)
        pixels[0] -= counted.numel() - counted.sum()
        return pixels.to(torch.float64)
    return sums_by_label(counted.to(torch.float32), labels, num_classes)


def add_at_labels(block: Tensor, labels: Tensor, values: Tensor) -> None:
    """Add `(b, n)` values to `(b, C, n)` at each pixel's label, in place."""
    if block.device.type == "cpu":
        block.scatter_add_(1, labels.unsqueeze(1), values.unsqueeze(1))
        return
    # deterministic mode sorts all indices of a scatter; a comparison needs no sorting
    kinds = torch.arange(block.shape[1], device=block.device).view(1, -1, 1)
    block.add_(torch.where(labels.unsqueeze(1) == kinds, values.unsqueeze(1), 0))
