"""Which encoder? The study backbone_ablation end to end: 4 encoders x 2 seeds, then the report.

python scripts/backbone_ablation.py hydra.launcher.slots=2
python scripts/backbone_ablation.py backbone=resnet18,resnet34,resnet50 seed=1,2,3
python scripts/backbone_ablation.py data=camvid data.root=/path/to/camvid augment=standard trainer.max_steps=5000

All words are those of `python train.py -m study=backbone_ablation`. The same command again runs only what is missing.
"""

from __future__ import annotations

import sys

from study_report import run_study

if __name__ == "__main__":
    sys.exit(run_study("backbone_ablation", sys.argv[1:], about=__doc__))
