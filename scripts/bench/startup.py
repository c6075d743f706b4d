"""From the command to the first training step, against `import pytorch_lightning` alone, run in turn.

python scripts/bench/startup.py --runs 5
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for run in range(options.runs + 1):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "import pytorch_lightning"], check=True, capture_output=True)
            alone = time.perf_counter() - began
            row = (alone, first_step(run, Path(scratch)))
            if run:  # the first round warms the disk's cache
                rows.append(row)
                print(f"round {run}: import pytorch_lightning {row[0]:.2f} s, to the first step {row[1]:.2f} s")
    ratios = [ours / alone for alone, ours in rows]
    print(
        f"\nto the first step / import alone: {statistics.median(ratios):.2f}"
        f" ({min(ratios):.2f} to {max(ratios):.2f}), {len(rows)} rounds, {os.cpu_count()} cores"
    )


def first_step(seed: int, outputs: Path) -> float:
    began = time.time()
    command = [sys.executable, "train.py", "experiment=lab", f"seed={seed}", f"paths.outputs={outputs}", "debug=fast"]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    [result] = outputs.glob(f"debug/*-s{seed}-*/result.json")
    times = json.loads(result.read_text())["time"]
    return times["began"] + times["startup"] - began


if __name__ == "__main__":
    main()
