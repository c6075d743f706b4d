"""Another run's weights as a start: other classes, other channels, another architecture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def trained(tiny, trained_once) -> Path:
    """A run on grey disks of two classes."""
    return trained_once(*tiny, "trainer.max_epochs=1")


def test_a_run_starts_from_another_with_other_classes_and_channels(trained, tiny, segladder, tmp_path):
    words = ("data.classes=3", "data.channels=3", "paths.outputs=second", "trainer.max_epochs=1")
    ran = segladder(*tiny, *words, f"init_from={trained}")
    assert ran.code == 0, ran.text
    assert "tensors are taken; not taken: head.weight ((2, 4, 1, 1) in the checkpoint, (4, 4, 1, 1) here)" in ran.out
    [path] = (tmp_path / "second").glob("single/*/result.json")
    assert json.loads(path.read_text())["status"] == "finished"


def test_a_start_from_elsewhere_is_another_run(trained, tiny, segladder, tmp_path):
    for extra in ((), (f"init_from={trained}",)):
        assert segladder(*tiny, "trainer.max_epochs=1", "paths.outputs=second", *extra).code == 0
    ids = {json.loads(path.read_text())["id"] for path in (tmp_path / "second").glob("single/*/result.json")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("init_from=nowhere",), "is not there"),
        (("init_from={run}/result.json.txt",), "is not there"),
        (("init_from={outputs}",), "is no run folder"),
        (("init_from={run}/run.log",), "cannot be read as tensors alone"),
    ],
)
def test_what_cannot_be_a_start_is_told_in_a_sentence(trained, tiny, segladder, tmp_path, words, hint):
    filled = [word.format(run=trained, outputs=trained.parent) for word in words]
    ran = segladder(*tiny, "paths.outputs=second", *filled)
    assert ran.code == 1
    assert hint in ran.err and "Traceback" not in ran.text


def test_another_architecture_is_told_in_a_sentence(trained, segladder):
    words = ("model=smp_fpn", "data.counts.train=8", "data.counts.val=8", "data.counts.test=8", "debug=fast")
    ran = segladder("train", *words, f"init_from={trained}")
    assert ran.code == 1
    assert "architecture" in ran.err and "Traceback" not in ran.text
