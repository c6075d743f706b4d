"""How fast do cross-entropy and Dice converge? A sweep over both, then one picture of their validation IoU.

python scripts/loss_convergence.py
python scripts/loss_convergence.py loss=ce,dice,focal,dice+ce paths.outputs=outputs
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import yaml

from segladder.runs.folder import find_runs
from segladder.runs.record import read
from segladder.viz import plot_curves

ROOT = Path(__file__).parent.parent


def main(overrides: list[str]) -> None:
    command = [sys.executable, str(ROOT / "train.py"), "-m", "study=loss_convergence", *overrides]
    subprocess.run(command, check=True)
    outputs = dict(word.split("=", 1) for word in overrides if "=" in word).get("paths.outputs", "outputs")
    study = Path(outputs) / "loss_convergence"
    curves = {}
    for run in find_runs(study):
        record = read(run.result)
        if record.status == "finished":
            config = yaml.safe_load(run.config.read_text())
            curves[f"loss={record.choices['loss']}, seed {config['seed']}"] = curve(run.metrics, "val/iou/disk")
    picture = plot_curves(
        curves,
        study / "convergence.png",
        title="Validation IoU of the disks while the lab's U-Net learns",
        x_label="optimizer step",
        y_label="IoU of class disk",
        y_range=(0, 1),
    )
    print(f"The picture is {picture}")


def curve(metrics: Path, name: str) -> tuple[list[int], list[float]]:
    with open(metrics, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get(name)]
    return [int(row["step"]) + 1 for row in rows], [float(row[name]) for row in rows]


if __name__ == "__main__":
    main(sys.argv[1:])
