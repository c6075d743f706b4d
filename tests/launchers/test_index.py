"""What is known of jobs from earlier starts, and when it no longer holds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from segladder.launchers.index import NAME, Index
from segladder.runs.code import fingerprint
from segladder.runs.facts import Facts

WORDS = ("model=unet", "seed=1")


@pytest.fixture
def facts(tmp_path):
    return Facts(
        id="a" * 64,
        method="b" * 64,
        name="disks-unet",
        study=None,
        outputs=Path("outputs"),
        fingerprint=fingerprint(),
        choices={"model": "unet", "backbone": None},
        overrides=list(WORDS),
        task="semantic",
        seed=1,
        monitor={"name": "miou", "mode": "max"},
        devices=1,
        nodes=1,
        accelerator="auto",
        workers=0,
        retry=False,
        rerun="no",
        plugins=(),
        inputs=(str(tmp_path / "data"),),
        warnings=("Careful.",),
    )


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "a.png").write_bytes(b"1")
    return folder


def index(tmp_path, ground="ground"):
    return Index(tmp_path / NAME, ground)


def test_what_was_found_out_is_there_at_the_next_start(tmp_path, data, facts):
    index(tmp_path).add({WORDS: facts})
    assert index(tmp_path).facts(WORDS) == facts
    assert index(tmp_path).facts(("model=unet", "seed=2")) is None


def test_other_configs_or_other_code_make_all_of_it_void(tmp_path, data, facts):
    index(tmp_path).add({WORDS: facts})
    assert index(tmp_path, "other").facts(WORDS) is None
    index(tmp_path).add({WORDS: replace(facts, fingerprint="of other code")})
    assert index(tmp_path).facts(WORDS) is None


def of_sweep(tmp_path, *hydra_words):
    config = OmegaConf.create(
        {"hydra": {"job": {"config_name": "train"}, "overrides": {"hydra": list(hydra_words)}}}
        | {"paths": {"outputs": str(tmp_path)}}
    )
    loader = SimpleNamespace(get_search_path=lambda: SimpleNamespace(get_path=list))
    return Index.of(config, SimpleNamespace(config_loader=loader))


def test_it_holds_wherever_and_however_many_at_once_the_jobs_run(tmp_path, data, facts):
    of_sweep(tmp_path, "hydra.launcher.slots=2").add({WORDS: facts})
    assert of_sweep(tmp_path).facts(WORDS) == facts
    assert of_sweep(tmp_path, "hydra/launcher=slurm", "+hydra.launcher.partition=gpu").facts(WORDS) == facts
    assert of_sweep(tmp_path, "hydra.job.name=other").facts(WORDS) is None


@pytest.mark.parametrize("change", ["content", "new file", "lost file", "lost folder"])
def test_changed_data_make_it_void(tmp_path, data, facts, change):
    index(tmp_path).add({WORDS: facts})
    file = data / "images" / "a.png"
    if change == "content":
        file.write_bytes(b"22")
    elif change == "new file":
        (data / "images" / "b.png").write_bytes(b"1")
    elif change == "lost file":
        file.unlink()
    else:
        data.rename(tmp_path / "elsewhere")
    assert index(tmp_path).facts(WORDS) is None


def test_linked_folders_are_looked_into_and_circles_are_not_followed_for_ever(tmp_path, data, facts):
    real = tmp_path / "real"
    real.mkdir()
    (real / "b.png").write_bytes(b"1")
    (data / "linked").symlink_to(real)
    (real / "circle").symlink_to(data)
    index(tmp_path).add({WORDS: facts})
    assert index(tmp_path).facts(WORDS) == facts
    os.utime(real / "b.png", ns=(1, 1))
    assert index(tmp_path).facts(WORDS) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"ground": "ground"}', b"\xff\xfe", b'{"ground":"ground","jobs":3}']
)
def test_a_damaged_index_is_as_good_as_none(tmp_path, data, facts, content):
    (tmp_path / NAME).write_bytes(content)
    assert index(tmp_path).facts(WORDS) is None
    index(tmp_path).add({WORDS: facts})
    assert index(tmp_path).facts(WORDS) == facts


def test_no_folder_of_outputs_is_made_for_it(tmp_path, data, facts):
    Index(tmp_path / "none" / NAME, "ground").add({WORDS: facts})
    assert not (tmp_path / "none").exists()
