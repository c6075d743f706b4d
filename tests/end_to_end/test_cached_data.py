"""A training that reads from a cache on disk: the same run as without one, and its record says where time went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drawn_sets import draw_cityscapes

TINY = ("data=cityscapes", "data.batch_size=2", "data.eval_batch_size=2", "model=unet_lab", "trainer.max_epochs=2")
QUIET = (
    "logger=csv",
    "callbacks.pictures.enabled=false",
    "runtime.threads=1",
    "augment=standard",
    "augment.crop=[32,32]",
)


def record(outputs: Path) -> dict[str, Any]:
    [path] = outputs.glob("*/*/result.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_run_from_the_cache_is_the_run_from_the_files(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "set", per_city=2)
    common = (*TINY, *QUIET, f"data.root={root}")
    caches = tmp_path / "my caches, (1)"
    ways = {
        "plain": ("data.cache=false",),
        "cached": ("data.cache=disk", f"data.cache_dir={caches}", "data.num_workers=1"),
    }
    ran = {
        name: segladder("train", *common, *words, f"paths.outputs={tmp_path / name}") for name, words in ways.items()
    }
    for name, one in ran.items():
        assert one.code == 0, (name, one.text)
    plain, cached = (record(tmp_path / name) for name in ways)
    assert plain["id"] == cached["id"] and plain["scores"] == cached["scores"]
    # test_split is val: its cache serves both
    said = ran["cached"].err
    assert said.count("Caching cityscapes") == 2 and "Caching cityscapes train: 4 decoded samples" in said
    stages = plain["time"]["data_stages"]
    assert stages["images"] == stages["decoded"] == 8 and stages["decode"] > 0 and stages["workers"] == 0
    stages = cached["time"]["data_stages"]
    assert stages["images"] == 8 and stages["decoded"] == 0 and stages["cache"] > 0 and stages["workers"] == 1
    for times in (plain["time"], cached["time"]):
        parts = [times[name] for name in ("startup", "prepare", "fit", "evaluate")]
        assert sum(parts) == pytest.approx(times["total"], abs=1e-3) and min(parts) >= 0
    assert cached["time"]["prepare"] > 10 * plain["time"]["prepare"]
    assert "would help" not in ran["plain"].out, "a second of waiting is not worth a word"


def test_options_for_nothing_and_a_run_without_any_scores_are_told(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "set", per_city=2)
    words = ("data.val_split=null", "data.test_split=null", "data.num_workers=0", "data.prefetch=7")
    colours = [f"augment.{name}=0" for name in ("brightness", "contrast", "saturation", "hue")]
    ran = segladder(
        "train", *TINY, *QUIET, *words, *colours, f"data.root={root}", f"paths.outputs={tmp_path / 'out'}",
        "augment.device=gpu", "data.decoder=torchvision",
    )  # fmt: skip
    assert ran.code == 0, ran.text
    assert "There is no test split, and nothing was validated: the record holds no scores." in ran.text
    assert "test scores" not in ran.text
    for key in ("data.prefetch=7", "data.decoder=torchvision", "augment.device=gpu"):
        assert ran.text.count(f"Warning: {key} has no effect: ") == 1, ran.text


def test_a_cache_that_cannot_be_is_one_sentence(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "set", per_city=2)
    (tmp_path / "file").write_text("")
    words = (*TINY, *QUIET, f"data.root={root}", f"paths.outputs={tmp_path / 'out'}", "data.cache=disk")
    ran = segladder("train", *words, f"data.cache_dir={tmp_path / 'file'}")
    assert ran.code == 1 and "Traceback" not in ran.text
    assert f"'{tmp_path / 'file'}' cannot hold the cache" in ran.text
    ran = segladder("train", *words[:-1], "data.cache=disc")
    assert ran.code == 1 and "data.cache is 'disc'. Give auto, ram, disk or false." in ran.text
