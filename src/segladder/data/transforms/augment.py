"""Augmentation: which random changes a training image goes through, decided by one seed per sample."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segladder.data.errors import DataError
from segladder.data.transforms.geometry import (
    Window,
    drawn_turns,
    drawn_window,
    flipped_boxes,
    outside,
    turned,
    turned_boxes,
    windowed_boxes,
    windowed_image,
    windowed_map,
)
from segladder.data.transforms.jitter import Jitter, jittered
from segladder.data.transforms.options import amount, chance, crop_size, jitter_device, scale_range
from segladder.types import Batch, DatasetInfo, Sample


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
        device: str = "cpu",
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
            device: where brightness, contrast, saturation and hue are changed: `cpu`, by whoever reads the sample,
                or `gpu`, for whole batches on the device that trains.

        Raises:
            DataError: a value outside its range, with its name.
        """
        self.scale = scale_range(scale)
        self.crop = crop_size(crop)
        self.flip = chance("flip", flip)
        self.flip_vertical = chance("flip_vertical", flip_vertical)
        self.rotate90 = chance("rotate90", rotate90)
        self.brightness = amount("brightness", brightness)
        self.contrast = amount("contrast", contrast)
        self.saturation = amount("saturation", saturation)
        self.hue = amount("hue", hue, most=0.5)
        self.fill = amount("fill", fill)
        self.extra = tuple(transforms)
        self.device = jitter_device(device, jitters=self._jitters, extra=bool(self.extra))
        self._ignore_index = 255
        self._warned = False

    def __bool__(self) -> bool:
        """Whether anything is on."""
        turns = any((self.flip, self.flip_vertical, self.rotate90))
        return bool(self._moves_window or turns or self._jitters or self.extra)

    def bind(self, info: DatasetInfo) -> Augment:
        """Tells the transforms what the data set ignores; returns itself."""
        self._ignore_index = info.ignore_index
        if self._moves_window:
            # what resizes: imported once here, not by every worker again
            import torchvision.transforms.v2.functional  # noqa: F401
        return self

    def __call__(self, sample: Sample, *, seed: int) -> Sample:
        """The sample changed, decided by `seed`; the global random state and the given tensors stay as they were.

        `semantic` and `masks` may be of any type: `semantic` is `ignore_index` outside the image, masks are 0.
        """
        if not self:
            return sample
        moved, jitter, generator = self._moved(sample, seed)
        if jitter is not None:
            moved["image"] = jitter(moved["image"])
        return self._extended(moved, generator, seed) if self.extra else moved

    def for_batch(self, sample: Sample, *, seed: int) -> Sample:
        """The sample as a loader gives it: where `device` is gpu, colours are unchanged and `jitter` goes along."""
        own = type(self).__call__ is not Augment.__call__  # who makes the whole of it otherwise makes all of it
        if self.device == "cpu" or not self._jitters or own:
            return self(sample, seed=seed)
        moved, jitter, _ = self._moved(sample, seed)
        assert jitter is not None
        return {**moved, "jitter": jitter.packed()}

    def on_device(self, batch: Batch) -> Batch:
        """A batch that has reached its device, with what `for_batch` left over done; `jitter` is gone."""
        if "jitter" not in batch:
            return batch
        rest: Any = dict(batch)
        packed, images = rest.pop("jitter"), rest["image"]
        if isinstance(images, Tensor):
            rest["image"] = jittered(images, packed)
        else:
            pairs = zip(images, packed, strict=True)
            rest["image"] = [jittered(image[None], numbers[None])[0] for image, numbers in pairs]
        if packed.device.type == "cpu" and not self._warned:
            self._warned = True
            warnings.warn(
                "augment.device=gpu: there is no GPU in use, so colours are changed on the CPU, by the process that"
                " trains; augment.device=cpu leaves them to the workers.",
                stacklevel=2,
            )
        finished: Batch = rest
        return finished

    @property
    def _moves_window(self) -> bool:
        return bool(self.scale or self.crop)

    @property
    def _jitters(self) -> bool:
        return any((self.brightness, self.contrast, self.saturation, self.hue))

    def _window(self, size: tuple[int, int], generator: torch.Generator) -> Window:
        return drawn_window(size, self.crop or size, scale=self.scale or (1.0, 1.0), draws=_draws(5, generator))

    def _moved(self, sample: Sample, seed: int) -> tuple[Sample, Jitter | None, torch.Generator]:
        """The sample after window, flips and turns, the change of colours, and the random numbers that are left.

        The order of the draws is that of the v2 transforms `RandomWindow`, `RandomHorizontalFlip`,
        `RandomVerticalFlip`, `QuarterTurn` and `Photometric`, from torch's generator started at `seed`.
        """
        generator = _generator(seed)
        moved: Any = dict(sample)
        if self._moves_window:
            window = self._window(_size_of(moved), generator)
            for key, of, fill in (("semantic", windowed_map, self._ignore_index), ("masks", windowed_map, 0)):
                if key in moved:
                    moved[key] = of(moved[key], window, fill=fill)
            moved["image"] = windowed_image(moved["image"], window, fill=outside(self.fill, moved["image"]))
            if "boxes" in moved:
                moved["boxes"] = windowed_boxes(moved["boxes"], window)
        for axis, p in ((0, self.flip), (1, self.flip_vertical)):
            if p and torch.rand(1, generator=generator).item() < p:
                _change(moved, partial(torch.flip, dims=(-1 - axis,)))
                if "boxes" in moved:
                    moved["boxes"] = flipped_boxes(moved["boxes"], axis=axis, length=_size_of(moved)[1 - axis])
        if self.rotate90:
            size = _size_of(moved)
            turns = drawn_turns(self.rotate90, size, _draws(2, generator))
            if turns:
                _change(moved, partial(turned, turns=turns))
                if "boxes" in moved:
                    moved["boxes"] = turned_boxes(moved["boxes"], turns, size=size)
        jitter = None
        if self._jitters:
            jitter = Jitter.drawn(
                _draws(4, generator),
                brightness=self.brightness,
                contrast=self.contrast,
                saturation=self.saturation,
                hue=self.hue,
            )
        finished: Sample = moved
        return finished, jitter, generator

    def _extended(self, sample: Sample, generator: torch.Generator, seed: int) -> Sample:
        """The sample after the user's own transforms, which draw on where ours have stopped."""
        with seeded(seed):
            torch.default_generator.set_state(generator.get_state())
            changed: Any = _wrapped(sample)
            for step in self.extra:
                try:
                    changed = step(changed)
                except (TypeError, ValueError) as error:
                    raise DataError(
                        f"augment.transforms: {type(step).__name__} cannot change this sample: {error} (Objects come as"
                        " masks, their boxes are taken from those afterwards.)"
                    ) from None
        return _unwrapped(changed)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _draws(count: int, generator: torch.Generator) -> list[float]:
    numbers: list[float] = torch.rand(count, dtype=torch.float64, generator=generator).tolist()
    return numbers


def _size_of(sample: Mapping[str, Any]) -> tuple[int, int]:
    height, width = sample["image"].shape[-2:]
    return int(height), int(width)


def _change(sample: dict[str, Any], change: Callable[[Tensor], Tensor]) -> None:
    for key in ("image", "semantic", "masks"):
        if key in sample:
            sample[key] = change(sample[key])


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
