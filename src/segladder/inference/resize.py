"""Resizing on the way in and back out: images with antialiasing, scores band by band so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

_SCORES_AT_ONCE = 2**26
"""Up to so many scores, 256 MB, are resized in one operation: 19 classes of 1024 x 2048 pixels are 2**25.2."""

_SCORES_PER_BAND = 2**24
"""More are resized by so many, 64 MB: little enough for any memory, enough that starting threads costs nothing."""

Size = tuple[int, int]
"""Height, width."""


def inner_size(own: Size, wanted: int | Size) -> Size:
    """What an image of the size `own` is resized to; one number means its shorter side, the ratio kept."""
    if isinstance(wanted, tuple):
        return wanted
    H, W = own
    return (wanted, max(1, round(W * wanted / H))) if H <= W else (max(1, round(H * wanted / W)), wanted)


def resized_raw(raw: Tensor, size: Size) -> Tensor:
    """Raw images `(B, C, H, W)` at another size, bilinear with antialiasing; uint8 stays uint8, all else is float32."""
    if raw.dtype != torch.uint8:
        return resized_images(raw.float(), size)
    # a quarter of the memory of floats, and what training does to its images; only the CPU has it
    if raw.device.type == "cpu":
        return F.interpolate(raw, size, mode="bilinear", antialias=True)
    return resized_images(raw.float(), size).round_().clamp_(0, 255).to(torch.uint8)


def resized_images(images: Tensor, size: Size) -> Tensor:
    """Normalised images `(B, C, H, W)` at another size, bilinear with antialiasing, of the same type."""
    if tuple(images.shape[-2:]) == size:
        return images
    # not for every half-precision type on every device
    return F.interpolate(images.float(), size, mode="bilinear", antialias=True).to(images.dtype)


def resized_logits(logits: Tensor, size: Size) -> Tensor:
    """Scores `(B, K, h, w)` at another size, bilinear; the pixels' centres are what is aligned."""
    if tuple(logits.shape[-2:]) == size:
        return logits
    return F.interpolate(logits, size, mode="bilinear", align_corners=False)


def resized_bands(bands: Iterable[tuple[int, Tensor]], seen: Size, size: Size) -> Iterator[tuple[int, Tensor]]:
    """Scores in bands, resized as `resized_logits` would resize them whole.

    Args:
        bands: first row and scores `(B, K, rows, w)` of bands that follow each other from the top down and
            together have the size `seen`.
        seen: height and width before.
        size: height and width wanted. Where it is `seen`, the bands pass untouched.

    Yields:
        First row and scores `(B, K, rows, size[1])` float32.
    """
    if seen == size:
        yield from bands
        return
    height, (H, W) = seen[0], size
    # where each row's centre lies between the centres of the rows before
    place = ((torch.arange(H, dtype=torch.float64) + 0.5) * (height / H) - 0.5).clamp_(0, height - 1)
    above = place.long()
    below = (above + 1).clamp_(max=height - 1)
    share = (place - above).float().view(1, 1, H, 1)
    held: Tensor | None = None
    top, done = 0, 0
    for _, band in bands:
        if band.shape[2] == height and band.shape[0] * band.shape[1] * H * W <= _SCORES_AT_ONCE:
            yield 0, resized_logits(band.float(), size)
            return
        wide = resized_logits(band.float(), (band.shape[-2], W))
        held = wide if held is None else torch.cat((held, wide), 2)
        ready = int(torch.searchsorted(below, top + held.shape[2]))
        rows = max(1, _SCORES_PER_BAND // (held.shape[0] * held.shape[1] * W))
        for first in range(done, ready, rows):
            part = slice(first, min(first + rows, ready))
            upper, lower = (held.index_select(2, (row[part] - top).to(held.device)) for row in (above, below))
            yield first, upper.lerp_(lower, share[:, :, part].to(held.device))
        done = ready
        if done < H:
            # what the next row needs may lie below all that is here
            passed = min(int(above[done]) - top, held.shape[2])
            held, top = held[:, :, passed:], top + passed
