"""A report of 10,000 records: how long until all outputs are written, and how much memory it takes.

    python scripts/bench/report.py                      # 10,000 records: 2,000 methods x 5 seeds
    python scripts/bench/report.py --methods 20 --rounds 1

The records are drawn, not trained, as large as those of real runs, with statistics of 30 test images and 3 classes. The
first report reads everything; the last finds one more run; `resamples=0` leaves the images out.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from drawn_runs import draw_run  # noqa: E402

SEEDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    print("| records | report | s | peak memory, GB |\n|---:|---|---:|---:|")
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch, "outputs")
            for number in range(options.methods):
                for seed in range(1, SEEDS + 1):
                    draw(root, number, seed)
            records = options.methods * SEEDS
            for title, words in (("without the images, first", ["resamples=0"]), ("with the images", [])):
                told(records, title, *report(root, words))
            draw(root, options.methods, 1)
            told(records + 1, "one more run, without the images", *report(root, ["resamples=0"]))


def draw(root: Path, number: int, seed: int) -> None:
    miss = 0.05 + 0.3 * (number * 7919 % 1000) / 1000
    lr = f"optimizer.lr=1e-{number}"
    draw_run(root, study=f"study{number % 10}", loss=("ce", "dice")[number % 2], seed=seed, miss=miss, overrides=[lr])


def report(root: Path, words: list[str]) -> tuple[float, float]:
    """Seconds and gigabytes."""
    command = [sys.executable, "-m", "segladder", "report", f"runs={root}", *words]
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    # of all children so far the largest: reports grow in the order in which they are made here
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return time.perf_counter() - began, peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def told(records: int, title: str, seconds: float, gigabytes: float) -> None:
    print(f"| {records:,} | {title} | {seconds:.1f} | {gigabytes:.2f} |", flush=True)


if __name__ == "__main__":
    main()
