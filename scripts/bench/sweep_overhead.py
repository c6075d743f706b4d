"""What a sweep adds to each further job: sweeps of N and of 2N jobs that train one step, in turn.

    python scripts/bench/sweep_overhead.py                  # 20 and 40 jobs, 3 rounds
    python scripts/bench/sweep_overhead.py --jobs 4 --rounds 1

Overhead of a job = (seconds of 2N jobs - seconds of N jobs) / N - (its own `fit` and `evaluate`, from the records):
composing, checking, forking, claiming the folder, building data and network, writing the record. What is paid once,
the imports above all, cancels. One job at a time, logger=csv.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from timed_sweep import TINY, require_finished, spread, sweep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    added, walls, owns = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds):
            few, many = (Path(scratch, f"{number}-{kind}") for kind in ("few", "many"))
            short, _ = measured(options.jobs, few)
            long, own = measured(2 * options.jobs, many)
            wall = (long - short) / options.jobs
            added.append(wall - own)
            walls.append(wall)
            owns.append(own)
            print(
                f"round {number + 1}: {options.jobs} jobs {short:.1f} s, {2 * options.jobs} jobs {long:.1f} s:"
                f" {wall:.2f} s for each further one, {own:.2f} of them its own fit and evaluation",
                flush=True,
            )
    print(f"\n{options.rounds} rounds of {options.jobs} and {2 * options.jobs} jobs, {os.cpu_count()} cores, seconds:")
    print("\n| of each further job | s |\n|---|---:|")
    for title, values in (("all", walls), ("its own fit and evaluation", owns), ("overhead", added)):
        print(f"| {title} | {spread(values)} |")


def measured(jobs: int, outputs: Path) -> tuple[float, float]:
    """Seconds of the sweep, and those that a job spent in `fit` and `evaluate` on average."""
    seconds, _ = sweep([*TINY, f"seed=range(1,{jobs + 1})"], outputs)
    times = [record["time"] for record in require_finished(outputs, jobs)]
    return seconds, statistics.fmean(time["fit"] + time["evaluate"] for time in times)


if __name__ == "__main__":
    main()
