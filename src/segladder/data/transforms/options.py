"""The settings of augmentation, checked: each refusal names the key, its value and what it takes."""

from __future__ import annotations

import warnings
from typing import Any

from segladder.data.errors import DataError

DEVICES = ("cpu", "gpu")


def scale_range(scale: Any) -> tuple[float, float] | None:
    """`augment.scale`; None where it changes nothing."""
    if scale is None:
        return None
    both = [scale, scale] if isinstance(scale, int | float) else list(scale)
    if len(both) != 2 or not all(isinstance(s, int | float) and s > 0 for s in both) or both[0] > both[1]:
        raise DataError(f"augment.scale is {both}. Give [least, most], both above 0, e.g. augment.scale=[0.5,2.0].")
    return None if both == [1, 1] else (float(both[0]), float(both[1]))


def crop_size(crop: Any) -> tuple[int, int] | None:
    """`augment.crop`, height and width."""
    if crop is None:
        return None
    both = [crop, crop] if isinstance(crop, int) else list(crop)
    if len(both) != 2 or not all(isinstance(side, int) and side >= 1 for side in both):
        raise DataError(f"augment.crop is {both}. Give [height, width] in pixels, e.g. augment.crop=[352,480].")
    return both[0], both[1]


def chance(name: str, value: Any) -> float:
    """`augment.<name>`, 0 to 1."""
    return amount(name, 0.5 if value is True else value)


def amount(name: str, value: Any, *, most: float = 1.0) -> float:
    """`augment.<name>`, 0 to `most`."""
    if isinstance(value, bool) and not value:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise DataError(f"augment.{name} is {value!r}. Give a number from 0 (off) to {most:g}.")
    return float(value)


def jitter_device(value: Any, *, jitters: bool, extra: bool) -> str:
    """`augment.device`.

    Args:
        value: as typed.
        jitters: whether colours are changed at all.
        extra: whether there are further transforms.
    """
    if value not in DEVICES:
        raise DataError(f"augment.device is {value!r}. Give cpu or gpu: where the change of colours is computed.")
    if value == "gpu" and jitters and extra:
        raise DataError(
            "augment.device=gpu changes colours after everything else, but augment.transforms are to come last. Set"
            " augment.device=cpu, or leave augment.transforms out."
        )
    if value == "gpu" and not jitters:
        warnings.warn(
            "augment.device=gpu has no effect: it moves augment.brightness, contrast, saturation and hue, and all are"
            " 0.",
            stacklevel=3,
        )
    return str(value)
