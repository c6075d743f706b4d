"""`-m`: a process per job, every job a record of its own, failures told at the end."""

from __future__ import annotations

import json
import signal
import time

import pytest

from segladder.runs.record import read
from tiny_runs import OWN_SERVER


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
    # what a report goes by: the seeds of a method, how it was scored, how long it trained
    assert len({(record["choices"]["loss"], record["method"]) for record in found}) == 3
    assert {record["protocol"]["boundary_tolerance"] for record in found} == {2}
    assert {record["time"]["optimizer_steps"] for record in found} == {len_of_epoch(found[0])}
    assert all(record["model"]["pretrained"] == [] for record in found)


def len_of_epoch(record):
    batch = next(int(word.partition("=")[2]) for word in record["overrides"] if word.startswith("data.batch_size="))
    return record["data"]["counts"]["train"] // batch


def test_a_job_that_fails_does_not_stop_the_others(tiny, records, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", "optimizer=sgd", "optimizer.lr=0.01,1e30,0.02")
    assert ran.code == 1
    assert "Traceback" not in ran.text
    assert sorted(record["status"] for record in records(tmp_path / "outputs")) == ["failed", "finished", "finished"]
    assert "1 of 3 jobs did not finish" in ran.err


TROUBLE = """
import os, signal, time
from pytorch_lightning.callbacks import Callback

class Trouble(Callback):
    def __init__(self, kind="none", seconds=0.0):
        self.kind, self.seconds = kind, seconds

    def on_train_batch_end(self, trainer, module, *rest):
        time.sleep(self.seconds)
        if trainer.global_step == 3 and self.kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if trainer.global_step == 3 and self.kind == "raising":
            raise RuntimeError("something broke")
        if trainer.global_step == 3 and self.kind == "hanging":
            time.sleep(10**6)
"""


@pytest.fixture
def trouble(tmp_path):
    """Words and environment of a callback that makes trouble of a kind, or slows each batch down."""
    (tmp_path / "trouble.py").write_text(TROUBLE)
    words = ("plugins=[trouble]", "+callbacks.trouble._target_=trouble.Trouble")
    return words, {"PYTHONPATH": str(tmp_path)}


def test_killed_hanging_and_raising_jobs_are_recorded_and_the_others_go_on(tiny, trouble, segladder, tmp_path):
    words, env = trouble
    kinds = "+callbacks.trouble.kind=none,killed,hanging,raising"
    settings = ("trainer.max_epochs=1", "sweep.time_limit=0.5", "hydra.launcher.grace=2", "hydra.launcher.slots=2")
    ran = segladder(tiny[0], "-m", *tiny[1:], *words, kinds, *settings, env=env)
    assert ran.code == 1, ran.text
    assert "3 of 4 jobs did not finish" in ran.err
    found = {}
    for path in tmp_path.glob("outputs/single/*/result.json"):
        record = read(path)
        kind = next(word for word in record.overrides if "trouble.kind" in word).partition("=")[2]
        found[kind] = (record.effective_status(), record.error)
    assert {kind: status for kind, (status, _) in found.items()} == {
        "none": "finished",
        "killed": "interrupted",  # the next start goes on with it
        "hanging": "timeout",
        "raising": "failed",
    }
    assert "SIGKILL" in found["killed"][1]["message"]
    assert "sweep.time_limit" in found["hanging"][1]["message"]
    assert found["raising"][1]["message"] == "something broke"
    assert any("RuntimeError: something broke" in line for line in found["raising"][1]["log"])
    table = ran.out[ran.out.rindex("status") :]
    assert [word for word in ("finished", "killed", "timeout", "failed") if word in table] == [
        *("finished", "killed", "timeout", "failed")
    ]


def test_the_first_failure_ends_the_sweep_by_choice_alone(tiny, records, segladder, tmp_path):
    rates = ("optimizer=sgd", "optimizer.lr=1e30,0.01,0.02", "sweep.fail_fast=true")
    ran = segladder(tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", *rates)
    assert ran.code == 1
    assert "3 of 3 jobs did not finish" in ran.err and ran.err.count("not started") == 2
    assert [record["status"] for record in records(tmp_path / "outputs")] == ["failed"]


def test_the_same_sweep_again_does_only_what_is_missing(tiny, records, segladder, tmp_path):
    words = (tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1")
    assert segladder(*words, "loss=ce", "seed=1").code == 0
    # the first start makes the folder, and keeps what it found out in it
    index = tmp_path / "outputs" / ".sweep-index.json"
    assert len(json.loads(index.read_text())["jobs"]) == 1
    # one that failed before waits for sweep.retry
    failed = next(tmp_path.glob("outputs/single/*/result.json"))
    finished = json.loads(failed.read_text())
    dry = segladder(*words, "loss=ce,1*ce,dice", "seed=1,2", "sweep.dry=true")
    assert dry.code == 0, dry.text
    assert "6 jobs: 1 skip, 3 new, 2 the same as another" in dry.out
    assert "about" in dry.out.splitlines()[-1]
    assert len(records(tmp_path / "outputs")) == 1
    wider = segladder(*words, "loss=ce,1*ce,dice", "seed=1,2")
    assert wider.code == 0, wider.text
    assert "loss=1*ce seed=2 comes out identical to loss=ce seed=2: it runs once." in wider.out
    assert len(records(tmp_path / "outputs")) == 4
    assert json.loads(failed.read_text()) == finished
    again = segladder(*words, "loss=ce,1*ce,dice", "seed=1,2")
    assert again.code == 0
    assert len(records(tmp_path / "outputs")) == 4 and "started" not in again.out
    failed.write_text(json.dumps(finished | {"status": "failed", "error": {"type": "E", "message": "bad luck"}}))
    told = segladder(*words, "loss=ce", "seed=1,2")
    assert told.code == 1 and "bad luck (before; sweep.retry=true tries again)" in told.err
    retried = segladder(*words, "loss=ce", "seed=1,2", "sweep.retry=true")
    assert retried.code == 0
    assert len(records(tmp_path / "outputs")) == 5


def test_ctrl_c_lets_jobs_save_their_state_and_the_next_start_goes_on(tiny, trouble, records, start, tmp_path):
    words, env = trouble
    slow = (tiny[0], "-m", *tiny[1:], *words, "+callbacks.trouble.seconds=0.2", "seed=1,2")
    running = start(slow, env=env)
    running.wait_for(lambda: bool(list(tmp_path.glob("outputs/single/*/metrics.csv"))))
    time.sleep(0.5)
    running.send(signal.SIGINT)
    ran = running.done()
    assert ran.code == 130, ran.text
    [first] = records(tmp_path / "outputs")
    assert first["status"] == "interrupted"
    assert (tmp_path / "outputs/single" / f"{first['name']}-{first['id'][:8]}" / "checkpoints/last.ckpt").is_file()
    assert start(slow, env=env).done().code == 0
    assert [(record["status"], record["time"]["resumed"]) for record in records(tmp_path / "outputs")] == [
        ("finished", True),
        ("finished", False),
    ]


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


def test_a_mistake_in_one_job_of_many_is_told_before_any_starts(tiny, segladder, tmp_path):
    ran = segladder(tiny[0], "-m", *tiny[1:], "seed=range(0,20)", "model.depth=3,4,deep")
    assert ran.code == 1
    assert "20 of 60 jobs cannot be run, so none was started" in ran.err
    assert "job 3 (seed=0 model.depth=deep) and 19 more: model.depth is 'deep'." in ran.err
    ran = segladder("train", "-m", "model=unet_lab", "seed=1,2", "data=folder", "data.root=/nowhere")
    assert ran.code == 1 and "/nowhere" in ran.err
    assert "Traceback" not in ran.text
    assert not list(tmp_path.glob("outputs/*/*/"))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("hydra.launcher.slots=999", "hydra.launcher.slots is 999"),
        ("hydra.launcher.slots=abc", "hydra.launcher.slots is 'abc'"),
        ("seed=range(0,1,0)", "'seed=range(0,1,0)' cannot be counted through"),
        ("sweep.retry=fale", "sweep.retry is 'fale'"),
        ("sweep.rerun=chnaged", "did you mean 'changed'"),
        ("paths.outputs=/proc/none", "The folder '/proc/none/single' cannot be made"),
        ("hydra.launcher.slots=1,2", "sweep over how the sweep itself is run"),
    ],
)
def test_what_a_sweep_cannot_do_is_one_sentence_also_of_a_dry_run(tiny, segladder, tmp_path, word, said):
    ran = segladder(tiny[0], "-m", *tiny[1:], "loss=ce,dice", word, "sweep.dry=true")
    assert ran.code == 1
    assert said in ran.err and "Traceback" not in ran.text
    assert not list(tmp_path.glob("outputs/*/*/"))


def test_values_that_a_part_of_the_training_refuses_are_told_before_any_job_starts(tiny, segladder, tmp_path):
    ran = segladder(
        tiny[0], "-m", *tiny[1:], "sweep.dry=true", "optimizer.lr=1e-3,1e-x", "scheduler.warmup_steps=0,abc"
    )
    assert ran.code == 1
    assert "3 of 4 jobs cannot be run, so none was started" in ran.err
    assert "optimizer.lr is '1e-x', which Adam cannot use. Give a number" in ran.err
    assert "scheduler.warmup_steps is 'abc'" in ran.err
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_ctrl_c_while_jobs_are_planned_leaves_nothing_behind(tiny, start, tmp_path, seconds):
    running = start((tiny[0], "-m", *tiny[1:], "loss=ce,dice", "seed=1,2"), env={OWN_SERVER: "1"})
    time.sleep(seconds)
    running.send(signal.SIGINT)
    ran = running.done()
    assert ran.code == 130, ran.text
    assert "Stopped" in ran.text and "Traceback" not in ran.text
    assert not list(tmp_path.glob("outputs/*/*/result.json"))


def test_a_record_of_a_newer_version_is_told_with_its_job_and_a_damaged_one_before_its_job_runs_again(
    tiny, records, segladder, tmp_path
):
    words = (tiny[0], "-m", *tiny[1:], "trainer.max_epochs=1", "seed=1,2")
    assert segladder(*words).code == 0
    first, second = sorted(tmp_path.glob("outputs/single/*/result.json"), key=lambda file: read(file).seed)
    whole = first.read_text()
    first.write_text(json.dumps(json.loads(whole) | {"schema": 99}))
    told = segladder(*words)
    assert told.code == 1
    assert "1 of 2 jobs cannot be run, so none was started" in told.err
    assert "job 1 (seed=1)" in told.err and "has schema 99" in told.err
    first.write_text(whole)
    second.write_text(second.read_text()[:200])
    again = segladder(*words)
    assert again.code == 0, again.text
    assert "Warning: seed=2: An earlier attempt left no readable record." in again.out
    assert second.stat().st_size == 200 and len(list(tmp_path.glob("outputs/single/*/result.json"))) == 3
