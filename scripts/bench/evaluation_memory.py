"""Most memory that an evaluation of 500 Cityscapes-size label maps takes, beside one of 2 maps.

    python scripts/bench/evaluation_memory.py
    python scripts/bench/evaluation_memory.py --maps 100

Draws a few label and prediction maps of 2048x1024 in random blocks (hard links make 500 of them), and runs `segladder
evaluate predictions=…` on each set in a process of its own. Aim: at most 1 GB over the 2 maps.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segladder.data.readers.cityscapes_table import LABEL_IDS

DRAWN = 8
SIZE = (1024, 2048)

# prints the child's peak in kB behind its own output
PROGRAM = """
import resource, sys
from segladder.commands import main
code = main()
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


def draw(root: Path, count: int) -> tuple[Path, Path]:
    """A val split of so many images with labels, objects and predictions.

    Returns:
        The data set's folder and that of the predictions.
    """
    rng = np.random.default_rng(0)
    ids = np.array(LABEL_IDS)
    drawn: list[dict[str, Path]] = []
    originals = root / "originals"
    originals.mkdir(parents=True)
    for number in range(DRAWN):
        blocks = ids[rng.integers(0, len(ids), (SIZE[0] // 32, SIZE[1] // 32))]
        label = np.kron(blocks, np.ones((32, 32), dtype=int))
        # half of the blocks of things are objects of their own
        numbers = np.kron(np.arange(blocks.size).reshape(blocks.shape) % 1000, np.ones((32, 32), dtype=int))
        objects = np.where(label >= 24, 1000 * label + numbers % 500, label)
        predicted = np.where(rng.random(SIZE) < 0.1, rng.choice(ids, SIZE), np.roll(label, 5, axis=1))
        maps: dict[str, Any] = {
            "leftImg8bit": np.repeat((label * 7).astype(np.uint8)[..., None], 3, axis=2),
            "gtFine_labelIds": label.astype(np.uint8),
            "gtFine_instanceIds": objects.astype(np.uint16),
            "prediction": predicted.astype(np.uint8),
        }
        drawn.append({})
        for kind, array in maps.items():
            drawn[-1][kind] = originals / f"{number}_{kind}.png"
            Image.fromarray(array).save(drawn[-1][kind], compress_level=1)
    data, predictions = root / "data", root / "predictions"
    for number in range(count):
        stem = f"a_{number:06d}_000019"
        for kind, path in drawn[number % DRAWN].items():
            folder = {"leftImg8bit": data / "leftImg8bit", "prediction": root / "predictions"}.get(
                kind, data / "gtFine"
            )
            place = folder if kind == "prediction" else folder / "val" / "a"
            place.mkdir(parents=True, exist_ok=True)
            os.link(path, place / (f"{stem}.png" if kind == "prediction" else f"{stem}_{kind}.png"))
    return data, predictions


def peak(root: Path, count: int) -> tuple[float, float]:
    """MB of memory at the most, and seconds."""
    data, predictions = draw(root, count)
    words = (
        f"predictions={predictions}",
        "data=cityscapes",
        f"data.root={data}",
        f"paths.outputs={root / 'outputs'}",
        "data.train_split=val",
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "evaluate", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    kilobytes = int(done.stdout.rsplit("PEAK ", 1)[1])
    return kilobytes * 1024 / 1e6, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=500)
    options = parser.parse_args()
    print("| maps | peak, MB | seconds |\n|---|---|---|", flush=True)
    peaks = []
    for count in (2, options.maps):
        with tempfile.TemporaryDirectory() as folder:
            megabytes, seconds = peak(Path(folder), count)
        peaks.append(megabytes)
        print(f"| {count} | {megabytes:,.0f} | {seconds:.0f} |", flush=True)
    print(f"\n{peaks[1] - peaks[0]:,.0f} MB over the peak of 2 maps; aim: at most 1,000")


if __name__ == "__main__":
    main()
