"""A plain Hydra + Lightning application as others write them, which notes in files what each of its processes holds.

`python ddp_app.py -m devices=1,2 out=DIR` sweeps; `python ddp_app.py --search process out=DIR` is a search by Optuna
that asks for one value at a time and hands each job to a launcher, as a sweeper does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import hydra
import pytorch_lightning as pl
import torch
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf
from torch.utils.data import DataLoader

CONF = Path(__file__).parents[2] / "conf"


@dataclass
class Config:
    out: str = "???"
    x: float = 0.0
    devices: int = 1
    fault: str = "none"
    """none; zero: rank zero raises; one: rank one is killed."""


ConfigStore.instance().store(name="ddp_app", node=Config)


class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        return self.layer(batch).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Note(pl.Callback):
    def __init__(self, cfg: Config, leftover: list[str]) -> None:
        self.cfg, self.leftover = cfg, leftover

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        note(self.cfg, rank=trainer.global_rank, world_size=trainer.world_size, leftover=self.leftover)

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, out, batch, index: int) -> None:
        if index == 1 and self.cfg.fault == "zero" and trainer.global_rank == 0:
            raise ValueError("rank zero fails")
        if index == 1 and self.cfg.fault == "one" and trainer.global_rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        note(self.cfg, rank=trainer.global_rank, ended=True)


def note(cfg: Config, **more: object) -> None:
    config = OmegaConf.to_container(cfg)
    line = json.dumps({"pid": os.getpid(), "config": config, **more})
    with open(Path(cfg.out) / "notes.jsonl", "a") as file:
        file.write(line + "\n")


@hydra.main(version_base="1.3", config_path=None, config_name="ddp_app")
def main(cfg: Config) -> float:
    leftover = [name for name in ("LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT") if name in os.environ]
    if torch.distributed.is_initialized():
        leftover.append("process group")
    torch.set_num_threads(1)
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=cfg.devices,
        strategy="ddp" if cfg.devices > 1 else "auto",
        logger=False,
        callbacks=[Note(cfg, leftover)],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Line(), DataLoader(torch.ones(16, 1), batch_size=2))
    return cfg.x


def search(launcher_name: str, words: list[str]) -> None:
    """Asks for a value, has it run, tells what came out."""
    import optuna
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.core.plugins import Plugins
    from hydra.types import HydraContext, RunMode

    app = Hydra.create_main_hydra2("ddp_app", create_config_search_path(None))
    words = [f"hydra.searchpath=[file://{CONF}]", f"hydra/launcher={launcher_name}", *words]
    config = app.config_loader.load_configuration("ddp_app", words, RunMode.MULTIRUN)
    context = HydraContext(config_loader=app.config_loader, callbacks=Callbacks())
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=main.__wrapped__, config=config
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler())
    for number in range(1):
        trial = study.ask()
        [job] = launcher.launch([[f"x={trial.suggest_float('x', 0, 1)}", *words[2:]]], initial_job_idx=number)
        study.tell(trial, job.return_value)


if __name__ == "__main__":
    if "--search" in sys.argv:
        at = sys.argv.index("--search")
        search(sys.argv[at + 1], [word for word in sys.argv[at + 2 :] if not word.startswith("hydra.")])
    else:
        main()
