"""The studies: every job composes and builds on any data, and each script ends in a report on its records."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml
from hydra import compose, initialize_config_dir
from PIL import Image

from segladder.config.assemble import build_datamodule, build_task
from segladder.config.check import check
from segladder.config.loss import settle_loss
from segladder.config.paths import conf_dir

SCRIPTS = Path(__file__).parents[2] / "scripts"
STUDIES = ("loss_ablation", "backbone_ablation", "model_leaderboard")
DISKS = ("data.counts.train=8", "data.counts.val=4", "data.counts.test=4", "data.batch_size=4")
SHORT = ("trainer.max_steps=2", "trainer.val_check_interval=2", "logger=csv", "runtime.threads=1")


def draw_folder(root: Path) -> Path:
    """Four images of 64x64 and three classes in each split."""
    draw = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for kind, shape, top in (("images", (64, 64, 3), 255), ("labels", (64, 64), 3)):
            (root / kind / split).mkdir(parents=True)
            for index in range(4):
                pixels = draw.integers(0, top, shape).astype(np.uint8)
                Image.fromarray(pixels).save(root / kind / split / f"{index}.png")
    (root / "dataset.json").write_text(json.dumps({"classes": ["road", "sky", "tree"]}))
    return root


def composed(*words: str):
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("train", overrides=list(words), return_hydra_config=True)


def swept(study: str) -> dict[str, list[str]]:
    params = yaml.safe_load((conf_dir() / "study" / f"{study}.yaml").read_text())["hydra"]["sweeper"]["params"]
    return {key: str(words).split(",") for key, words in params.items()}


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("own_data", [False, True], ids=["disks", "folder"])
def test_every_job_of_a_study_builds_on_any_data(study, own_data, tmp_path):
    data = ("data=folder", f"data.root={draw_folder(tmp_path / 'set')}") if own_data else DISKS
    keys = {**swept(study), "seed": swept(study)["seed"][:1]}
    for values in product(*keys.values()):
        words = [f"study={study}", *(f"{k}={v}" for k, v in zip(keys, values, strict=True)), *data]
        cfg = composed(*words)
        assert cfg.study_name == study
        settle_loss(cfg, overrides=words, sweep=True)
        check(cfg, imports=True)
        task = build_task(cfg, build_datamodule(cfg))
        assert task.info.num_classes == (3 if own_data else 2)


@pytest.mark.parametrize("study", STUDIES)
def test_the_budget_of_a_study_is_in_steps_whatever_the_size_of_the_data(study):
    trainer = composed(f"study={study}").trainer
    assert (trainer.max_epochs, trainer.check_val_every_n_epoch) == (-1, None)
    assert trainer.max_steps % trainer.val_check_interval == 0, "the last step would not be validated"


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_has_at_least_as_many_jobs_as_a_comparison_needs(study):
    keys = swept(study)
    assert len(keys.pop("seed")) >= 2
    [(_, choices)] = keys.items()
    assert len(choices) >= 4


def run(script: str, *words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py", *SHORT, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def leaderboard(folder: Path) -> list[dict[str, str]]:
    [path] = folder.glob("report/leaderboard-*.csv")
    with path.open() as file:
        return list(csv.DictReader(file))


def test_losses_end_in_a_report_and_typed_words_win_over_the_studys(tmp_path, records):
    told = run("loss_ablation", "loss=ce,dice+ce", "seed=7", *DISKS, cwd=tmp_path)
    assert sorted((r["choices"]["loss"], r["seed"]) for r in records(tmp_path / "outputs")) == [
        ("ce", 7),
        ("ce+dice", 7),
    ]
    assert {path.parent.parent.name for path in tmp_path.glob("outputs/*/*/result.json")} == {"loss_ablation"}
    assert "Ablation by loss" in told and "no verdict: 1 seed, 3 are needed" in told
    assert sorted(row["loss"] for row in leaderboard(tmp_path / "outputs/loss_ablation")) == ["ce", "ce+dice"]


def test_backbones_end_in_a_report_of_scores_and_costs(tmp_path):
    run("backbone_ablation", "backbone=resnet18,mobilenet_v3", "seed=1,2", *DISKS, cwd=tmp_path)
    lines = leaderboard(tmp_path / "outputs/backbone_ablation")
    assert sorted((line["backbone"], line["seeds"]) for line in lines) == [("mobilenet_v3", "2"), ("resnet18", "2")]
    assert all(float(line["parameters"]) > 1e5 and float(line["gflop"]) > 0 for line in lines)


def test_a_leaderboard_takes_other_data_and_says_what_else_differs(tmp_path):
    data = ("data=folder", f"data.root={draw_folder(tmp_path / 'set')}", "data.batch_size=4")
    run("model_leaderboard", "model=unet,fcn", "seed=1", *data, cwd=tmp_path)
    lines = leaderboard(tmp_path / "outputs/model_leaderboard")
    told = {line["model"]: line["backbone"] for line in lines}
    assert told == {"unet": "", "fcn": "resnet18"}, "one network has an encoder, the other none"


def test_a_script_says_what_it_does_without_running_anything(tmp_path):
    for study in STUDIES:
        command = [sys.executable, SCRIPTS / f"{study}.py", "--help"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert f"study={study}" in done.stdout
    assert not list(tmp_path.iterdir())
