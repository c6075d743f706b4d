"""Do the report's statistics keep their word? Sweeps drawn by chance, in which it is known who is better.

    python scripts/calibration.py                       # 2,000 sweeps a line
    python scripts/calibration.py --sweeps 200          # a quick look

- false "better": share of all pairs of equal methods that differ at the 5 % level, before Holm's correction; and share
  of the sweeps with any such pair after it, which should not exceed 5 %
- the same by a percentile bootstrap over images and seeds together, what is found in most papers that have intervals
- coverage: share of 95 % intervals of a method's mean that hold its true mean
- power: share of pairs found different, where the first method is better by two standard deviations between seeds
"""

from __future__ import annotations

import argparse
import itertools
import time
from dataclasses import replace

import numpy as np

from segladder.report.statistics.resampling import draws
from segladder.report.statistics.several import holm
from segladder.report.statistics.simulation import IMAGES_LEAD, SEEDS_LEAD, World, drawn_sweep, scores_of
from segladder.report.statistics.uncertainty import Sample, difference_of, estimate_of

WORLDS = {"seeds lead": SEEDS_LEAD, "images lead": IMAGES_LEAD}
METHODS = 4
RESAMPLES = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5, 10])
    options = parser.parse_args()
    began = time.monotonic()
    print(f"{options.sweeps} sweeps of {METHODS} equal methods a line, {RESAMPLES} resamples of the images\n")
    print("| sweeps | seeds | images' share | false better | any after Holm | percentile | coverage of a mean |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, world in WORLDS.items():
        truth = true_mean(world)
        for seeds in options.seeds:
            row = under_the_null(world, seeds, options.sweeps, truth)
            cells = " | ".join(f"{100 * share:.1f} %" for share in row)
            print(f"| {name} | {seeds} | {cells} |", flush=True)
    print("\n| sweeps | seeds | difference, seeds' standard deviations | power |\n|---|---:|---:|---:|")
    for name, world in WORLDS.items():
        for seeds in (3, 6):
            size, found = power(world, seeds, options.sweeps)
            print(f"| {name} | {seeds} | {size:.2f} | {100 * found:.1f} % |", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


def under_the_null(world: World, seeds: int, sweeps: int, truth: float) -> tuple[float, ...]:
    rng = np.random.default_rng(seeds)
    false, any_left, percentile, shares, covered = [], [], [], [], []
    for number in range(sweeps):
        samples, runs = drawn(world, METHODS, seeds, rng, number)
        pairs = list(itertools.combinations(range(METHODS), 2))
        found = [difference_of(samples[a], samples[b]) for a, b in pairs]
        p_values = [one.p_value() for one in found]
        false += [p < 0.05 for p in p_values]
        any_left.append(min(holm(p_values)) < 0.05)
        shares += [one.images_share for one in found]
        percentile += [percentile_excludes_zero(runs[a], runs[b], rng) for a, b in pairs]
        for sample in samples:
            low, high = estimate_of(sample).interval()
            covered.append(low <= truth <= high)
    return tuple(float(np.mean(values)) for values in (shares, false, any_left, percentile, covered))


def power(world: World, seeds: int, sweeps: int) -> tuple[float, float]:
    """The difference in standard deviations between seeds, and the share of sweeps that find it."""
    better = shift_of(world, deviations=2.0)
    rng = np.random.default_rng(seeds)
    found, sizes, spreads = [], [], []
    for number in range(sweeps):
        samples, _ = drawn(world, 2, seeds, rng, number, better=better)
        estimate = difference_of(*samples)
        found.append(estimate.p_value() < 0.05 and estimate.value > 0)
        sizes.append(estimate.value)
        spreads += [sample.std**2 for sample in samples]
    return float(np.mean(sizes) / np.sqrt(np.mean(spreads))), float(np.mean(found))


def drawn(
    world: World, methods: int, seeds: int, rng: np.random.Generator, number: int, *, better: float = 0.0
) -> tuple[list[Sample], np.ndarray]:
    weights = draws(world.images, resamples=RESAMPLES, seed=number)
    all_once = np.ones((1, world.images), dtype=np.int64)
    runs = drawn_sweep(world, methods=methods, seeds=seeds, rng=rng, better=better)
    scores = scores_of(runs, np.concatenate([all_once, weights]))
    samples = [Sample.of(one[:, 0], one[:, 1:].T, images=world.images) for one in scores]
    return samples, scores[:, :, 1:]


def percentile_excludes_zero(ours: np.ndarray, theirs: np.ndarray, rng: np.random.Generator) -> bool:
    """The bootstrap of most papers: images and seeds drawn again together, 2.5 % cut off at each end."""
    seeds, resamples = ours.shape
    every = np.arange(resamples)[:, None]
    differences = [side[rng.integers(0, seeds, (resamples, seeds)), every].mean(1) for side in (ours, theirs)]
    low, high = np.quantile(differences[0] - differences[1], [0.025, 0.975])
    return bool(low > 0 or high < 0)


def true_mean(world: World) -> float:
    """Of a method's mIoU over all images and seeds, to about 0.02 points."""
    rng = np.random.default_rng(12345)
    many = replace(world, images=4000)
    all_once = np.ones((1, many.images), dtype=np.int64)
    return float(np.mean([scores_of(drawn_sweep(many, methods=1, seeds=2, rng=rng), all_once) for _ in range(100)]))


def shift_of(world: World, *, deviations: float) -> float:
    """What to take off a method's logits for it to be better by so many standard deviations between seeds."""
    all_once = np.ones((1, world.images), dtype=np.int64)
    rng = np.random.default_rng(54321)
    one = np.stack([scores_of(drawn_sweep(world, methods=1, seeds=20, rng=rng), all_once)[0, :, 0] for _ in range(50)])
    spread = float(np.sqrt(one.var(1, ddof=1).mean()))
    step = 0.05
    gains = []
    for number in range(50):
        pair = [
            scores_of(
                drawn_sweep(world, methods=1, seeds=20, rng=np.random.default_rng(number), better=better), all_once
            ).mean()
            for better in (0.0, step)
        ]
        gains.append(pair[1] - pair[0])
    return deviations * spread / (float(np.mean(gains)) / step)


if __name__ == "__main__":
    main()
