"""The page of a report of many runs: its size, how long a browser takes to show it sorted, and to sort and filter it.

    python scripts/bench/report_page.py                 # 10,000 runs
    python scripts/bench/report_page.py --runs 1000 --rounds 5

The runs are drawn by chance in memory: 500 methods of up to twenty seeds, with a leaderboard and its comparisons. It
needs Chromium with its driver, and selenium. Each time ends when the browser has painted what was asked for.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from segladder.report.boards.board import boards
from segladder.report.boards.findings import findings
from segladder.report.page.page import write_page
from segladder.report.records.run import Run
from segladder.report.report import Part, Report
from segladder.report.sheets.comparisons import comparisons
from segladder.report.sheets.leaderboard import leaderboard

MODELS = ("unet", "fcn", "deeplab", "deeplab_plus", "segformer")
LOSSES = (
    "ce",
    "dice",
    "ce+dice",
    "focal",
    "tversky",
    "ce+focal",
    "dice+focal",
    "ce+tversky",
    "ce+boundary",
    "boundary",
)
RATES = tuple(f"{1e-4 * 1.6**power:.2g}" for power in range(10))

FIRST_ROWS = """
new MutationObserver((changes, self) => {
  if (!document.querySelector('#runs tbody tr')) return;
  self.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.firstRows = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
PAINTED = "requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));"
CLICK = (
    "const [key, done] = arguments; const began = performance.now();"
    f"document.querySelector(`#runs th[data-key='${{key}}'] button`).click(); {PAINTED}"
)
TYPE = (
    "const [words, done] = arguments; const began = performance.now();"
    "const box = document.getElementById('runs-search'); box.value = words;"
    f"box.dispatchEvent(new Event('input')); {PAINTED}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report = drawn_report(options.runs, Path(scratch))
        began = time.monotonic()
        path = write_page(report, Path(scratch, "report", "index.html"))
        written = time.monotonic() - began
        with browser(Path(scratch, "profile")) as driver:
            times = [one_round(driver, path) for _ in range(options.rounds)]
        size = path.stat().st_size
    print(
        f"{options.runs:,} runs, {len(report.parts[0].board.places):,} methods: {size / 1e6:.1f} MB, written in"
        f" {written:.1f} s; {options.rounds} rounds, {os.cpu_count()} cores\n"
    )
    print("| until painted | median s | slowest s |\n|---|---:|---:|")
    for name in times[0]:
        values = [entry[name] for entry in times]
        print(f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} |")


def one_round(driver: Any, path: Path) -> dict[str, float]:
    """Seconds of each thing that a reader does, on a page opened anew."""
    driver.get("about:blank")
    driver.get(f"{path.as_uri()}#runs.sort=-test.miou")
    while driver.execute_script("return window.firstRows ?? null") is None:
        time.sleep(0.01)
    found = {"opened, sorted by score": driver.execute_script("return window.firstRows")}
    found["sorted by a number"] = driver.execute_async_script(CLICK, "hours")
    found["sorted by name"] = driver.execute_async_script(CLICK, "name")
    found["searched for a word"] = driver.execute_async_script(TYPE, "segformer")
    found["searched for another"] = driver.execute_async_script(TYPE, "dice")
    return {name: milliseconds / 1000 for name, milliseconds in found.items()}


@contextmanager
def browser(profile: Path) -> Iterator[Any]:
    """Chromium without a window."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        sys.exit("There is no Chromium with its driver. Install them, as by apt-get install chromium chromium-driver.")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        opened.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FIRST_ROWS})
        yield opened
    finally:
        opened.quit()


def drawn_report(count: int, root: Path) -> Report:
    """A report of so many runs; none of them has a folder."""
    runs = list(drawn_runs(count, root / "outputs"))
    parts = []
    for board in boards(runs, resamples=0):
        sheets = [
            sheet for sheet in (leaderboard(board, base=root / "report"), comparisons(board)) if sheet is not None
        ]
        parts.append(Part(board=board, sheets=sheets, findings=findings(board)))
    return Report(root=root / "outputs", parts=parts, runs=runs)


def drawn_runs(count: int, outputs: Path) -> Iterator[Run]:
    rng = np.random.default_rng(0)
    methods = itertools.product(MODELS, LOSSES, RATES)
    for number, (seed, (model, loss, rate)) in zip(
        range(count), itertools.product(range(-(-count // 500)), list(methods)), strict=False
    ):
        miou = float(np.clip(rng.normal(0.7 + 0.02 * MODELS.index(model) + 0.005 * LOSSES.index(loss), 0.01), 0, 1))
        scores = {name: miou - 0.01 * place for place, name in enumerate(("miou", "dice", "pixel_accuracy", "fw_iou"))}
        name = f"camvid-{model}-resnet50-{loss}-optimizer.lr_{rate}-s{seed}"
        digits = f"{rng.integers(2**63):016x}"
        yield Run(
            path=str(outputs / "large_study" / f"{name}-{digits[:8]}"),
            study="large_study",
            name=name,
            id=digits * 4,
            parent=None,
            method=f"{model} {loss} {rate}",
            status="finished",
            reason="",
            task="semantic",
            seed=seed,
            created=f"2026-01-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00.000000+00:00",
            settings={"model": model, "backbone": "resnet50", "loss": loss, "optimizer": "adam", "optimizer.lr": rate},
            metric="miou",
            minimised=False,
            scores={"val": {"miou": miou + 0.004}, "test": scores},
            per_class={},
            data="camvid",
            classes=("road", "sky"),
            hashes={"train": "1" * 64, "val": "2" * 64, "test": "3" * 64},
            splits={"test": "test"},
            counts={"test": 233},
            protocol={"metrics": 1, "inference": {}},
            pretrained=("imagenet",),
            steps=3670,
            parameters=float(10**7 + 10**6 * MODELS.index(model)),
            flops=1e10,
            latency_ms=None,
            images_per_second=float(rng.normal(200, 10)),
            hours=float(rng.normal(2, 0.1)),
            memory=8e9,
            devices="a GPU",
            host="a machine",
            fingerprint="f" * 64,
            commit="c" * 40,
            dirty=False,
            senseless={},
        )


if __name__ == "__main__":
    main()
