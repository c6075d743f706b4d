"""The share of time that a training waits for data, and what it waited for."""

import time

import pytest
import pytorch_lightning as pl
import torch

from drawn_sets import draw_cityscapes
from segladder.data.datamodules import CityscapesDataModule
from segladder.data.readers.cityscapes import CityscapesDataset
from segladder.data.speed import bottleneck
from segladder.tasks.callbacks import Stopwatch

pytestmark = pytest.mark.filterwarnings("ignore")


class Quick(pl.LightningModule):
    """Steps of 1 ms."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, batch_idx):
        time.sleep(0.001)
        return self.layer(torch.ones(1, 1)).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def watched(data, epochs, module=None):
    watch = Stopwatch()
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        callbacks=[watch],
    )
    trainer.fit(module or Quick(), datamodule=data)
    return watch


@pytest.mark.parametrize("workers", [0, 1])
def test_slow_decoding_is_found_timed_and_named(tmp_path, monkeypatch, workers):
    read = CityscapesDataset.__getitem__

    def slow(dataset, key):
        time.sleep(0.02)
        return read(dataset, key)

    monkeypatch.setattr(CityscapesDataset, "__getitem__", slow)
    monkeypatch.setattr(bottleneck, "WORTH_SECONDS", 0.1)
    root = draw_cityscapes(tmp_path / "set", per_city=4)
    data = CityscapesDataModule(root=root, batch_size=2, cache=False, num_workers=workers, val_split=None)
    watch = watched(data, epochs=3)
    stages = watch.stages
    assert stages["images"] == stages["decoded"] == 24 and stages["workers"] == workers
    assert 24 * 0.02 <= stages["decode"] < watch.wait_seconds + watch.step_seconds + 0.5
    assert stages["decode"] > 0.8 * (stages["augment"] + stages["collate"] + stages["decode"])
    assert watch.data_wait_share > 0.5
    assert watch.advice.startswith("Decoding takes 2"), watch.advice
    assert "data.cache=ram" in watch.advice


def test_what_hardly_waits_gets_no_advice(tmp_path):
    class Slow(Quick):
        def training_step(self, batch, batch_idx):
            time.sleep(0.1)
            return super().training_step(batch, batch_idx)

    data = CityscapesDataModule(root=draw_cityscapes(tmp_path, per_city=2), batch_size=2, val_split=None)
    watch = watched(data, epochs=2, module=Slow())
    assert watch.stages["images"] == 8 and watch.stages["decoded"] == 4, "the second epoch came from memory"
    assert watch.advice is None
