"""The presets of the literature's recipes on tiny sets of the genuine layout: trained, scored again, predicted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from drawn_sets import draw_cityscapes, draw_voc

SMALL = (
    "backbone=resnet18",
    "backbone.weights=null",
    "augment.crop=[33,33]",
    "data.batch_size=2",
    "debug=fast",
    "runtime.threads=1",
)


@pytest.mark.parametrize(
    ("preset", "draw", "classes"), [("voc_deeplab", draw_voc, 21), ("cityscapes_deeplab", draw_cityscapes, 19)]
)
def test_a_preset_trains_is_scored_again_and_predicts(preset, draw, classes, segladder, tmp_path):
    root = draw(tmp_path / "set")
    ran = segladder("train", f"experiment={preset}", f"data.root={root}", *SMALL)
    assert ran.code == 0, ran.text
    [result] = tmp_path.glob("outputs/debug/*/result.json")
    record = json.loads(result.read_text())
    assert record["status"] == "finished" and record["data"]["splits"]["test"] == "val"
    assert len(record["per_class"]["test"]["iou"]) == classes

    again = segladder("evaluate", f"run={result.parent}")
    assert again.code == 0, again.text
    [second] = [path for path in tmp_path.glob("outputs/debug/*/result.json") if path != result]
    evaluated = json.loads(second.read_text())
    assert evaluated["parent"] == record["id"]
    if record["data"]["counts"]["test"] <= 3:  # debug=fast tests three batches of one image
        assert evaluated["scores"]["test"] == pytest.approx(record["scores"]["test"], nan_ok=True)

    ran = segladder("predict", f"run={result.parent}", "data.split=test", "output=labels")
    assert ran.code == 0, ran.text
    made = sorted(path for path in (tmp_path / "labels").rglob("*.png") if "overlay" not in path.name)
    assert len(made) == (2 if preset == "voc_deeplab" else 4)
    values = np.unique(np.asarray(Image.open(made[0])))
    official = set(range(21)) if preset == "voc_deeplab" else {7, 8, *range(11, 14), 17, *range(19, 29), 31, 32, 33}
    assert set(values.tolist()) <= official


@pytest.mark.parametrize("preset", ["voc_deeplab", "cityscapes_deeplab"])
def test_a_preset_asks_for_the_literatures_recipe(preset, segladder):
    shown = segladder("train", f"experiment={preset}", "data.root=nowhere", "--cfg", "job")
    assert shown.code == 0, shown.text
    for line in (
        "output_stride: 8",
        "auxiliary: 0.4",
        "lr: 0.01",
        "weights: imagenet",
        "_target_: segladder.tasks.schedule.poly",
    ):
        assert line in shown.out
