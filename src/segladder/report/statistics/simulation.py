"""Sweeps drawn by chance, in which it is known who is better: what the statistics are calibrated on.

A pixel of class c is missed with a probability whose logit adds up a term of the class, of the method, of the seed and
class, of the image, of the image and method, and of the image and seed. Missed pixels go to the other classes by their
share. Scores are the data set's mIoU, as of real runs. Under the null hypothesis all methods are drawn alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segladder.report.statistics.resampling import Arrays, resampled


@dataclass(frozen=True, kw_only=True)
class World:
    """What the sweeps are drawn from; effects are standard deviations of logits."""

    images: int = 300
    classes: int = 5
    miss: float = -2.2
    """Logit of the share of pixels missed, of the average class: 10 %."""
    seed: float = 0.12
    """Of a seed and class. 0.12 moves the mIoU by about half a point, as seeds of small networks do."""
    image: float = 0.6
    """How hard an image is, for all alike."""
    image_method: float = 0.1
    """What of an image is harder for one method than for another."""
    image_seed: float = 0.15
    """What of an image is harder for one seed than for another."""
    absent: float = 0.3
    """The chance that an image has nothing of a class."""


SEEDS_LEAD = World()
"""Seeds move a difference more than test images do, as in most ablations on a test set of its own."""
IMAGES_LEAD = World(images=60, seed=0.03, image_method=0.35)
"""Few test images on which the methods differ much."""


def drawn_sweep(
    world: World, *, methods: int, seeds: int, rng: np.random.Generator, better: float = 0.0
) -> list[list[Arrays]]:
    """The statistics of each image of a sweep's runs: method -> seed -> arrays as of `per_image.npz`.

    Args:
        world: what it is drawn from.
        methods: how many.
        seeds: of each.
        rng: the source of chance.
        better: what is taken off the first method's logits.
    """
    N, C = world.images, world.classes
    sizes = np.exp(rng.normal(8, 0.7, (N, C))) * (rng.random((N, C)) >= world.absent)
    sizes = np.rint(sizes).astype(np.int64)
    of_class = world.miss + np.linspace(-0.7, 0.7, C)
    of_image = rng.normal(0, world.image, (N, 1))
    runs: list[list[Arrays]] = []
    for method in range(methods):
        of_method = of_class + of_image + rng.normal(0, world.image_method, (N, 1)) - (better if method == 0 else 0.0)
        effects = [
            of_method + rng.normal(0, world.seed, (1, C)) + rng.normal(0, world.image_seed, (N, 1))
            for _ in range(seeds)
        ]
        runs.append([_counts(sizes, effect) for effect in effects])
    return runs


def _counts(sizes: NDArray[np.int64], logits: NDArray[np.float64]) -> Arrays:
    fn = np.rint(sizes / (1 + np.exp(-logits))).astype(np.int64)
    # what one class loses, the others gain by their share of the image's other pixels
    others = sizes.sum(1, keepdims=True) - sizes
    loss = fn / np.maximum(others, 1)
    fp = np.rint(sizes * (loss.sum(1, keepdims=True) - loss)).astype(np.int64)
    return {"tp": sizes - fn, "fp": fp, "fn": fn}


def scores_of(runs: list[list[Arrays]], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """mIoU of each run under each row of weights: `(methods, seeds, B)`."""
    return np.stack([[resampled("miou", arrays, weights) for arrays in method] for method in runs])
