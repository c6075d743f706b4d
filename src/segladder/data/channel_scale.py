"""Mean and spread of image channels where nobody states them: ImageNet's, or measured on a few deep images."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from segladder.data.decoding.images import read_image

# ImageNet's, of images scaled to [0, 1]; grey is their mean
MEAN = {1: (0.449,), 2: (0.449, 0.5), 3: (0.485, 0.456, 0.406), 4: (0.485, 0.456, 0.406, 0.5)}
STD = {1: (0.226,), 2: (0.226, 0.25), 3: (0.229, 0.224, 0.225), 4: (0.229, 0.224, 0.225, 0.25)}

_MEASURED = 16


def measured(paths: Sequence[Path], *, channels: int, where: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of a few of the images, with a warning: deep images have no natural scale.

    Args:
        paths: images of more than 8 bits.
        channels: channels to read.
        where: where to write the values, for the warning.

    Returns:
        One number per channel each, in the files' own units, rounded to four digits.
    """
    some = paths[:: max(1, len(paths) // _MEASURED)][:_MEASURED]
    pixels = torch.cat(
        [read_image(path, channels=channels, deep=True).flatten(1)[:, ::7] for path in some], dim=1
    ).double()
    mean = tuple(_round(value) for value in pixels.mean(1))
    std = tuple(max(_round(value), 1e-6) for value in pixels.std(1))
    warnings.warn(
        f"Images such as '{some[0]}' are deeper than 8 bits, and no mean and std are given; measured on {len(some)} of"
        f" them: mean {list(mean)}, std {list(std)}. Write that into {where}.",
        stacklevel=4,
    )
    return mean, std


def _round(value: Tensor) -> float:
    return float(f"{float(value):.4g}")
