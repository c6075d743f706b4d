"""Genuine files of each benchmark, from training to what is handed in, and that scored again."""

from __future__ import annotations

import json

import pytest

SMALL = ("model=unet_lab", "model.base_channels=2", "trainer.max_epochs=1", "runtime.threads=1", "logger=csv")
CROP = ("augment=standard", "augment.crop=[64,64]", "data.batch_size=1", "data.limit=1")


def sets(folder):
    """What is typed of each set, and the format that it is handed in."""
    city = ["data=cityscapes", f"data.root={folder / 'cityscapes_mini'}"]
    city += ["data.val_split=train", "data.test_split=train"]
    voc = ["data=voc", f"data.root={folder / 'voc_labelme'}", "data.train_split=val"]
    sample = folder / "coco_panoptic_sample"
    panoptic = ["data=coco_panoptic", f"data.root={sample}", f"data.annotations={sample / 'panoptic_gt.json'}"]
    return {
        "cityscapes": (city, "cityscapes"),
        "voc": (voc, "voc"),
        "coco_panoptic": ([*panoptic, "data.images=images"], None),
    }


@pytest.mark.parametrize("name", ["cityscapes", "voc", "coco_panoptic"])
def test_a_genuine_set_is_trained_evaluated_exported_and_scored_again(segladder, real_data, tmp_path, name):
    data, form = sets(real_data)[name]
    ran = segladder("train", *SMALL, *CROP, *data)
    assert ran.code == 0, ran.text
    [result] = tmp_path.glob("outputs/single/*/result.json")
    scores = json.loads(result.read_text())["scores"]["test"]
    again = segladder("evaluate", f"run={result.parent}")
    assert again.code == 0, again.text
    [second] = tmp_path.glob("outputs/single/*-test-*/result.json")
    assert json.loads(second.read_text())["scores"]["test"] == pytest.approx(scores, nan_ok=True)
    split = json.loads(result.read_text())["data"]["splits"]["test"]
    extra = ["overlay=false"] if form is None else [f"format={form}"]
    made = segladder("predict", f"run={result.parent}", f"data.split={split}", "output=made", *extra)
    assert made.code == 0, made.text
    scored = segladder("evaluate", "predictions=made", *data, "data.limit=1", "name=made", "runtime.threads=1")
    assert scored.code == 0, scored.text
    [third] = tmp_path.glob("outputs/single/made-*/result.json")
    assert json.loads(third.read_text())["scores"]["test"] == pytest.approx(scores, nan_ok=True, abs=1e-9)
