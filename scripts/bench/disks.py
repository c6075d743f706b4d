"""How fast disks are read: our loader against the textbook's per-sample function, in turns on the same cores.

    python scripts/bench/disks.py
    python scripts/bench/disks.py --raw path/to/script.py   # time the make_sample() of that script as the peer

Prints samples per second (median of the rounds) and the ratio; aim: at least 4.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from segladder.data import Disks, EpochBatches
from segladder.data.samples import Samples, as_is

BATCH = 16


def plain_sample(size: int = 64, rng: np.random.Generator | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """One image the textbook's way: a grid, a distance, a mask."""
    rng = rng or np.random.default_rng()
    image = rng.normal(0.2, 0.1, size=(size, size)).astype(np.float32)
    row, column = rng.integers(16, size - 16, size=2)
    radius = rng.integers(8, 14)
    rows, columns = np.mgrid[:size, :size]
    disk = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    image[disk] += 0.7
    return torch.from_numpy(image)[None], torch.from_numpy(disk.astype(np.int64))


def function_of(path: Path, name: str = "make_sample") -> Callable[..., Any]:
    """The function of that name in a script, without running the rest of the script."""
    tree = ast.parse(path.read_text(), filename=str(path))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        raise SystemExit(f"'{path}' defines no function {name}().")
    scope: dict[str, Any] = {"np": np, "torch": torch}
    exec(compile(ast.Module(body=found, type_ignores=[]), str(path), "exec"), scope)
    function: Callable[..., Any] = scope[name]
    return function


def peer_epoch(make_sample: Callable[..., Any], count: int) -> float:
    """Samples per second of stacking `count` samples into batches, made one by one."""
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(count // BATCH):
        pairs = [make_sample(rng=rng) for _ in range(BATCH)]
        torch.stack([image for image, _ in pairs])
        torch.stack([mask for _, mask in pairs])
    return count / (time.perf_counter() - start)


def our_epoch(loader: DataLoader[Any], count: int) -> float:
    """Samples per second of one epoch of fresh images through a DataLoader."""
    start = time.perf_counter()
    seen = sum(len(batch["image"]) for batch in loader)
    if seen != count:
        raise SystemExit(f"the loader gave {seen} of {count} samples")
    return count / (time.perf_counter() - start)


def noise_alone(count: int) -> float:
    """Samples per second of nothing but the noise: the ceiling."""
    noise = torch.empty(256, 1, 64, 64)
    start = time.perf_counter()
    for _ in range(count // 256):
        noise.normal_(0.2, 0.1)
    return count // 256 * 256 / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", type=Path, help="a script whose make_sample(size=64, rng=...) is the peer")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds (default 9)")
    parser.add_argument("--samples", type=int, default=4800, help="samples per round (default 4800, one epoch)")
    options = parser.parse_args()
    make_sample = function_of(options.raw) if options.raw else plain_sample

    epochs = iter(range(options.rounds + 1))
    samples = Samples(Disks(counts={"train": options.samples}).dataset("train", run_seed=0), training=True)
    order = EpochBatches(
        options.samples, BATCH, seed=0, shuffle=False, drop_last=True, position=lambda: (next(epochs), 0)
    )
    loader = DataLoader(samples, batch_sampler=order, collate_fn=as_is)
    our_epoch(loader, options.samples)
    peer_epoch(make_sample, 160)
    rounds = [
        (peer_epoch(make_sample, options.samples), our_epoch(loader, options.samples), noise_alone(options.samples))
        for _ in range(options.rounds)
    ]
    peer, ours, noise = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = [mine / theirs for theirs, mine, _ in rounds]
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batch {BATCH}, {options.rounds} rounds")
    print(f"{options.raw or 'one by one'!s:>24}  {peer:>9,.0f} samples/s")
    print(f"{'segladder':>24}  {ours:>9,.0f} samples/s")
    print(f"{'torch noise alone':>24}  {noise:>9,.0f} samples/s")
    print(f"ratio {statistics.median(ratios):.1f} (of each round: {min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()
