"""Data sets on disk from the command line to scores: VOC, Cityscapes, and thin structures in a folder of one's own."""

from __future__ import annotations

import json

import pytest

from cityscapes_predictions import write_instances
from drawn_panoptic import draw_panoptic
from drawn_sets import draw_cityscapes, draw_threads, draw_voc

SMALL = (
    "train",
    "model=unet_lab",
    "model.base_channels=4",
    "loss=dice+ce",
    "augment=standard",
    "augment.crop=[32,32]",
    "data.batch_size=4",
    "trainer.max_epochs=1",
    "runtime.threads=1",
    "logger=csv",
)


@pytest.fixture
def record(tmp_path):
    def read():
        [result] = tmp_path.glob("outputs/single/*/result.json")
        return json.loads(result.read_text())

    return read


def test_voc_trains_on_augmented_labels_and_is_scored_on_val(segladder, record, tmp_path):
    root = draw_voc(tmp_path / "VOCdevkit" / "VOC2012")
    ran = segladder(*SMALL, "data=voc", f"data.root={tmp_path}", "data.train_split=train_aug")
    assert ran.code == 0, ran.text
    result = record()
    assert result["data"]["counts"] == {"train": 12, "val": 3, "test": 3}
    assert result["data"]["splits"] == {"train": "train_aug", "val": "val", "test": "val"}
    assert result["data"]["root"] == str(root)
    assert result["scores"]["test"]["miou"] == pytest.approx(result["scores"]["val"]["miou"], abs=1e-12)
    assert len(result["per_class"]["test"]["iou"]) == 21


def test_cityscapes_trains_with_balanced_classes_and_keeps_its_ids(segladder, record, tmp_path):
    root = draw_cityscapes(tmp_path / "cityscapes")
    words = ("data=cityscapes", f"data.root={root}", "loss.terms.ce.class_weights=auto")
    ran = segladder(*SMALL, *words)
    assert ran.code == 0, ran.text
    result = record()
    assert result["data"]["counts"] == {"train": 8, "val": 4, "test": 4}
    assert result["data"]["info"]["label_ids"][:3] == [7, 8, 11]
    assert result["data"]["info"]["classes"][18] == "bicycle"


@pytest.mark.parametrize("key", ["train_split", "val_split", "test_split"])
def test_a_split_without_labels_is_refused_with_the_way_to_predict_it(segladder, tmp_path, key):
    root = draw_cityscapes(tmp_path / "cityscapes", per_city=2)
    ran = segladder(*SMALL, "data=cityscapes", f"data.root={root}", f"data.{key}=test")
    assert ran.code == 1 and "Traceback" not in ran.text
    assert f"Name a split with labels by data.{key}=…" in ran.err
    assert "`segladder predict run=DIR data.split=test output=DIR`" in ran.err
    assert not list(tmp_path.glob("outputs/single/*/checkpoints/*"))


def test_unequal_photographs_without_a_crop_are_told_which(segladder, tmp_path):
    root = draw_voc(tmp_path / "VOC2012")
    words = [word for word in SMALL if not word.startswith("augment")]
    ran = segladder(*words, "data=voc", f"data.root={root}")
    assert ran.code == 1 and "Traceback" not in ran.text
    assert "Training images differ in size" in ran.err and "augment=standard augment.crop=[32,32]" in ran.err


def test_thin_structures_in_masks_of_0_and_255_are_found_by_defaults(segladder, record, tmp_path):
    root = draw_threads(tmp_path / "threads")
    words = ("data=folder", f"data.root={root}", "data.label_map={0: 0, 255: 1}", "model=unet", "loss=dice+ce")
    brief = ("augment.crop=[64,64]", "data.batch_size=4", "trainer.max_epochs=10", "trainer.check_val_every_n_epoch=5")
    ran = segladder("train", *words, *brief, "runtime.threads=1", "logger=csv")
    assert ran.code == 0, ran.text
    result = record()
    assert result["data"]["info"]["label_ids"] == [0, 255]
    assert result["per_class"]["test"]["iou"]["thread"] > 0.5  # 0.8 to 0.9; all background would be 0


def only(folder, pattern):
    [result] = folder.glob(pattern)
    return json.loads(result.read_text())


def test_what_is_handed_in_for_cityscapes_scores_as_the_run_did(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "cityscapes", per_city=3)
    data = ("data=cityscapes", f"data.root={root}")
    ran = segladder(*SMALL, *data)
    assert ran.code == 0, ran.text
    run = next(tmp_path.glob("outputs/single/*/result.json")).parent
    made = segladder("predict", f"run={run}", "data.split=val", "format=cityscapes", "output=handed")
    assert made.code == 0 and "3 labelIds files for Cityscapes' pixel-level task" in made.out, made.text
    assert sorted(path.name for path in (tmp_path / "handed").iterdir()) == [
        f"frankfurt_{number:06d}_000019_labelIds.png" for number in range(3)
    ]
    again = segladder("evaluate", "predictions=handed", *data, "name=handed", "runtime.threads=1")
    assert again.code == 0, again.text
    scores = json.loads((run / "result.json").read_text())["scores"]["test"]
    assert {"iiou", "category_iou", "category_iiou"} <= set(scores)
    assert only(tmp_path, "outputs/single/handed-*/result.json")["scores"]["test"] == pytest.approx(scores, nan_ok=True)
    refused = segladder("predict", f"run={run}", "data.split=val", "format=voc", "output=other")
    assert refused.code == 1 and "VOC's submission is of its 21 classes" in refused.err
    idle = segladder("predict", f"run={run}", "data.split=val", "format=cityscapes", "output=third", "overlay=true")
    assert idle.code == 1 and "overlay= has no effect beside format=" in idle.err
    full = segladder("predict", f"run={run}", "data.split=val", "format=cityscapes", "output=handed")
    assert full.code == 1 and "holds files already, which would be handed in, too" in full.err


def test_instances_in_cityscapes_own_form_stand_on_the_board(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "cityscapes", per_city=3)
    write_instances(root / "gtFine" / "val", tmp_path / "theirs")
    words = ("data=cityscapes", f"data.root={root}", "name=theirs", "runtime.threads=1")
    ran = segladder("evaluate", "predictions=theirs", *words)
    assert ran.code == 0, ran.text
    record = only(tmp_path, "outputs/single/theirs-*/result.json")
    assert record["task"] == "instance" and 0 < record["scores"]["test"]["cityscapes_ap"] < 1


def test_panoptic_data_train_a_semantic_model_and_score_panoptic_files_by_pq(segladder, tmp_path):
    root = draw_panoptic(tmp_path / "coco")
    ran = segladder(
        *[word for word in SMALL if not word.startswith("augment")], "data=coco_panoptic", f"data.root={root}"
    )
    assert ran.code == 0, ran.text
    trained = only(tmp_path, "outputs/single/*/result.json")
    assert len(trained["per_class"]["test"]["iou"]) == 3
    run = next(tmp_path.glob("outputs/single/*"))
    made = segladder("predict", f"run={run}", "data.split=val2017", "format=coco_panoptic", "output=handed")
    assert made.code == 0 and made.out.count("all pixels of person, dog are one segment") == 1, made.text
    words = ("data=coco_panoptic", f"data.root={root}", "runtime.threads=1")
    back = segladder("evaluate", "predictions=handed/panoptic.json", *words, "name=back")
    assert back.code == 0, back.text
    scores = only(tmp_path, "outputs/single/back-*/result.json")["scores"]["test"]
    of_run = trained["scores"]["test"]
    assert {name: scores[name] for name in of_run} == of_run and 0 < scores["miou"] < 1 and scores["pq"] is not None
    folder = segladder("evaluate", "predictions=handed/panoptic", *words)
    assert folder.code == 1 and "which segments they are: predictions=handed/panoptic.json." in folder.err
    assert len(list(tmp_path.glob("outputs/single/*"))) == 2, "nothing is left of a refusal"
    predicted = root / "annotations" / "panoptic_val2017.json"
    words = ("data=coco_panoptic", f"data.root={root}", "name=perfect", "runtime.threads=1")
    scored = segladder("evaluate", f"predictions={predicted}", *words)
    assert scored.code == 0, scored.text
    record = only(tmp_path, "outputs/single/perfect-*/result.json")
    assert record["task"] == "panoptic" and record["monitor"]["name"] == "pq"
    assert record["scores"]["test"]["pq"] == record["scores"]["test"]["miou"] == 1.0
    refused = segladder("evaluate", f"predictions={predicted}", "data=disks", "runtime.threads=1")
    assert refused.code == 1 and "Data set 'disks' has no partition into things and stuff" in refused.err
    trained = segladder("train", "metric=pq", "trainer.max_epochs=1")
    assert trained.code == 1 and "metric.name is 'pq'. It is one of miou" in trained.err
