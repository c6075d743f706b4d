"""Mask R-CNN through the real command line: trained, resumed, scored again, predicted, on a board with others."""

from __future__ import annotations

import csv
import json
import signal

import numpy as np
import pytest
from PIL import Image

from tiny_runs import OBJECTS as TINY


def only_run(folder):
    [result] = folder.glob("*/*/result.json")
    return result.parent


def record_of(folder):
    return json.loads((folder / "result.json").read_text())


def rows_of(run):
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_is_trained_scored_again_and_predicted_with_the_same_numbers(segladder, tmp_path):
    ran = segladder(*TINY, "loss=dice+ce")
    assert ran.code == 0, ran.text
    run = only_run(tmp_path / "outputs")
    record = record_of(run)
    assert record["task"] == "instance" and record["choices"]["task"] == "instance"
    assert record["monitor"]["name"] == "mask_ap"
    test = record["scores"]["test"]
    assert {"mask_ap", "mask_ap50", "mask_ar100", "box_ap", "miou", "dice", "boundary_f1"} <= set(test)
    assert "disk" in ran.out and "mask AP" in ran.out
    logged = set(rows_of(run)[0])
    assert {"train/loss", "train/loss/ce", "train/loss/dice", "train/loss/rpn_objectness", "train/loss/box"} <= logged
    assert Image.open(run / "pictures" / "test.png").width > 300
    with np.load(run / "per_image.npz") as file:
        assert len(file["image_id"]) == 8 and {"tp", "fp", "fn"} <= set(file.files)

    again = segladder("evaluate", f"run={run}")
    assert again.code == 0, again.text
    [second] = [path.parent for path in tmp_path.glob("outputs/single/*-test-*/result.json")]
    assert record_of(second)["scores"]["test"] == test

    made = segladder("predict", f"run={run}", "data.split=test", "output=made")
    assert made.code == 0, made.text
    results = json.loads((tmp_path / "made" / "instances.json").read_text())
    assert {entry["image_id"] for entry in results} <= {*range(8), *map(str, range(8))}
    assert (tmp_path / "made" / "0_overlay.png").is_file()
    words = ("data=disks", *[word for word in TINY if word.startswith("data.") and "batch" not in word])
    scored = segladder("evaluate", "predictions=made/instances.json", *words, "name=stranger", "runtime.threads=1")
    assert scored.code == 0, scored.text
    [third] = tmp_path.glob("outputs/single/stranger-*/result.json")
    stranger = json.loads(third.read_text())
    assert stranger["task"] == "instance"
    assert stranger["scores"]["test"] == pytest.approx(test, abs=1e-6, nan_ok=True)


def test_a_run_that_was_killed_goes_on_to_the_same_numbers(segladder, start, tmp_path):
    whole = segladder(*TINY, "paths.outputs=whole")
    assert whole.code == 0, whole.text
    running = start([*TINY, "paths.outputs=cut", "callbacks.checkpoint.every_minutes=0"])
    running.wait_for(lambda: bool(list(tmp_path.glob("cut/*/*/checkpoints/last.ckpt"))), timeout=120)
    running.send(signal.SIGKILL)
    running.done()
    rest = segladder(*TINY, "paths.outputs=cut", "callbacks.checkpoint.every_minutes=0")
    assert rest.code == 0, rest.text
    first, second = only_run(tmp_path / "whole"), only_run(tmp_path / "cut")
    assert record_of(first)["scores"] == record_of(second)["scores"]
    assert rows_of(first)[-1] == rows_of(second)[-1]


def test_two_processes_score_as_one(segladder, tmp_path):
    assert segladder(*TINY).code == 0
    run = only_run(tmp_path / "outputs")
    words = [*TINY, f"init_from={run}", "trainer.max_epochs=1", "optimizer=sgd", "optimizer.lr=1e-30"]
    alone = segladder(*words, "paths.outputs=one")
    assert alone.code == 0, alone.text
    ddp = ("trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp")
    both = segladder(*words, "paths.outputs=two", *ddp)
    assert both.code == 0, both.text
    one, two = record_of(only_run(tmp_path / "one")), record_of(only_run(tmp_path / "two"))
    assert two["environment"]["world_size"] == 2
    for split in ("val", "test"):
        assert two["scores"][split] == pytest.approx(one["scores"][split], abs=1e-9, nan_ok=True)
    for run_folder in (tmp_path / "one", tmp_path / "two"):
        with np.load(only_run(run_folder) / "per_image.npz") as file:
            assert sorted(file["image_id"].tolist()) == sorted(map(str, range(8)))


def test_rungs_stand_in_one_table(segladder, tmp_path):
    shared = [word for word in TINY if word.startswith(("data", "trainer", "runtime")) and "counts" not in word]
    shared += ["data.counts.train=8", "data.counts.val=2", "data.counts.test=4"]
    ran = segladder(
        "train", "-m", "model=unet_lab,maskrcnn", *shared, "trainer.max_epochs=1", "study_name=board",
        "callbacks.pictures.enabled=false",
    )  # fmt: skip
    assert ran.code == 0, ran.text
    table = ran.out[ran.out.rindex("val miou") - 40 :]
    assert "test miou" in table and "test mask_ap" in table
    records = [json.loads(path.read_text()) for path in tmp_path.glob("outputs/board/*/result.json")]
    assert {record["task"] for record in records} == {"semantic", "instance"}
    assert len({record["data"]["hashes"]["test"] for record in records}) == 1, "the same test images"
    assert all("miou" in record["scores"]["test"] for record in records)


def test_the_reference_results_score_as_the_official_tool_says(segladder, tmp_path, real_data):
    reference = real_data / "coco_eval_ref"
    for kind, name, expected in (
        (
            "segm",
            "mask",
            {"mask_ap": 0.3195452758576433, "mask_ap50": 0.5622883972521636, "mask_ap75": 0.29892653412086784},
        ),
        ("bbox", "box", {"box_ap": 0.5045806987}),
    ):
        ran = segladder(
            "evaluate",
            f"predictions={reference}/instances_val2014_fake{kind}100_results.json",
            "data=coco",
            f"data.annotations={reference}/instances_val2014_100.json",
            f"name={name}",
            "runtime.threads=1",
        )
        assert ran.code == 0, ran.text
        [path] = tmp_path.glob(f"outputs/single/{name}-*/result.json")
        scores = json.loads(path.read_text())["scores"]["test"]
        for metric, value in expected.items():
            assert scores[metric] == pytest.approx(value, abs=1e-9)


def test_detections_that_can_be_of_nothing_are_scored_and_told(segladder, tmp_path, real_data):
    reference = real_data / "coco_eval_ref"
    entries = json.loads((reference / "instances_val2014_fakebbox100_results.json").read_text())
    spoilt = [{**entries[0], "bbox": [1, 1, 0, 0]}, {**entries[1], "bbox": [10000, 10000, 5, 5]}, entries[2], *entries]
    (tmp_path / "odd.json").write_text(json.dumps(spoilt))
    words = ("data=coco", f"data.annotations={reference}/instances_val2014_100.json", "runtime.threads=1")
    ran = segladder("evaluate", "predictions=odd.json", *words)
    assert ran.code == 0, ran.text
    for part in (
        "1 detections of 'odd.json' have boxes of zero area",
        "1 detections of 'odd.json' lie outside",
        "1 de",
    ):
        assert part in ran.out
    assert "repeat another one exactly" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("inference=slide", "inference.window=[32,32]"), "inference=whole"),
        (("task.max_detections=0",), "task.max_detections is 0"),
        (("loss=ce", "loss.terms.ce.class_weights=auto"), "each object's own mask"),
        (("task=semantic", "metric=miou"), "choose task=instance"),
        (("inference.flip=true",), "inference asks for flip and scales"),
        (("loss=ce", "loss.terms.ce.class_weights=[1,2,3]"), "Give two numbers, of outside and inside"),
        (("model.min_size=100", "model.max_size=50"), "model.max_size is 50, less than model.min_size (100)"),
        (("data.min_area=-1",), "data.min_area"),
    ],
)
def test_mistakes_are_sentences(words, sentence, segladder):
    ran = segladder(*TINY, *words)
    assert ran.code == 1 and "Traceback" not in ran.err, ran.text
    assert sentence in ran.err
