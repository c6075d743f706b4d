"""Which loss? The study loss_ablation end to end: 4 losses x 3 seeds, then a table of the means from their records.

python scripts/loss_ablation.py hydra.launcher.slots=2
python scripts/loss_ablation.py data.noise=0.5 study_name=loss_ablation_noisy
python scripts/loss_ablation.py data=camvid data.root=/path/to/camvid augment=standard model=unet trainer.max_steps=2500

All words are those of `python train.py -m study=loss_ablation`. The same command again runs only what is missing.
"""

from __future__ import annotations

import sys

from study_table import run_study, score, value

COLUMNS = {
    "test boundary F1": score("boundary_f1"),
    "test mean accuracy": score("mean_accuracy"),
    "val miou": score("miou", "val"),
    "fit s": value("time", "fit", "{:.1f}"),
}

if __name__ == "__main__":
    sys.exit(run_study("loss_ablation", sys.argv[1:], about=__doc__, group="loss", columns=COLUMNS))
