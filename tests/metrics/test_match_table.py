"""The matches on disk give the data set's AP, that of any choice of images, and an order of the pictures."""

import numpy as np
import pytest
import torch

from metrics.coco_reference import INFO, reference, scene
from segladder.masks import encode, objects_of
from segladder.metrics import AveragePrecision, MatchTable, PerImage
from segladder.metrics.match_table import average_precision
from segladder.types import Instances, UserError

MEASURES = ("ap", "ap50", "ap75")


def filled(found, truth, ids, *, max_detections=100):
    overlaps = AveragePrecision(INFO, max_detections=max_detections).update(found, truth, ids)
    table = MatchTable(INFO.classes)
    table.update(ids, torch.arange(len(ids) * 16).view(-1, 4, 4), overlaps)
    return table


def expected(found, truth, ids, **settings):
    metric = AveragePrecision(INFO, **settings)
    metric.update(found, truth, ids)
    return metric.compute()[1]


@pytest.mark.parametrize("seed", range(10))
def test_average_precision_is_that_of_the_data_set(seed):
    found, truth, ids = scene(seed)
    got = average_precision(filled(found, truth, ids).arrays())
    values = expected(found, truth, ids)
    for measure in MEASURES:
        np.testing.assert_allclose(got[measure][1:], list(values[f"mask_{measure}"].values()), rtol=0, atol=1e-12)
        assert np.isnan(got[measure][0])
    if not np.isnan(got["ap"]).all():
        assert np.nanmean(got["ap"]) == pytest.approx(reference(found, truth, kind="mask")[0][0], abs=1e-12)


def test_detections_beyond_the_limit_are_left_out():
    found, truth, ids = scene(3)
    table = filled(found, truth, ids, max_detections=1).arrays()
    pairs = list(zip(table["det_image"].tolist(), table["det_class"].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    values = expected(found, truth, ids, max_detections=1)
    np.testing.assert_allclose(average_precision(table)["ap"][1:], list(values["mask_ap"].values()), atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_a_bootstrap_counts_an_image_as_often_as_it_was_drawn(seed):
    found, truth, ids = scene(seed)
    table = filled(found, truth, ids).arrays()
    drawn = np.sort(np.random.default_rng(seed).integers(0, len(ids), len(ids)))
    got = average_precision(table, drawn)
    copies = [f"{i:04}" for i in range(len(drawn))]
    values = expected([found[i] for i in drawn], [truth[i] for i in drawn], copies)
    for measure in MEASURES:
        np.testing.assert_allclose(got[measure][1:], list(values[f"mask_{measure}"].values()), rtol=0, atol=1e-12)


def test_the_file_holds_what_was_saved_and_is_readable_as_pixel_counts(tmp_path):
    table = filled(*scene(0))
    table.save(tmp_path / "per_image.npz")
    back = MatchTable.load(tmp_path / "per_image.npz")
    for name, array in table.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array)
    pixels = PerImage.load(tmp_path / "per_image.npz")
    np.testing.assert_array_equal(pixels.arrays()["tp"], table.arrays()["tp"])
    np.testing.assert_array_equal(pixels.miou(), table.miou())
    np.testing.assert_array_equal(back.ranking(), table.ranking())


def test_parts_of_several_processes_join():
    found, truth, ids = scene(5)
    one, two = (filled(found[part], truth[part], ids[part]) for part in (slice(0, 6, 2), slice(1, 6, 2)))
    one.merge(MatchTable.from_arrays(two.arrays()))
    assert len(one) == 6
    got, whole = one.arrays(), filled(found, truth, ids).arrays()
    np.testing.assert_array_equal(average_precision(got)["ap"], average_precision(whole)["ap"])
    by_id = np.argsort(got["image_id"])
    np.testing.assert_array_equal(got["truths"][by_id], whole["truths"][np.argsort(whole["image_id"])])
    with pytest.raises(UserError, match="was scored twice"):
        one.merge(two)
    one.reset()
    assert len(one) == 0 and one.arrays()["det_matched"].shape == (0, 10)


def test_pictures_are_ranked_by_the_f1_of_their_objects():
    maps = np.zeros((4, 20, 20), dtype=bool)
    for index, (row, column) in enumerate([(0, 0), (0, 10), (10, 0), (10, 10)]):
        maps[index, row : row + 8, column : column + 8] = True
    a, b, c, d = encode(maps)
    none = objects_of([], [], size=(20, 20))
    crowd = objects_of([a], [1], size=(20, 20), iscrowd=[True])

    def said(masks, scores):
        boxes = np.zeros((len(masks), 4))
        labels = np.ones(len(masks), dtype=np.int64)
        return Instances(masks=masks, boxes=boxes, labels=labels, scores=np.array(scores, dtype=float), size=(20, 20))

    cases = [
        (said([a, b], [0.9, 0.8]), objects_of([a, b], [1, 1], size=(20, 20)), 1.0),
        (said([a, c, d], [0.9, 0.8, 0.4]), objects_of([a, b], [1, 1], size=(20, 20)), 2 * 1 / (2 + 2)),
        (said([a], [0.3]), objects_of([a], [1], size=(20, 20)), 0.0),
        (said([a], [0.3]), none, np.nan),
        (said([a], [0.7]), none, 0.0),
        (said([a], [0.7]), crowd, np.nan),
        (said([a], [0.7]), objects_of([a], [2], size=(20, 20)), 0.0),
    ]
    found, truth, values = zip(*cases, strict=True)
    table = filled(list(found), list(truth), [str(i) for i in range(len(cases))])
    np.testing.assert_allclose(table.ranking(), values)


def test_boxes_alone_are_matched_as_boxes():
    found, truth, ids = scene(4)
    for one in found:
        one.masks = None
    arrays = filled(found, truth, ids).arrays()
    assert str(arrays["kind"]) == "box"
    values = expected(found, truth, ids)
    np.testing.assert_allclose(average_precision(arrays)["ap"][1:], list(values["box_ap"].values()), atol=1e-12)


def test_what_does_not_fit_is_told(tmp_path):
    found, truth, ids = scene(0)
    overlaps = AveragePrecision(INFO).update(found, truth, ids)
    table = MatchTable(INFO.classes)
    with pytest.raises(ValueError, match="6 images' overlaps for 2"):
        table.update(ids, torch.zeros(2, 4, 4, dtype=torch.int64), overlaps)
    pixels = PerImage(INFO.classes)
    pixels.update(["a"], torch.zeros(1, 4, 4, dtype=torch.int64))
    pixels.save(tmp_path / "pixels.npz")
    with pytest.raises(UserError, match="has no array 'kind': it holds no matches of objects"):
        MatchTable.load(tmp_path / "pixels.npz")
    arrays = filled(found, truth, ids).arrays()
    np.savez(tmp_path / "short.npz", **{**arrays, "det_score": arrays["det_score"][:1]})
    with pytest.raises(UserError, match="'det_score' of shape"):
        MatchTable.load(tmp_path / "short.npz")
