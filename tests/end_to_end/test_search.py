"""`hydra/sweeper=optuna`: trials are asked for, run, pruned, and gone on with after whatever ended the search."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from segladder.launchers.search.study import alone

SPACE = ("optimizer.lr=tag(log,interval(1e-4,1e-1))", "loss=ce,dice+ce")


def search_of(tiny, *words: str) -> tuple[str, ...]:
    return (tiny[0], "-m", "hydra/sweeper=optuna", *tiny[1:], "callbacks.pictures.enabled=false", *words)


def trials(outputs: Path) -> list[tuple]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    [database] = outputs.glob("*/search.db")
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{database}")
    return [(t.number, t.state.name, t.params, t.values) for t in study.get_trials(deepcopy=False)]


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find the processes of a search")
def test_a_search_that_was_killed_goes_on_as_if_nothing_had_happened(tiny, records, segladder, start, tmp_path):
    words = search_of(tiny, *SPACE, "hydra.sweeper.n_trials=3", "callbacks.checkpoint.every_minutes=0")
    whole = segladder(*words, "paths.outputs=whole")
    assert whole.code == 0, whole.text

    cut = start([*words, "paths.outputs=cut"])
    # in the midst of the second trial, when it has a checkpoint to go on from
    cut.wait_for(lambda: len(list(tmp_path.glob("cut/*/*/checkpoints/last.ckpt"))) == 2, timeout=120)
    for pid in family(cut.process.pid):
        os.kill(pid, signal.SIGKILL)
    cut.process.join()
    assert [state for _, state, *_ in trials(tmp_path / "cut")] == ["COMPLETE", "RUNNING"]

    again = segladder(*words, "paths.outputs=cut")
    assert again.code == 0, again.text
    assert "1 of 3 trials are done. 1 that were cut off" in again.out
    assert trials(tmp_path / "cut") == trials(tmp_path / "whole")
    scores = [sorted((r["id"], str(r["scores"])) for r in records(tmp_path / name)) for name in ("cut", "whole")]
    assert len(scores[0]) == 3 and scores[0] == scores[1]

    table = again.out[again.out.rindex("rank ") :]
    assert table.count("finished") == 3
    best = max(trials(tmp_path / "cut"), key=lambda trial: trial[3])
    assert f"optimizer.lr={best[2]['optimizer.lr']!r} loss={best[2]['loss']}" in table[table.index("The best again") :]

    done = segladder(*words, "paths.outputs=cut")
    assert done.code == 0 and "3 of 3 trials are done" in done.out and "Trial " not in done.out, done.text
    [folder] = (tmp_path / "cut").glob("search-*")
    with alone(folder, folder.name):
        second = segladder(*words, "paths.outputs=cut")
    assert second.code == 1 and f"Another search is at study '{folder.name}'" in second.err, second.text


def test_a_trial_that_falls_behind_is_pruned_on_all_processes(tiny, records, segladder, tmp_path):
    words = search_of(
        tiny,
        "optimizer=sgd",
        "optimizer.lr=0.01,0.1",
        "trainer.max_epochs=3",
        "trainer.devices=2",
        "trainer.accelerator=cpu",
        "trainer.strategy=ddp",
        "hydra.sweeper.n_trials=1",
        "hydra.sweeper.pruner=threshold",
        "hydra.sweeper.pruner_settings={lower:2.0,n_warmup_steps:1}",
    )
    ran = segladder(*words, env={"WANDB_MODE": "offline"})
    assert ran.code == 0, ran.text
    assert {state for _, state, *_ in trials(tmp_path / "outputs")} == {"PRUNED"}
    [record] = records(tmp_path / "outputs")
    assert record["status"] == "pruned" and record["error"] is None
    assert record["environment"]["world_size"] == 2
    assert record["scores"]["val"]["miou"] == record["monitor"]["value"]
    assert "test" not in record["scores"]
    assert record["checkpoints"].keys() == {"best", "last"}
    with sqlite3.connect(next((tmp_path / "outputs").glob("*/search.db"))) as database:
        reported = database.execute("select trial_id, step from trial_intermediate_values order by 1, 2").fetchall()
    assert [step for _, step in reported] == [0, 1]  # by one process alone, and no third epoch
    assert "No trial has finished yet" in ran.out

    again = segladder(*words)
    assert again.code == 0 and "1 of 1 trials are done" in again.out, again.text


def test_several_objectives_end_in_a_pareto_front_and_a_failed_trial_stops_nothing(tiny, records, segladder, tmp_path):
    words = search_of(
        tiny,
        "trainer.max_epochs=1",
        "optimizer=sgd",
        "optimizer.lr=0.01,1e30",
        "model.depth=range(2,4)",
        "hydra.sweeper.n_trials=4",
        "hydra.sweeper.sampler=random",
        "hydra.sweeper.objectives=[miou,latency,parameters]",
        "hydra.launcher.slots=2",
    )
    ran = segladder(*words)
    states = [state for _, state, *_ in trials(tmp_path / "outputs")]
    assert len(states) == 4 and set(states) == {"COMPLETE", "FAIL"}, ran.text
    assert ran.code == 1 and "trials did not finish" in ran.err and "sweep.retry=true" in ran.err
    assert "The Pareto front" in ran.out and "latency is measured beside the other slots' jobs" in ran.out
    finished = {r["id"]: r for r in records(tmp_path / "outputs") if r["status"] == "finished"}.values()
    values = {tuple(values) for *_, values in trials(tmp_path / "outputs") if values}
    measured = {(r["scores"]["val"]["miou"], r["model"]["latency_ms"], r["model"]["parameters"]) for r in finished}
    assert values == measured
    assert all(latency > 0 for _, latency, _ in measured)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("hydra.sweeper.n_trials=0",), "n_trials is 0"),
        (("hydra.sweeper.n_trial=3",), "did you mean 'hydra.sweeper.n_trials'"),
        (("hydra.sweeper.sampler=tpo",), "did you mean 'tpe'"),
        (("hydra.sweeper.objectives=[miuo]",), "did you mean 'miou'"),
        (("hydra.sweeper.objectives=[miou,flops]", "hydra.sweeper.pruner=median"), "there are 2 objectives"),
        (("loss=ce,dise",), "did you mean 'dice'"),
        (("optimizer.lr=tag(log,interval(0,1))",), "begins at 0"),
        (("optimizer.lr=0.1", "loss=ce"), "There is nothing to search"),
        (("study_name=a,b",), "Give study_name one value"),
    ],
)
def test_a_mistake_is_told_before_any_trial_starts(words, sentence, tiny, segladder, tmp_path):
    ran = segladder(*search_of(tiny, *SPACE, *words))
    assert ran.code == 1 and "Traceback" not in ran.text
    assert sentence in ran.err, ran.text
    assert not list(tmp_path.glob("outputs/*/*/result.json")) and not list(tmp_path.glob("outputs/*/search.db"))


def test_without_optuna_the_message_names_the_extra(tiny, segladder, tmp_path):
    (tmp_path / "optuna.py").write_text("raise ModuleNotFoundError(\"No module named 'optuna'\", name='optuna')\n")
    ran = segladder(*search_of(tiny, *SPACE), env={"PYTHONPATH": str(tmp_path)})
    assert ran.code == 1
    assert ran.err == "segladder: hydra/sweeper=optuna needs Optuna. Install it: pip install 'segladder[optuna]'.\n"


@pytest.mark.parametrize("name", ["unet", "unet_lab", "deeplab", "fcn", "segformer", "decoders", "maskrcnn"])
def test_a_ready_made_space_composes_in_all_its_choices(name, segladder, tmp_path):
    ran = segladder("train", "-m", f"hydra/sweeper=optuna_{name}", "sweep.dry=true")
    assert ran.code == 0, ran.text
    assert "0 of 20 trials are done" in ran.out and "optimizer.lr=tag(log,interval(" in ran.out
    assert not list(tmp_path.glob("outputs/*/*"))
