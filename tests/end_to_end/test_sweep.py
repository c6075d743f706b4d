"""`-m`: a process per job, every job a record of its own, failures told at the end."""

from __future__ import annotations

import json


def test_six_runs_of_losses_and_seeds(tiny, records, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", "loss=ce,dice,dice+ce", "seed=1,2")
    assert ran.code == 0, ran.text
    found = records(tmp_path / "outputs")
    assert sorted((r["choices"]["loss"], r["seed"]) for r in found) == [
        (loss, seed) for loss in ("ce", "ce+dice", "dice") for seed in (1, 2)
    ]
    assert {record["status"] for record in found} == {"finished"}
    assert len({record["id"] for record in found}) == 6
    table = ran.out[ran.out.rindex("status") :]
    assert table.count("finished") == 6


def test_a_job_that_fails_does_not_stop_the_others(tiny, records, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", "optimizer=sgd", "optimizer.lr=0.01,1e30,0.02")
    assert ran.code == 1
    assert "Traceback" not in ran.text
    assert sorted(record["status"] for record in records(tmp_path / "outputs")) == ["failed", "finished", "finished"]
    assert "1 of 3 jobs did not finish" in ran.err


def test_a_killed_job_is_recorded_and_the_others_go_on(tiny, segladder, tmp_path):
    package = tmp_path / "suicidal.py"
    package.write_text(
        "import os, signal\n"
        "from pytorch_lightning.callbacks import Callback\n"
        "class Kill(Callback):\n"
        "    def on_train_batch_end(self, trainer, module, *rest):\n"
        "        if module.seed == 1:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    words = ("+callbacks.kill._target_=suicidal.Kill", "seed=1,2", "plugins=[suicidal]", "trainer.max_epochs=1")
    ran = segladder(tiny[0], "-m", *tiny[1:], *words, env={"PYTHONPATH": str(tmp_path)})
    assert ran.code == 1, ran.text
    assert "SIGKILL" in ran.err
    from segladder.runs.record import read

    found = {read(path).seed: read(path).effective_status() for path in tmp_path.glob("outputs/*/*/result.json")}
    assert found == {1: "interrupted", 2: "finished"}


def test_a_mistake_in_one_choice_is_told_before_any_job_starts(tiny, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "loss=ce,dise")
    assert ran.code == 1
    assert "dice" in ran.err
    assert not list(tmp_path.glob("outputs/single/*"))


def test_a_setting_of_an_absent_term_is_dropped_with_a_warning(tiny, records, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", "loss=ce,dice", "loss.terms.dice.smooth=0")
    assert ran.code == 0, ran.text
    assert "Settings of 'dice' have no effect" in ran.out
    assert len(records(tmp_path / "outputs")) == 2


def test_each_job_has_a_wandb_run_of_its_own(tiny, records, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", "seed=1,2", env={"WANDB_MODE": "offline"})
    assert ran.code == 0, ran.text
    found = records(tmp_path / "outputs")
    assert len({record["wandb"]["id"] for record in found}) == 2
    for result in tmp_path.glob("outputs/single/*/result.json"):
        wandb_id = json.loads(result.read_text())["wandb"]["id"]
        assert len(list(result.parent.glob(f"wandb/offline-run-*/run-{wandb_id}.wandb"))) == 1
