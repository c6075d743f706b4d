"""A small Hydra application: settles, checks and prints its config."""

from __future__ import annotations

import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from segladder.config.app import run_app
from segladder.config.check import check
from segladder.config.loss import settle_loss


def task(cfg: DictConfig) -> None:
    hydra = HydraConfig.get()
    for warning in settle_loss(cfg, overrides=list(hydra.overrides.task), sweep=hydra.mode == RunMode.MULTIRUN) + check(
        cfg
    ):
        print("warning:", warning)
    print("loss:", cfg.loss.expr, "root:", cfg.data.root, "torch" in sys.modules)


if __name__ == "__main__":
    conf = Path(__file__).parents[1] / "conf"
    sys.exit(run_app(task, config_dir=conf, config_name="train", argv=sys.argv[1:]))
