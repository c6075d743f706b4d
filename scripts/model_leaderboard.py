"""Which network? The study model_leaderboard end to end: 5 networks x 3 seeds, then the report.

python scripts/model_leaderboard.py hydra.launcher.slots=2
python scripts/model_leaderboard.py model=unet,unet_full,deeplab loss=dice+ce
python scripts/model_leaderboard.py data=camvid data.root=/path/to/camvid augment=standard trainer.max_steps=5000

All words are those of `python train.py -m study=model_leaderboard`. The same command again runs only what is missing.
"""

from __future__ import annotations

import sys

from study_report import run_study

if __name__ == "__main__":
    sys.exit(run_study("model_leaderboard", sys.argv[1:], about=__doc__))
