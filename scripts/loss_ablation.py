"""Which loss? The study loss_ablation end to end: 4 losses x 3 seeds, then the report, compared with ce.

python scripts/loss_ablation.py hydra.launcher.slots=2
python scripts/loss_ablation.py data.noise=0.5 study_name=loss_ablation_noisy
python scripts/loss_ablation.py data=camvid data.root=/path/to/camvid augment=standard model=unet trainer.max_steps=2500

All words are those of `python train.py -m study=loss_ablation`. The same command again runs only what is missing.
"""

from __future__ import annotations

import sys

from study_report import run_study

if __name__ == "__main__":
    sys.exit(run_study("loss_ablation", sys.argv[1:], about=__doc__, report=["power=true"]))
