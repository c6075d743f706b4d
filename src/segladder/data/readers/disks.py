"""Synthetic disks: bright disks on a noisy grey background. The reader of their settings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from segladder.data.errors import DataError
from segladder.data.numbers import number, pair, whole
from segladder.data.palette import distinct_colors
from segladder.data.readers.disk_images import DiskSettings
from segladder.data.readers.disks_dataset import SPLITS, DisksDataset
from segladder.types import DatasetInfo


class Disks:
    """The reader behind `data=disks`: settings in, one dataset per split out."""

    root = None

    def __init__(
        self,
        *,
        size: int | Sequence[int] = 64,
        num_disks: int | Sequence[int] = 1,
        classes: int = 1,
        radius: Sequence[int] = (8, 14),
        margin: int = 16,
        background: float = 0.2,
        noise: float = 0.1,
        contrast: float | Sequence[float] = 0.7,
        contrast_spread: float = 0.0,
        min_visible: float = 0.0,
        channels: int = 1,
        counts: Mapping[str, int] | None = None,
        endless: bool = True,
        instances: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            size: height and width in pixels, or one number for both.
            num_disks: disks per image, a number or [least, most].
            classes: kinds of disks, told apart by their contrast alone.
            radius: radius in pixels, drawn from [first, second).
            margin: centres are drawn from [margin, size - margin), in pixels.
            background: mean grey of the background.
            noise: standard deviation of the noise, in the image's units.
            contrast: what a disk adds to the background; one number (kind k of K adds k/K of it) or one per
                kind.
            contrast_spread: each disk's own contrast is drawn from its kind's +- this, so that touching ones can be
                told apart.
            min_visible: a disk that shows less than this share of its pixels behind nearer ones is left out, of the
                image and of the truth; 0 for none.
            channels: channels, each with noise of its own.
            counts: samples of train, val and test.
            endless: new training images in every epoch, decided by the run's seed; else one fixed set,
                decided by `seed`. Validation and test are always fixed.
            instances: samples hold the visible disks as `objects`, too.
            seed: decides the fixed sets.

        Raises:
            DataError: a setting makes no image, with its name and value.
        """
        kinds = whole("data.classes", classes, 1, 250)
        self.settings = DiskSettings(
            size=pair("data.size", size, 2 * margin + 1),
            num_disks=pair("data.num_disks", num_disks, 0, ordered=True),
            radius=pair("data.radius", radius, 1, ordered=True),
            margin=whole("data.margin", margin, 0),
            background=float(background),
            noise=number("data.noise", noise),
            contrast=_contrasts(contrast, kinds),
            channels=whole("data.channels", channels, 1, most=4),
            contrast_spread=number("data.contrast_spread", contrast_spread),
            min_visible=number("data.min_visible", min_visible),
        )
        if self.settings.num_disks[1] > 255:
            raise DataError(f"data.num_disks={num_disks} is more than 255 disks in one image. Ask for fewer.")
        if self.settings.radius[0] == self.settings.radius[1]:
            raise DataError(f"data.radius={radius} holds no whole number: it is [first, second) in pixels.")
        if self.settings.min_visible > 1:
            raise DataError(f"data.min_visible is {min_visible}. Give a share of a disk's pixels, from 0 to 1.")
        if self.settings.min_visible and self.settings.num_disks[1] < 2:
            warnings.warn(f"data.min_visible={min_visible} has no effect: no image has two disks.", stacklevel=2)
        least = min(abs(value) for value in self.settings.contrast)
        if self.settings.contrast_spread and self.settings.contrast_spread >= least:
            raise DataError(
                f"data.contrast_spread={contrast_spread} lets a disk of contrast {least:g} vanish in the background."
                f" Give less than {least:g}, or more data.contrast."
            )
        if counts is not None and not isinstance(counts, Mapping):
            raise DataError(f"data.counts is {counts!r}. Set one split, as in data.counts.train={counts!r}.")
        self.counts = {"train": 4800, "val": 256, "test": 1024, **(counts or {})}
        for split, count in self.counts.items():
            if split not in SPLITS:
                raise DataError(f"data.counts has a key '{split}'. The splits of disks are train, val and test.")
            whole(f"data.counts.{split}", count, 0)
        if instances and self.settings.num_disks[1] == 0:
            warnings.warn("data.num_disks=0 leaves no object to find: their scores are undefined.", stacklevel=2)
        self.endless = endless
        self.instances = instances
        self.seed = seed
        names = ("disk",) if kinds == 1 else tuple(f"disk_{kind}" for kind in range(1, kinds + 1))
        self.info = DatasetInfo(
            name="disks",
            classes=("background", *names),
            palette=distinct_colors(kinds + 1),
            things=(False, *[True] * kinds),
            channels=self.settings.channels,
            # shown as they are: the textbook's network sees raw values
            mean=(0.0,) * self.settings.channels,
            std=(1.0,) * self.settings.channels,
        )

    def dataset(self, split: str, *, run_seed: int) -> DisksDataset | None:
        """The samples of `train`, `val` or `test`; None where the split is empty."""
        if not self.counts[split]:
            return None
        endless = self.endless and split == "train"
        return DisksDataset(
            self.settings,
            split=split,
            count=self.counts[split],
            seed=run_seed if endless else self.seed,
            endless=endless,
            instances=self.instances,
        )


def _contrasts(contrast: Any, kinds: int) -> tuple[float, ...]:
    if isinstance(contrast, int | float):
        return tuple(contrast * kind / kinds for kind in range(1, kinds + 1))
    if len(contrast) != kinds:
        raise DataError(
            f"data.contrast={list(contrast)} has {len(contrast)} values for data.classes={kinds}. Give one"
            f" number, or {kinds}."
        )
    return tuple(float(value) for value in contrast)
