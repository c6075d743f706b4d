"""Small pictures that a run keeps, from the real command line to the report: those of the numbers beside them."""

from __future__ import annotations

import json

import numpy as np

from segladder.metrics import MatchTable, PerImage
from segladder.viz.example_file import read_examples
from segladder.viz.examples import CROWD, HIT, WRONG
from tiny_runs import OBJECTS, PIXELS


def only(folder, pattern):
    [path] = folder.glob(pattern)
    return path


def own_iou(item):
    """The mean IoU of a small picture that was not reduced, from its pixels."""
    values = []
    for label in set(np.unique(item.truth)) | set(np.unique(item.pred)):
        true, said = item.truth == label, item.pred == label
        values.append((true & said).sum() / (true | said).sum())
    return np.mean(values)


def test_a_run_its_evaluation_and_a_stranger_keep_the_pictures_of_their_scores(segladder, tmp_path):
    ran = segladder(*PIXELS, "callbacks.pictures.kept=3")
    assert ran.code == 0, ran.text
    run = only(tmp_path, "outputs/single/disks-*")
    examples = read_examples(run / "pictures" / "examples.npz")
    images = PerImage.load(run / "per_image.npz")
    iou = dict(zip(images.arrays()["image_id"].tolist(), images.miou().tolist(), strict=True))
    assert {item.image_id for item in examples.items if item.worst} == set(sorted(iou, key=iou.__getitem__)[:3])
    assert sum(not item.worst for item in examples.items) in range(1, 5)
    for item in examples.items:
        assert abs(own_iou(item) - iou[item.image_id]) < 1e-12 and item.image.shape == (64, 64, 3)
    assert [path.name for path in (run / "pictures").iterdir() if path.name.startswith(".")] == []

    assert segladder("predict", f"run={run}", "data.split=test", "output=made", "overlay=false").code == 0
    data = [word for word in PIXELS if word.startswith("data.") and "batch" not in word]
    scored = segladder("evaluate", "predictions=made", "data=disks", *data, "name=stranger")
    assert scored.code == 0, scored.text
    assert segladder("evaluate", f"run={run}", "callbacks.pictures.kept=3").code == 0
    for other, count in (("stranger-*", 16), ("*-test-*", 3)):
        theirs = read_examples(only(tmp_path, f"outputs/single/{other}") / "pictures" / "examples.npz").items
        assert sum(item.worst for item in theirs) == count
        by_id = {item.image_id: item for item in theirs}
        for ours in examples.items:
            item = by_id[ours.image_id]
            assert np.array_equal(ours.image, item.image)
            assert np.array_equal(ours.truth, item.truth) and np.array_equal(ours.pred, item.pred)

    told = segladder("report", "runs=outputs")
    assert told.code == 0, told.text
    assert list((tmp_path / "outputs" / "report" / "pictures").glob("*-side-by-side.png"))


def test_a_run_that_is_told_to_keep_none_has_the_same_identity(segladder, tmp_path):
    words = [*PIXELS, "trainer.max_epochs=1", "trainer.limit_train_batches=1"]
    assert segladder(*words).code == 0
    assert segladder(*words, "callbacks.pictures.kept=0").code == 0
    first, second = sorted((tmp_path / "outputs" / "single").iterdir())
    ids = [json.loads((path / "result.json").read_text())["id"] for path in (first, second)]
    assert ids[0] == ids[1]
    assert [(path / "pictures" / "examples.npz").exists() for path in (first, second)] == [True, False]
    assert (second / "pictures" / "test.png").is_file()


def test_a_network_that_finds_objects_keeps_what_became_of_them(segladder, tmp_path):
    ran = segladder(*OBJECTS)
    assert ran.code == 0, ran.text
    run = only(tmp_path, "outputs/single/disks-*")
    examples = read_examples(run / "pictures" / "examples.npz")
    table = MatchTable.load(run / "per_image.npz")
    scores = dict(zip(table.arrays()["image_id"].tolist(), table.ranking().tolist(), strict=True))
    assert examples.kind == "objects" and {item.image_id for item in examples.items} <= set(scores)
    assert any(len(item.true_objects) for item in examples.items)
    for item in examples.items:
        states = item.found_objects.states
        hits, counted = int((states == HIT).sum()), int((states != CROWD).sum()) + len(item.true_objects)
        assert int((item.true_objects.states == WRONG).sum()) == len(item.true_objects) - hits
        if counted:
            assert abs(2 * hits / counted - scores[item.image_id]) < 1e-12
        else:
            assert np.isnan(scores[item.image_id])
