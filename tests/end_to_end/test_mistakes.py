"""A user's mistake ends in one clear sentence and a code other than zero, never in a traceback."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

QUICK = ("train", "debug=fast", "data.counts.train=16", "data.counts.val=8", "data.counts.test=8", "data.batch_size=4")

MISTAKES = [
    (("trainer.max_epoch=5",), "trainer.max_epochs"),
    (("loss=dise+ce",), "dice"),
    (("loss=dice++ce",), "dice++ce"),
    (("loss=null",), "loss=dice+ce"),
    (("loss=term/dice",), "loss=dice"),
    (("loss=ce", "loss.terms.dice.smooth=0"), "dice"),
    (("model=unett",), "unet"),
    (("modle=unet",), "model"),
    (("data=folder",), "data.root"),
    (("data=folder", "data.root=/no/such/folder"), "/no/such/folder"),
    (("model.num_classes=7",), "2 classes"),
    (("model.in_channels=3",), "1 channel"),
    (("model.depth=9",), "depth"),
    (("data.batch_size=0",), "batch_size"),
    (("data.batch_size=64",), "batch"),
    (("task.memory_format=nchw",), "channels_last"),
    (("metric=mioo",), "miou"),
    (("scheduler.warmup_steps=100",), "warm-up"),
    (("optimizer.lr=abc",), "optimizer.lr"),
    (("optimizer.lr=-1",), "optimizer.lr"),
    (("trainer.precision=9-mixed",), "precision"),
    (("trainer.devices=0",), "trainer.devices"),
    (("trainer.accelerator=gpu",), "accelerator"),
    (("plugins=[no_such_package]",), "no_such_package"),
    (("paths.outputs=/proc/nowhere",), "/proc/nowhere"),
    (("name=a/b",), "name"),
    (("logger=default", "logger.wandb.mode=sometimes"), "offline"),
    (("seed=-1",), "seed"),
    (("seed=null",), "seed"),
    (("metric.name=foo",), "metric.name"),
    (("metric.mode=min",), "metric.mode"),
    (("callbacks.ema=true",), "callbacks.ema.enabled=true"),
    (("callbacks.early_stopping.enabled=tru",), "true or false"),
    (("sweep.rerun=change",), "changed"),
    (("loss=ce", "loss.expr=dice"), "loss.weights"),
    (("trainer.limit_train_batches=0",), "nothing would be trained"),
    (("trainer.check_val_every_n_epoch=5",), "no validation"),
    (("trainer.limit_test_batches=0",), "limit_test_batches"),
    (("task.boundary_tolerance=-1",), "boundary_tolerance"),
    (("callbacks.early_stopping.enabled=true", "trainer.limit_val_batches=0"), "Lightning"),
    (("trainer.val_check_interval=100",), "val_check_interval"),
]


@pytest.mark.parametrize(
    ("words", "hint"), MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_a_mistake_is_told_in_a_sentence(segladder, words, hint):
    quick = QUICK if "data=folder" not in words else ("train", "debug=fast")
    ran = segladder(*quick, *words)
    assert ran.code == 1, ran.text
    assert "Traceback" not in ran.text
    assert hint in ran.err
    assert len(ran.err.strip().splitlines()) <= 4, ran.err


def test_a_key_of_another_data_set_is_not_suggested_back(segladder):
    ran = segladder("train", "data.counts.train=64", "data=folder", "data.root=/tmp")
    assert ran.code == 1
    assert "Unknown key 'data.counts.train'" in ran.err
    assert "did you mean 'data.counts.train'" not in ran.err


def test_a_loss_that_is_no_number_names_the_term_and_keeps_the_batch(segladder, tmp_path):
    words = ("train", "model=unet_lab", "loss=dice+ce", "data.counts.train=64", "optimizer=sgd", "optimizer.lr=1e30")
    ran = segladder(*words, "data.batch_size=4", "logger=csv")
    assert ran.code == 1
    assert "Traceback" not in ran.text
    assert "ce" in ran.err and "optimizer.lr" in ran.err
    [result] = tmp_path.glob("outputs/single/*/result.json")
    record = json.loads(result.read_text())
    assert record["status"] == "failed" and record["error"]["type"] == "NanLossError"
    import torch

    kept = torch.load(result.parent / "nan_batch.pt", weights_only=True)
    assert kept["batch"]["image"].shape == (4, 1, 64, 64)


def test_a_label_outside_the_classes_names_file_value_and_pixels(segladder, tmp_path):
    root = tmp_path / "set"
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True)
        for index in range(4):
            Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(root / "images" / split / f"{index}.png")
            label = np.zeros((32, 32), np.uint8)
            label[0, :5] = 7 if (split, index) == ("train", 2) else 1
            Image.fromarray(label).save(root / "labels" / split / f"{index}.png")
    (root / "dataset.json").write_text(json.dumps({"classes": ["background", "thing"]}))
    ran = segladder("train", "data=folder", f"data.root={root}", "data.batch_size=2", "debug=fast")
    assert ran.code == 1
    assert "Traceback" not in ran.text
    assert "2.png" in ran.err and "7" in ran.err and "5 pixels" in ran.err


def test_batch_norm_on_a_single_value_says_so(segladder):
    words = ("data.batch_size=1", "data.size=64", "model.depth=5", "data.size=[33,33]", "data.margin=14")
    ran = segladder(*QUICK[:-1], *words, "data.size=[32,32]", "data.radius=[2,3]")
    assert "Traceback" not in ran.text
    assert ran.code == 1 and "batch" in ran.err
