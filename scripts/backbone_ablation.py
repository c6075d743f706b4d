"""Which encoder? The study backbone_ablation end to end: 4 encoders x 2 seeds, then a table of scores and costs.

python scripts/backbone_ablation.py hydra.launcher.slots=2
python scripts/backbone_ablation.py backbone=resnet18,resnet34,resnet50 seed=1,2,3
python scripts/backbone_ablation.py data=camvid data.root=/path/to/camvid augment=standard trainer.max_steps=5000

All words are those of `python train.py -m study=backbone_ablation`. The same command again runs only what is missing.
"""

from __future__ import annotations

import sys

from study_table import run_study, score, value

COLUMNS = {
    "test boundary F1": score("boundary_f1"),
    "parameters": value("model", "parameters"),
    "MFLOP": value("model", "flops", unit=1e6),
    "images/s": value("time", "images_per_second"),
    "fit s": value("time", "fit", "{:.1f}"),
}

if __name__ == "__main__":
    sys.exit(run_study("backbone_ablation", sys.argv[1:], about=__doc__, group="backbone", columns=COLUMNS))
