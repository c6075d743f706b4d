"""A sweep of the lab against as many runs of the raw script one after another: `seed=1,…,24`, two jobs at once.

    python scripts/bench/sweep.py                               # 24 runs, an hour
    python scripts/bench/sweep.py --runs 4 --rounds 2           # a quick look
    python scripts/bench/sweep.py --raw PATH                    # the textbook's own script

Ours are `experiment=lab` as shipped, threads divided by slots, freed buffers kept, each run with start-up, three
validations, scoring of 1,024 images, pictures and record: with logger=csv (the raw script logs nothing, either), and
with the default logger, W&B offline. The raw script has all cores and glibc's defaults. Half of a round's raw runs come
before the sweeps and half after them, so that a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from lab import PLAIN
from timed_sweep import require_finished, spread, sweep, timed

LOGGERS = ("csv", "default")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, help="the textbook's script; default: a plain loop of the same work")
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--loggers", nargs="+", choices=LOGGERS, default=LOGGERS)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch, "raw.py")
        raw.write_text(options.raw.read_text() if options.raw else PLAIN)
        timed([sys.executable, str(raw)])  # warms the disk's cache
        for number in range(options.rounds):
            rows.append(one_round(raw, Path(scratch, str(number)), options))
            print(f"round {number + 1}: " + ", ".join(f"{name} {s:.1f} s" for name, s in rows[-1].items()), flush=True)
    print(f"\n{options.runs} runs, {options.slots} slots, {os.cpu_count()} cores, {options.rounds} rounds:")
    print("\n| contestant | seconds | sweep / raw |\n|---|---:|---:|")
    print(f"| raw script, one after another | {spread([row['raw'] for row in rows], '{:.1f}')} | |")
    for logger in options.loggers:
        ratios = spread([row[logger] / row["raw"] for row in rows])
        print(f"| sweep, logger={logger} | {spread([row[logger] for row in rows], '{:.1f}')} | {ratios} |")


def one_round(raw: Path, outputs: Path, options: argparse.Namespace) -> dict[str, float]:
    before = options.runs // 2
    seconds = {"raw": raw_runs(raw, before)}
    words = (
        "experiment=lab",
        "seed=" + ",".join(str(seed + 1) for seed in range(options.runs)),
        f"hydra.launcher.slots={options.slots}",
    )
    for logger in options.loggers:
        seconds[logger], _ = sweep([*words, f"logger={logger}"], outputs / logger)
        found = require_finished(outputs / logger, options.runs)
        iou = [record["per_class"]["test"]["iou"]["disk"] for record in found]
        fit = [record["time"]["fit"] for record in found]
        print(f"  logger={logger}: disk IoU {spread(iou, '{:.4f}')}, fit of a job {statistics.median(fit):.1f} s")
    seconds["raw"] += raw_runs(raw, options.runs - before)
    return seconds


def raw_runs(raw: Path, count: int) -> float:
    return sum(timed([sys.executable, str(raw)])[0] for _ in range(count))


if __name__ == "__main__":
    main()
