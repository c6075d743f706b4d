"""The real command on tiny disks: what a run leaves behind, and what happens when it is cut off."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image


def only_run(outputs: Path) -> Path:
    [path] = outputs.glob("*/*/result.json")
    return path.parent


def rows(run: Path) -> list[dict[str, str]]:
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


def test_a_run_leaves_a_whole_folder(tiny, segladder, outputs):
    ran = segladder(*tiny, "loss=dice+ce", "seed=3")
    assert ran.code == 0, ran.text
    run = only_run(outputs)
    assert run.parent.name == "single"
    assert run.name.startswith("disks-unet_lab-ce+dice-") and "-s3-" in run.name

    record = json.loads((run / "result.json").read_text())
    assert record["status"] == "finished"
    assert record["choices"]["loss"] == "ce+dice" and record["choices"]["model"] == "unet_lab"
    assert set(record["scores"]["test"]) >= {
        "miou", "dice", "pixel_accuracy", "mean_accuracy", "fw_iou", "boundary_f1", "boundary_iou",
    }  # fmt: skip
    assert 0 <= record["per_class"]["test"]["iou"]["disk"] <= 1
    assert record["monitor"]["value"] == record["scores"]["val"]["miou"]
    assert record["data"]["counts"] == {"train": 64, "val": 16, "test": 16}
    assert record["model"]["parameters"] > 0 and record["model"]["flops"] > 0
    assert record["time"]["fit"] > 0 and 0 <= record["time"]["data_wait"] <= 1
    assert record["memory"]["peak_host"] > 0 and record["environment"]["world_size"] == 1

    assert yaml.safe_load((run / "config.yaml").read_text())["loss"]["expr"] == "ce+dice"
    assert "seed=3" in yaml.safe_load((run / "overrides.yaml").read_text())
    assert {"best.ckpt", "last.ckpt"} == {path.name for path in (run / "checkpoints").iterdir()}
    assert Image.open(run / "pictures" / "test.png").size[0] > 300
    assert "mIoU" in (run / "run.log").read_text() or "miou" in (run / "run.log").read_text()
    assert not (run / "lock").exists()

    with np.load(run / "per_image.npz") as file:
        tp, fp, fn = (file[name].sum(0) for name in ("tp", "fp", "fn"))
        assert file["image_id"].shape == (16,)
    iou = tp / (tp + fp + fn)
    assert iou.tolist() == pytest.approx(list(record["per_class"]["test"]["iou"].values()), abs=1e-12)

    logged = rows(run)
    steps = [row for row in logged if row["train/loss"]]
    assert [int(row["step"]) for row in steps] == list(range(16))
    for row in steps:
        total = float(row["train/loss/ce"]) + float(row["train/loss/dice"])
        assert float(row["train/loss"]) == pytest.approx(total, abs=1e-5)


def test_the_same_command_gives_the_same_bits(tiny, records, segladder, outputs):
    for _ in range(2):
        assert segladder(*tiny).code == 0
    first, second = (record for record in records(outputs))
    assert first["id"] == second["id"]
    assert first["scores"] == second["scores"]
    names = {path.name for path in outputs.glob("single/*")}
    assert any(name.endswith("-2") for name in names), "a finished single run is kept, its repeat lies beside it"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("extra", [(), ("callbacks.ema.enabled=true", "model.dropout=0.3", "scheduler=cosine")])
def test_a_cut_off_run_goes_on_and_ends_as_if_it_had_not_been(
    tiny, records, trained_once, start, segladder, tmp_path, how, extra
):
    """Cut within the third of four epochs, so that both a checkpoint and unsaved batches lie behind it."""
    words = (*tiny, *extra, "trainer.max_epochs=4")
    whole, cut = trained_once(*words).parents[1], tmp_path / "cut"

    running = start([*words, f"paths.outputs={cut}"])
    running.wait_for(lambda: any("epoch 2/4" in text.read_text() for text in cut.glob("*/*/run.log")))
    running.send(how)
    ended = running.done()
    assert ended.code == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[how], ended.text
    run = only_run(cut)
    if how != signal.SIGKILL:
        assert json.loads((run / "result.json").read_text())["status"] == "interrupted"

    again = segladder(*words, f"paths.outputs={cut}")
    assert again.code == 0, again.text
    assert "goes on from its last checkpoint" in again.out
    assert only_run(cut) == run
    [undisturbed], [resumed] = records(whole), records(cut)
    assert resumed["status"] == "finished"
    assert resumed["scores"] == undisturbed["scores"]
    assert resumed["per_class"] == undisturbed["per_class"]
    assert resumed["monitor"] == undisturbed["monitor"]
    numbers = [name for name in rows(only_run(whole))[0] if name != "epoch"]
    assert [[row.get(name, "") for name in numbers] for row in rows(run)] == [
        [row[name] for name in numbers] for row in rows(only_run(whole))
    ]


def test_a_cut_within_an_epoch_resumes_at_the_next_batch(tiny, records, start, segladder, tmp_path):
    """`every_minutes=0` saves after each batch: the run is cut between two saves somewhere in an epoch."""
    words = (*tiny, "data.counts.train=400", "trainer.max_epochs=2", "trainer.val_check_interval=30")
    words = (*words, "trainer.accumulate_grad_batches=2")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert segladder(*words, f"paths.outputs={whole}").code == 0
    running = start([*words, f"paths.outputs={cut}", "callbacks.checkpoint.every_minutes=0"])
    running.wait_for(lambda: any(text.read_text().count("epoch 1/2") for text in cut.glob("*/*/run.log")))
    running.send(signal.SIGKILL)
    running.done()
    again = segladder(*words, f"paths.outputs={cut}", "callbacks.checkpoint.every_minutes=0")
    assert again.code == 0, again.text
    [undisturbed], [resumed] = records(whole), records(cut)
    assert resumed["scores"] == undisturbed["scores"]


def test_validations_counted_over_epochs_are_not_repeated_by_a_cut_right_after_one(tiny, start, segladder, tmp_path):
    """Epochs of 8 batches, a validation after every 10: killed in the batch that follows the first."""
    (tmp_path / "lethal.py").write_text(
        "import os, signal\n"
        "from pathlib import Path\n"
        "from pytorch_lightning.callbacks import Callback\n"
        "class Kill(Callback):\n"
        "    def on_train_batch_end(self, trainer, *rest):\n"
        "        if trainer.fit_loop.total_batch_idx == 10 and not Path('killed').exists():\n"
        "            Path('killed').touch()\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    words = (*tiny, "trainer.max_epochs=-1", "trainer.max_steps=20", "callbacks.checkpoint.every_minutes=0")
    words += ("trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=10")
    words += ("+callbacks.kill._target_=lethal.Kill", "plugins=[lethal]")
    start(words, env={"PYTHONPATH": str(tmp_path)}).done()
    assert (tmp_path / "killed").exists()
    again = segladder(*words, env={"PYTHONPATH": str(tmp_path)})
    assert again.code == 0, again.text
    assert "goes on from its last checkpoint" in again.out
    validated = [row["step"] for row in rows(only_run(tmp_path / "outputs")) if row.get("val/miou")]
    assert validated == ["9", "19"]


def test_a_finished_identity_is_skipped_in_a_sweep(tiny, records, segladder, outputs):
    assert segladder(*tiny, "seed=1").code == 0
    ran = segladder(tiny[0], "-m", *tiny[1:], "seed=1,2")
    assert ran.code == 0, ran.text
    assert "skipped seed=1" in ran.out and "started  seed=2" in ran.out
    assert sorted(record["seed"] for record in records(outputs)) == [1, 2]


def test_two_processes_train_one_model(tiny, records, segladder, outputs):
    ran = segladder(*tiny, "trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp")
    assert ran.code == 0, ran.text
    [record] = records(outputs)
    assert record["status"] == "finished" and record["environment"]["world_size"] == 2
    with np.load(only_run(outputs) / "per_image.npz") as file:
        assert len(set(file["image_id"].tolist())) == 16


def test_the_options_of_the_trainer_work_together(tiny, segladder, outputs):
    words = (
        "trainer.precision=bf16-mixed",
        "trainer.gradient_clip_val=1",
        "trainer.accumulate_grad_batches=2",
        "trainer.deterministic=true",
        "callbacks.early_stopping.enabled=true",
        "callbacks.early_stopping.patience=1",
        "callbacks.ema.enabled=true",
        "optimizer=adamw",
        "scheduler=one_cycle",
        "task.memory_format=contiguous",
        "metric=dice",
        "runtime.keep_freed_buffers=false",
    )
    ran = segladder(*tiny, *words, "trainer.max_epochs=3", "loss=focal+tversky", "model.upsample=bilinear")
    assert ran.code == 0, ran.text
    record = json.loads((only_run(outputs) / "result.json").read_text())
    assert record["monitor"]["name"] == "dice"
    assert record["monitor"]["value"] == record["scores"]["val"]["dice"]


@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
def test_the_network_runs_in_another_type(tiny, segladder, outputs, precision):
    ran = segladder(*tiny, f"trainer.precision={precision}", "trainer.max_epochs=1")
    assert ran.code == 0, ran.text


def test_settings_that_fail_at_once_leave_one_folder(tiny, segladder, outputs):
    for _ in range(2):
        assert segladder(*tiny, "trainer.strategy=dpp").code == 1
    assert len(list(outputs.glob("single/*"))) == 1


def test_overfitting_learns_the_same_images_that_it_is_tested_on(segladder, outputs):
    ran = segladder("train", "debug=overfit", "model=unet_lab", "trainer.max_epochs=60", "optimizer.lr=3e-3")
    assert ran.code == 0, ran.text
    record = json.loads((only_run(outputs) / "result.json").read_text())
    assert record["data"]["counts"] == {"train": 8, "val": 8, "test": 8}
    assert record["per_class"]["test"]["iou"]["disk"] > 0.9


def test_a_study_without_m_says_so(segladder):
    ran = segladder("train", "study=unet_depth")
    assert ran.code == 1
    assert "python train.py -m study=unet_depth" in ran.err


def test_a_setting_of_a_callback_that_is_off_warns(tiny, segladder):
    ran = segladder(*tiny, "callbacks.ema.decay=0.9", "debug=fast")
    assert ran.code == 0
    assert "callbacks.ema.enabled=true" in ran.out
