"""A run's saved config under what is typed: merged, chosen anew, and refused, by Hydra's own grammar."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from segladder.config.saved import read_config, store_base, typed_plugins, typed_words
from segladder.types import UserError

SAVED = {
    "seed": 3,
    "model": {"_target_": "segladder.models.UNet", "depth": 2},
    "data": {"_target_": "segladder.data.Disks", "size": 64, "counts": {"train": 5}},
    "logger": {"csv": {"_target_": "os.system"}},
    "paths": {"outputs": "elsewhere"},
}
COMMAND = """
defaults:
  - data: null
  - model: null
  - _self_
data:
  split: test
paths:
  outputs: outputs
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "folder.yaml").write_text("_target_: segladder.data.Folder\nroot: ???\n")
    (tmp_path / "score.yaml").write_text(COMMAND)
    return tmp_path


def composed(conf: Path, *overrides: str, saved: dict = SAVED) -> dict:
    words = typed_words(overrides)
    name = store_base(conf / "score.yaml", saved, taken=("seed", "model", "data"), words=words)
    with initialize_config_dir(str(conf), version_base="1.3"):
        return OmegaConf.to_container(compose(name, overrides=list(overrides)))


def test_what_is_taken_lies_under_what_is_typed(conf):
    cfg = composed(conf, "data.size=32", "model.depth=3")
    assert cfg["data"] == {"split": "test", "_target_": "segladder.data.Disks", "size": 32, "counts": {"train": 5}}
    assert cfg["model"] == {"_target_": "segladder.models.UNet", "depth": 3}
    assert cfg["seed"] == 3 and cfg["paths"] == {"outputs": "outputs"} and "logger" not in cfg


def test_a_group_chosen_anew_replaces_the_saved_one(conf):
    cfg = composed(conf, "data=folder", "data.root=/x")
    assert cfg["data"] == {"split": "test", "_target_": "segladder.data.Folder", "root": "/x"}
    with pytest.raises(ConfigCompositionException, match=r"data\.size"):
        composed(conf, "data=folder", "data.root=/x", "data.size=3")


def test_a_key_that_the_run_does_not_have_is_refused(conf):
    with pytest.raises(ConfigCompositionException, match=r"model\.depht"):
        composed(conf, "model.depht=3")


def test_only_what_is_taken_must_be_trusted_and_plug_ins_only_as_typed(conf):
    foreign = SAVED | {"model": {"_target_": "shutil.rmtree"}, "plugins": ["shutil"]}
    with pytest.raises(UserError, match=r"shutil\.rmtree"):
        composed(conf, saved=foreign)
    assert typed_plugins(typed_words(["plugins=[mypkg,other]"])) == ["mypkg", "other"]
    assert typed_plugins(typed_words(["plugins=mypkg"])) == ["mypkg"] and typed_plugins({}) == []


def test_words_are_read_as_hydra_reads_them():
    words = typed_words(["--cfg", "job", "run=a b/c=1,(2)", "data=folder", "+x.y=2", "inference.window=[1,2]"])
    assert words == {"run": "a b/c=1,(2)", "data": "folder", "x.y": 2, "inference.window": [1, 2]}
    assert typed_words(["a=[1"]) == {}, "composing tells what is wrong"


def test_a_sweep_is_refused():
    with pytest.raises(UserError, match="Leave -m out"):
        typed_words(["-m", "run=a,b"])


def test_files_that_hold_no_config_are_named(tmp_path):
    with pytest.raises(UserError, match="There is no"):
        read_config(tmp_path / "config.yaml")
    for text in ("[", "- 1\n"):
        (tmp_path / "config.yaml").write_text(text)
        with pytest.raises(UserError, match=r"config\.yaml'"):
            read_config(tmp_path / "config.yaml")
