"""All metrics of the instance rung in one object: the parts' values, and a class map that stands beside U-Net's."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch

from metrics.coco_reference import INFO, scene
from segladder.masks import decode
from segladder.metrics import AveragePrecision, InstanceMetrics, SemanticMetrics
from segladder.types import UserError


class Share(torch.nn.Module):
    """Pixels that are right, as a user's own metric."""

    def __init__(self):
        super().__init__()
        self.right, self.all = 0, 0

    def update(self, classes, labels):
        self.right += int((classes == labels).sum())
        self.all += labels.numel()

    def compute(self):
        return self.right / self.all

    def reset(self):
        self.right, self.all = 0, 0


def class_maps(truth, seed=0):
    """True class maps: the objects in turn, a part ignored."""
    draw = np.random.default_rng(seed)
    maps = []
    for objects in truth:
        labels = np.zeros(objects.size, dtype=np.int64)
        for rle, label in zip(objects.masks, objects.labels, strict=True):
            labels[decode(rle)] = label
        labels[draw.random(objects.size) < 0.1] = 255
        maps.append(torch.from_numpy(labels))
    return maps


def painted(one, score, rest):
    """Objects drawn one over another, the best last."""
    classes = np.full(one.size, rest, dtype=np.int64)
    for index in sorted(range(len(one)), key=lambda i: one.scores[i]):
        if one.scores[index] >= score:
            classes[decode(one.masks[index])] = one.labels[index]
    return torch.from_numpy(classes)


@pytest.mark.parametrize("score", [0.0, 0.5, 0.75])
def test_values_are_those_of_the_parts(score):
    found, truth, ids = scene(1)
    maps = class_maps(truth)
    metrics = InstanceMetrics(INFO, semantic_score=score, per_image=True)
    for part in (slice(0, 4), slice(4, 6)):
        metrics.update(found[part], truth[part], ids[part], maps[part])
    objects, pixels = AveragePrecision(INFO), SemanticMetrics(INFO, per_image=True)
    objects.update(found, truth, ids)
    pixels.update(torch.stack([painted(one, score, 0) for one in found]), torch.stack(maps), ids)
    (totals, classes), (ap, ap_classes), (iou, iou_classes) = (m.compute() for m in (metrics, objects, pixels))
    assert totals == pytest.approx({**ap, **iou}, nan_ok=True)
    assert list(totals)[:3] == ["mask_ap", "mask_ap50", "mask_ap75"] and "miou" in totals and "boundary_f1" in totals
    for name, values in {**ap_classes, **iou_classes}.items():
        assert classes[name] == pytest.approx(values, nan_ok=True)
    got, expected = metrics.images.arrays(), pixels.images.arrays()
    # there is a background: no pixel is of no class
    expected["confusion"] = np.pad(expected["confusion"], ((0, 0), (0, 1)))
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array)


def test_without_a_background_class_unpainted_pixels_are_wrong():
    info = dataclasses.replace(INFO, classes=("road", *INFO.classes[1:]))
    found, truth, ids = scene(1)
    maps = class_maps(truth)
    metrics = InstanceMetrics(info, per_image=True)
    metrics.update(found, truth, ids, maps)
    totals, classes = metrics.compute()
    pixels = SemanticMetrics(info, none=True)
    pixels.update(torch.stack([painted(one, 0.5, 4) for one in found]), torch.stack(maps))
    assert totals["miou"] == pixels.compute()[0]["miou"]
    assert classes["iou"]["road"] == 0
    counts = metrics.images.arrays()
    for image, target in enumerate(maps):
        assert counts["fn"][image, 0] == (target == 0).sum() and counts["tp"][image, 0] == 0
    roads = sum(int((target == 0).sum()) for target in maps)
    assert counts["confusion"][0].sum() == roads and 0 < counts["confusion"][0, 4] <= roads


def test_boxes_alone_have_no_class_map():
    found, truth, ids = scene(4)
    for one in found:
        one.masks = None
    metrics = InstanceMetrics(INFO, per_image=True)
    metrics.update(found, truth, ids, class_maps(truth))
    totals, _ = metrics.compute()
    assert not np.isnan(totals["box_ap"])
    assert np.isnan([totals[name] for name in ("mask_ap", "miou", "dice", "pixel_accuracy", "boundary_f1")]).all()
    assert metrics.images.arrays()["tp"].shape == (6, 4) and metrics.images.arrays()["tp"].sum() == 0


def test_without_class_maps_only_objects_are_scored():
    found, truth, ids = scene(4)
    metrics = InstanceMetrics(INFO)
    metrics.update(found, truth, ids)
    totals, _ = metrics.compute()
    assert not np.isnan(totals["mask_ap"]) and np.isnan(totals["miou"]) and np.isnan(totals["fw_iou"])
    assert metrics.images is None


def test_reset_forgets_everything():
    found, truth, ids = scene(2)
    maps = class_maps(truth)
    metrics = InstanceMetrics(INFO, per_image=True)
    results = []
    for _ in range(2):
        metrics.reset()
        metrics.update(found, truth, ids, maps)
        results.append(metrics.compute()[0])
    assert results[0] == pytest.approx(results[1], nan_ok=True)
    assert len(metrics.images) == 6


def test_an_own_metric_sees_the_class_map():
    found, truth, ids = scene(1)
    maps = class_maps(truth)
    metrics = InstanceMetrics(INFO, own={"share": Share})
    metrics.update(found, truth, ids, maps)
    right = sum(int((painted(one, 0.5, 0) == target).sum()) for one, target in zip(found, maps, strict=True))
    assert metrics.compute()[0]["share"] == right / sum(target.numel() for target in maps)
    for taken in ("mask_ap50", "box_ar100", "miou"):
        with pytest.raises(UserError, match=f"metric.name is '{taken}', which is a metric of segladder's"):
            InstanceMetrics(INFO, own={taken: Share})


def test_it_holds_no_weights_for_a_checkpoint():
    metrics = InstanceMetrics(INFO, per_image=True)
    assert metrics.state_dict() == {} and list(metrics.parameters()) == []


def test_class_maps_that_do_not_fit_are_refused():
    found, truth, ids = scene(1)
    with pytest.raises(ValueError, match="1 class maps for 6 images"):
        InstanceMetrics(INFO).update(found, truth, ids, class_maps(truth)[:1])


def _half(rank, file, queue):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    found, truth, ids = scene(7, images=5)
    mine = slice(rank, None, 2)
    metrics = InstanceMetrics(INFO)
    metrics.update(found[mine], truth[mine], ids[mine], class_maps(truth)[mine])
    queue.put(pickle.dumps(metrics.compute()))
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
    found, truth, ids = scene(7, images=5)
    whole = InstanceMetrics(INFO)
    whole.update(found, truth, ids, class_maps(truth))
    for totals, classes in results:
        assert totals == pytest.approx(whole.compute()[0], nan_ok=True, abs=0)
        assert classes["iou"] == pytest.approx(whole.compute()[1]["iou"], nan_ok=True, abs=0)
