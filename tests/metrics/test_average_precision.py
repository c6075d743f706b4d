"""Average precision has pycocotools' values, on one process and on two."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch

from metrics.coco_reference import INFO, NAMES, reference, scene
from segladder.masks import boxes, from_compressed, from_polygons, from_uncompressed, objects_of
from segladder.metrics import AveragePrecision
from segladder.types import DatasetInfo, Instances, UserError


def scored(found, truth, ids, **settings):
    metric = AveragePrecision(INFO, **settings)
    metric.update(found, truth, ids)
    return metric.compute()


def same(one, other) -> bool:
    """Equal to the last bit, NaN to NaN."""
    (totals, classes), (others, other_classes) = one, other
    pairs = [(totals, others), *((classes[name], other_classes[name]) for name in classes)]
    return all(a.keys() == b.keys() and np.array_equal([*a.values()], [*b.values()], equal_nan=True) for a, b in pairs)


def subset(found: Instances, rows) -> Instances:
    return Instances(
        masks=None if found.masks is None else [found.masks[i] for i in rows],
        boxes=found.boxes[rows],
        labels=found.labels[rows],
        scores=found.scores[rows],
        size=found.size,
    )


@pytest.mark.parametrize("seed", range(12))
def test_all_numbers_are_those_of_pycocotools(seed):
    found, truth, ids = scene(seed, crowds=seed % 2 == 0)
    totals, classes = scored(found, truth, ids)
    for kind in ("mask", "box"):
        expected, run = reference(found, truth, kind=kind)
        np.testing.assert_allclose([totals[f"{kind}_{name}"] for name in NAMES], expected, rtol=0, atol=1e-12)
        for k, name in enumerate(INFO.classes[1:]):
            values = run.eval["precision"][:, :, k, 0, 2]
            ap = values.mean() if (values > -1).any() else np.nan
            np.testing.assert_allclose(classes[f"{kind}_ap"][name], ap, rtol=0, atol=1e-12)


@pytest.mark.parametrize("limit", [1, 2, 5, 10, 500])
def test_any_number_of_detections_may_count(limit):
    found, truth, ids = scene(3, images=4)
    totals, _ = scored(found, truth, ids, max_detections=limit)
    for kind in ("mask", "box"):
        expected, _ = reference(found, truth, kind=kind, max_detections=limit)
        known = dict(zip(NAMES, expected, strict=True))
        known[f"ar{limit}"] = known.pop("ar100")
        for name, value in known.items():
            if name not in ("ar1", "ar10") or int(name[2:]) <= limit:
                np.testing.assert_allclose(totals[f"{kind}_{name}"], value, rtol=0, atol=1e-12)
    recalls = [name for name in totals if name.startswith("mask_ar") and name[7:].isdigit()]
    assert recalls == [f"mask_ar{n}" for n in sorted({1, 10, limit}) if n <= limit]


def test_no_detection_scores_zero_and_no_truth_is_undefined():
    found, truth, ids = scene(1)
    nothing = [subset(one, []) for one in found]
    totals, _ = scored(nothing, truth, ids)
    expected, _ = reference(nothing, truth, kind="mask")
    np.testing.assert_array_equal([totals[f"mask_{name}"] for name in NAMES], expected)
    assert totals["mask_ap"] == totals["box_ar100"] == 0
    empty = [objects_of([], [], size=one.size) for one in truth]
    totals, classes = scored(found, empty, ids)
    assert np.isnan(list(totals.values())).all() and np.isnan(list(classes["mask_ap"].values())).all()
    assert np.isnan(list(AveragePrecision(INFO).compute()[0].values())).all()


def test_crowds_alone_are_no_truth():
    found, truth, ids = scene(0)
    for objects in truth:
        objects.iscrowd[:] = True
    assert np.isnan(scored(found, truth, ids)[0]["mask_ap"])
    assert np.isnan(reference(found, truth, kind="mask")[0]).all()


def test_classes_are_those_of_objects_and_absent_ones_are_undefined():
    found, truth, ids = scene(2)
    _, classes = scored(found, truth, ids)
    assert list(classes) == ["mask_ap", "mask_ap50", "mask_ap75", "box_ap", "box_ap50", "box_ap75", "objects"]
    assert list(classes["mask_ap"]) == ["cell", "disk", "rod"]
    assert np.isnan(classes["mask_ap50"]["rod"]) and not np.isnan(classes["mask_ap50"]["cell"])


def test_boxes_alone_are_scored_as_boxes():
    found, truth, ids = scene(4)
    with_masks, _ = scored(found, truth, ids)
    for one in found:
        one.masks = None
    totals, classes = scored(found, truth, ids)
    assert all(np.isnan(value) == name.startswith("mask_") for name, value in totals.items())
    assert {k: v for k, v in totals.items() if k.startswith("box")} == {
        k: v for k, v in with_masks.items() if k.startswith("box")
    }
    assert np.isnan(classes["mask_ap"]["cell"])


def test_masks_in_some_images_alone_are_an_error():
    found, truth, ids = scene(4)
    found[1].masks = None
    with pytest.raises(UserError, match="Some images have masks and others boxes alone"):
        scored(found, truth, ids)


@pytest.mark.parametrize("seed", [0, 5])
def test_the_order_and_batches_of_images_change_nothing(seed):
    found, truth, ids = scene(seed)
    whole = scored(found, truth, ids)
    metric = AveragePrecision(INFO)
    for index in np.random.default_rng(seed).permutation(len(ids)).tolist():
        metric.update([found[index]], [truth[index]], [ids[index]])
    assert same(metric.compute(), whole)


def test_scores_may_be_computed_again_after_more_images_and_after_a_reset():
    found, truth, ids = scene(0)
    metric = AveragePrecision(INFO)
    for _ in range(2):
        metric.reset()
        metric.update(found[:3], truth[:3], ids[:3])
        first = metric.compute()[0]
        metric.update(found[3:], truth[3:], ids[3:])
        assert first == pytest.approx(scored(found[:3], truth[:3], ids[:3])[0], nan_ok=True)
        assert metric.compute()[0] == pytest.approx(scored(found, truth, ids)[0], nan_ok=True)


def test_what_is_no_prediction_of_these_data_is_told():
    found, truth, _ = scene(0)
    metric = AveragePrecision(INFO)
    metric.update(found[:1], truth[:1], ["a"])
    with pytest.raises(UserError, match="Image 'a' was scored twice"):
        metric.update(found[1:2], truth[1:2], ["a"])
    found[1].labels[0] = 0
    with pytest.raises(
        UserError, match="found in image 'b' has label 0, which is no class of objects of data set 'toy'"
    ):
        metric.update(found[1:2], truth[1:2], ["b"])
    found[2].scores[0] = np.nan
    with pytest.raises(UserError, match="image 'c' has a score or box that is no number"):
        metric.update(found[2:3], truth[2:3], ["c"])
    small = objects_of([], [], size=(4, 5))
    with pytest.raises(UserError, match="image 'd' as if it were 150x130, but it is 4x5"):
        metric.update(found[3:4], [small], ["d"])
    with pytest.raises(ValueError, match="2 predictions of 1 images"):
        metric.update(found[3:5], truth[3:4], ["d", "e"])
    with pytest.raises(ValueError, match="max_detections is 0"):
        AveragePrecision(INFO, max_detections=0)


def _half(rank, file, queue):
    torch.distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    found, truth, ids = scene(7, images=9)
    mine = slice(rank, None, 2)
    metric = AveragePrecision(INFO)
    metric.update(found[mine], truth[mine], ids[mine])
    got = metric.compute()
    try:
        metric.update(found[:1], truth[:1], ["same"])
        metric.compute()
    except UserError as error:
        queue.put(pickle.dumps((got, str(error))))
    torch.distributed.destroy_process_group()


def test_two_processes_compute_what_one_does(tmp_path):
    context = torch.multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    halves = [context.Process(target=_half, args=(rank, tmp_path / "meet", queue)) for rank in range(2)]
    for process in halves:
        process.start()
    results = [pickle.loads(queue.get()) for _ in halves]
    for process in halves:
        process.join()
        assert process.exitcode == 0
    expected = scored(*scene(7, images=9))
    for got, error in results:
        assert same(got, expected)
        assert "Image 'same' was scored twice" in error


@pytest.mark.parametrize(
    ("kind", "file", "expected"),
    [
        ("mask", "fakesegm100", {"ap": 0.3195452758576433, "ap50": 0.5622883972521636, "ap75": 0.29892653412086784}),
        ("box", "fakebbox100", {"ap": 0.5045806987249628}),
    ],
)
def test_cocos_own_example_scores_what_coco_printed(real_data, kind, file, expected):
    folder = real_data / "coco_eval_ref"
    annotated = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / f"instances_val2014_{file}_results.json").read_text())
    names = [category["name"] for category in annotated["categories"]]
    labels = {category["id"]: index for index, category in enumerate(annotated["categories"])}
    info = DatasetInfo(
        name="coco", classes=tuple(names), palette=((0, 0, 0),) * len(names), things=(True,) * len(names)
    )
    metric = AveragePrecision(info)
    for image in annotated["images"]:
        size = image["height"], image["width"]
        mine = [a for a in annotated["annotations"] if a["image_id"] == image["id"]]
        truth = objects_of(
            [_mask(a["segmentation"], size) for a in mine],
            [labels[a["category_id"]] for a in mine],
            size=size,
            boxes=_corners(mine),
            iscrowd=[a["iscrowd"] for a in mine],
            areas=[a["area"] for a in mine],
        )
        made = [r for r in results if r["image_id"] == image["id"]]
        masks = [from_compressed(r["segmentation"]["counts"], size) for r in made] if kind == "mask" else None
        found = Instances(
            masks=masks,
            boxes=_corners(made) if masks is None else boxes(masks),
            labels=np.array([labels[r["category_id"]] for r in made], dtype=np.int64),
            scores=np.array([r["score"] for r in made], dtype=np.float64),
            size=size,
        )
        metric.update([found], [truth], [str(image["id"])])
    totals, _ = metric.compute()
    for name, value in expected.items():
        assert totals[f"{kind}_{name}"] == pytest.approx(value, abs=1e-9)


def _mask(written, size):
    return from_polygons(written, size) if isinstance(written, list) else from_uncompressed(written["counts"], size)


def _corners(entries):
    found = np.array([entry["bbox"] for entry in entries], dtype=np.float64).reshape(-1, 4)
    found[:, 2:] += found[:, :2]
    return found
