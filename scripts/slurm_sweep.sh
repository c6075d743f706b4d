#!/usr/bin/env bash
# A sweep on a SLURM cluster: what would be done, the jobs themselves, the list of what came out.
#
#   bash scripts/slurm_sweep.sh hydra.launcher.partition=gpu trainer.accelerator=gpu    # on a login node
#   bash scripts/slurm_sweep.sh hydra.launcher.cluster=local hydra.launcher.slots=2     # the same on this machine
#
# All words are those of `python train.py`; they win over those below. Run it within tmux or screen, or start it again
# later: jobs that wait or run are not submitted twice, and those that have finished are only listed.
set -euo pipefail
cd "$(dirname "$0")/.."

sweep=(-m hydra/launcher=slurm study_name=slurm_sweep model=unet_lab data=disks trainer.max_epochs=2
       loss=ce,dice+ce seed=1,2,3 "$@")

python train.py "${sweep[@]}" sweep.dry=true
python train.py "${sweep[@]}"
segladder runs list runs=outputs/slurm_sweep
