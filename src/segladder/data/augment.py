"""Augmentation: which random changes a training image goes through, decided by one seed per sample."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from segladder.data.errors import DataError
from segladder.types import DatasetInfo, Sample


class Augment:
    """Random window, flips, turns and photometric changes, then any torchvision v2 transforms; everything can be off.

    What happens to a sample is a function of the seed it is called with: not of what ran before, of the
    worker, or of the number of workers. Image, label, masks and boxes move together.
    """

    def __init__(
        self,
        *,
        scale: Sequence[float] | None = None,
        crop: Sequence[int] | int | None = None,
        flip: float = 0.0,
        flip_vertical: float = 0.0,
        rotate90: float = 0.0,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
        fill: float = 0.5,
        transforms: Sequence[Callable[..., Any]] = (),
    ) -> None:
        """
        Args:
            scale: how much to enlarge, drawn log-uniformly from [least, most]; null for none.
            crop: size of the window in pixels, [height, width] or one number; null for the image's own size.
            flip: chance of a horizontal flip, 0 to 1.
            flip_vertical: chance of a vertical flip, 0 to 1.
            rotate90: chance of a turn by 90, 180 or 270 degrees, 0 to 1; what is not square is turned by 180.
            brightness: factor drawn from [1 - b, 1 + b].
            contrast: as brightness, towards the image's mean grey.
            saturation: as brightness, towards grey; only on 3 channels.
            hue: turn around the grey axis in shares of a full circle, drawn from [-hue, hue], at most 0.5;
                only on 3 channels.
            fill: what lies outside the image, 0 = black to 1 = white; the label there is ignored.
            transforms: further transforms of torchvision's v2 interface, applied last.

        Raises:
            DataError: a value outside its range, with its name.
        """
        self.scale = _range(scale)
        self.crop = _size(crop)
        self.flip = _chance("flip", flip)
        self.flip_vertical = _chance("flip_vertical", flip_vertical)
        self.rotate90 = _chance("rotate90", rotate90)
        self.brightness = _amount("brightness", brightness)
        self.contrast = _amount("contrast", contrast)
        self.saturation = _amount("saturation", saturation)
        self.hue = _amount("hue", hue, most=0.5)
        self.fill = _amount("fill", fill)
        self.extra = tuple(transforms)
        self._steps: list[Callable[..., Any]] | None = None
        self._ignore_index = 255

    def __bool__(self) -> bool:
        """Whether anything is on."""
        photometric = any((self.brightness, self.contrast, self.saturation, self.hue))
        turns = any((self.flip, self.flip_vertical, self.rotate90))
        return bool(self.scale or self.crop or turns or photometric or self.extra)

    def bind(self, info: DatasetInfo) -> Augment:
        """Tells the transforms what the data set ignores; returns itself."""
        self._ignore_index = info.ignore_index
        self._steps = None
        return self

    def __call__(self, sample: Sample, *, seed: int) -> Sample:
        """The sample changed, decided by `seed`; the global random state stays as it was.

        `masks` may be of any type: each of them moves as a label does, and is 0 outside the image.
        """
        if not self:
            return sample
        if self._steps is None:
            self._steps = self._build()
        with seeded(seed):
            changed: Any = _wrapped(sample)
            for step in self._steps:
                try:
                    changed = step(changed)
                except (TypeError, ValueError) as error:
                    if step not in self.extra:
                        raise
                    raise DataError(
                        f"augment.transforms: {type(step).__name__} cannot change this sample: {error} (Objects come as"
                        " masks, their boxes are taken from those afterwards.)"
                    ) from None
        return _unwrapped(changed)

    def _build(self) -> list[Callable[..., Any]]:
        # torchvision takes seconds to import: only who augments pays
        from torchvision.transforms import v2

        from segladder.data.photometric import Photometric
        from segladder.data.turn import QuarterTurn
        from segladder.data.window import RandomWindow

        steps: list[Callable[..., Any]] = []
        if self.scale or self.crop:
            steps.append(
                RandomWindow(self.crop, scale=self.scale or (1.0, 1.0), fill=self.fill, ignore_index=self._ignore_index)
            )
        if self.flip:
            steps.append(v2.RandomHorizontalFlip(self.flip))
        if self.flip_vertical:
            steps.append(v2.RandomVerticalFlip(self.flip_vertical))
        if self.rotate90:
            steps.append(QuarterTurn(self.rotate90))
        if any((self.brightness, self.contrast, self.saturation, self.hue)):
            steps.append(
                Photometric(
                    brightness=self.brightness,
                    contrast=self.contrast,
                    saturation=self.saturation,
                    hue=self.hue,
                )
            )
        return [*steps, *self.extra]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Starts torch's (CPU), NumPy's and Python's random numbers from `seed` for a block, and restores them.

    `torch.manual_seed` would also reach for every GPU; this does not.
    """
    generator = torch.default_generator
    kept = generator.get_state(), np.random.get_state(), random.getstate()
    try:
        generator.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        yield
    finally:
        generator.set_state(kept[0])
        np.random.set_state(kept[1])
        random.setstate(kept[2])


def _wrapped(sample: Sample) -> dict[str, Any]:
    from torchvision import tv_tensors

    wrapped: dict[str, Any] = {**sample, "image": tv_tensors.Image(sample["image"])}
    for key in ("semantic", "masks"):
        if key in wrapped:
            wrapped[key] = tv_tensors.Mask(wrapped[key])
    if "boxes" in wrapped:
        wrapped["boxes"] = tv_tensors.BoundingBoxes(
            wrapped["boxes"], format="XYXY", canvas_size=sample["image"].shape[-2:]
        )
    return wrapped


def _unwrapped(wrapped: dict[str, Any]) -> Sample:
    plain: Any = dict(wrapped)
    for key in ("image", "semantic", "masks", "boxes"):
        if key in plain:
            plain[key] = plain[key].as_subclass(torch.Tensor).contiguous()
    result: Sample = plain
    return result


def _range(scale: Any) -> tuple[float, float] | None:
    if scale is None:
        return None
    both = [scale, scale] if isinstance(scale, int | float) else list(scale)
    if len(both) != 2 or not all(isinstance(s, int | float) and s > 0 for s in both) or both[0] > both[1]:
        raise DataError(f"augment.scale is {both}. Give [least, most], both above 0, e.g. augment.scale=[0.5,2.0].")
    return None if both == [1, 1] else (float(both[0]), float(both[1]))


def _size(crop: Any) -> tuple[int, int] | None:
    if crop is None:
        return None
    both = [crop, crop] if isinstance(crop, int) else list(crop)
    if len(both) != 2 or not all(isinstance(side, int) and side >= 1 for side in both):
        raise DataError(f"augment.crop is {both}. Give [height, width] in pixels, e.g. augment.crop=[352,480].")
    return both[0], both[1]


def _chance(name: str, value: Any) -> float:
    return _amount(name, 0.5 if value is True else value)


def _amount(name: str, value: Any, *, most: float = 1.0) -> float:
    if isinstance(value, bool) and not value:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise DataError(f"augment.{name} is {value!r}. Give a number from 0 (off) to {most:g}.")
    return float(value)
