"""Times reading samples from the cache on disk beside decoding their PNGs with Pillow, on one core, interleaved.

    python scripts/bench/cache.py                                    # 12 drawn scenes of 2048x1024
    python scripts/bench/cache.py --root /path/to/cityscapes         # genuine ones

Rows: the image alone, in memory of its own; image and label, as an evaluation gets them; a window of 512x1024 of
both, as a training crops it. Each sample of the cache is first compared with its files, pixel by pixel, and read once
before (so is each PNG: both lie in the system's memory of files). Ratios are medians over rounds of Pillow's time /
ours: above 1 means that the cache is faster. Aim: at least 15.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from segladder.data.cache import DiskStore
from segladder.data.cache.content import Content
from segladder.data.cache.kept import released
from segladder.data.readers.cityscapes import Cityscapes

WINDOW = np.s_[..., 256:768, 512:1536]


def draw(root: Path, count: int) -> Path:
    """Scenes of smooth shapes under camera noise: their PNGs take 2 to 3 MB, as those of photographs do."""
    draw = np.random.default_rng(0)
    for number in range(count):
        coarse = draw.uniform(0, 255, (9, 17, 3)).astype(np.uint8)
        image = np.asarray(Image.fromarray(coarse).resize((2048, 1024), Image.Resampling.BICUBIC)).astype(np.int16)
        image += draw.normal(0, 2, image.shape).round().astype(np.int16)
        ids = np.kron(draw.integers(7, 34, (16, 32)), np.ones((64, 64))).astype(np.uint8)
        stem = f"a_{number:06d}_000000"
        for folder, name, array in (
            ("leftImg8bit", "leftImg8bit", image.clip(0, 255).astype(np.uint8)),
            ("gtFine", "gtFine_labelIds", ids),
        ):
            path = root / folder / "train" / "a" / f"{stem}_{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
    return root


def pillow(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def spent(work: Callable[[int], Any], places: list[int], clock: Callable[[], float]) -> float:
    """Milliseconds per sample."""
    began = clock()
    for place in places:
        work(place)
    return 1000 * (clock() - began) / len(places)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="a folder in Cityscapes' layout; drawn where none is given")
    parser.add_argument("--split", default="train")
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu on a machine that others use")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    with tempfile.TemporaryDirectory() as folder:
        root = options.root or draw(Path(folder) / "set", options.images)
        reader = Cityscapes(root=root, train_split=options.split, val_split=None, test_split=None)
        source = reader.dataset("train", run_seed=0)
        assert source is not None
        places = list(range(min(options.images, len(source))))
        began = time.perf_counter()
        cache = DiskStore(Path(folder) / "cache").open(Content(source, places), what="bench")
        building = time.perf_counter() - began

        def kept(place: int) -> Any:
            return cache.read(place)

        for place in places:
            whole, fresh = released(kept(place), kept(place)), source[place]
            assert torch.equal(whole["image"], fresh["image"]) and torch.equal(whole["semantic"], fresh["semantic"])

        def image_alone(place: int) -> None:
            kept(place)["image"].clone()

        def both(place: int) -> None:
            sample = kept(place)
            released(sample, sample)

        def window(place: int) -> None:
            sample = kept(place)
            sample["image"][WINDOW].contiguous()
            sample["semantic"][WINDOW].long()

        def png_both(place: int) -> None:
            pillow(source.pairs[place].image)
            pillow(source.files(place)[1])

        rows = {
            "image alone": (lambda place: pillow(source.pairs[place].image), image_alone),
            "image and label": (png_both, both),
            "a window of both": (png_both, window),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
        for _ in range(options.rounds):
            for name, (theirs, ours) in rows.items():
                found[name].append((spent(theirs, places, clock), spent(ours, places, clock)))
        size = sum(source.pairs[place].image.stat().st_size for place in places) / len(places) / 1e6
        shape = tuple(source[0]["image"].shape)
        print(f"{len(places)} PNGs of {shape}, {size:.2f} MB each; cores {os.cpu_count()}, one used for reading")
        print(
            f"building: {1000 * building / len(places):.0f} ms a sample; {cache.size / len(places) / 1e6:.2f} MB each\n"
        )
        print("| what is read | Pillow, ms | cache, ms | times as fast |\n|---|---|---|---|")
        for name, times in found.items():
            theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
            ratio = statistics.median(one / other for one, other in times)
            print(f"| {name} | {theirs:.1f} | {ours:.2f} | {ratio:.0f} |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
