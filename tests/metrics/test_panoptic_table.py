"""Segment counts of single images survive the disk and give the data set's panoptic quality for any choice of them."""

import numpy as np
import pytest
import torch

from segladder.masks import segments_of
from segladder.metrics import PanopticMetrics, PanopticQuality, PanopticTable, PerImage, SemanticMetrics
from segladder.metrics.panoptic_table import ARRAYS, resampled_quality
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="toy",
    classes=("sky", "car", "tree"),
    palette=((0, 0, 0),) * 3,
    things=(False, True, False),
)


def scene(seed, size=(24, 31)):
    """Truth and prediction of an image: a sky, some cars, void above."""
    rng = np.random.default_rng(seed)
    truth = np.full(size, 70_000, dtype=np.int32)
    truth[:3] = 0
    labels = {70_000: 0}
    for number in range(1, 4):
        y, x = rng.integers(3, 16), rng.integers(0, 24)
        truth[y : y + 7, x : x + 7] = number
        labels[number] = 1
    found = np.roll(truth, 1, axis=1)
    found[rng.random(size) < 0.05] = 0
    return [
        segments_of(m, kept := [int(n) for n in np.unique(m) if n], [labels[n] for n in kept]) for m in (found, truth)
    ]


def filled(seeds):
    metrics = PanopticMetrics(INFO, per_image=True)
    for seed in seeds:
        found, truth = scene(seed)
        metrics.update([found], [truth], [f"image {seed}"])
    return metrics


def test_the_file_holds_what_was_saved_and_is_read_as_pixel_counts_too(tmp_path):
    table = filled(range(4)).images
    table.save(tmp_path / "per_image.npz")
    back = PanopticTable.load(tmp_path / "per_image.npz")
    for name, array in table.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array)
    assert back.arrays()["pq_iou"].dtype == np.float64 and back.arrays()["pq_tp"].dtype == np.int64
    np.testing.assert_array_equal(PerImage.load(tmp_path / "per_image.npz").miou(), table.miou())


def test_any_choice_of_images_scores_as_if_it_were_the_data_set():
    arrays = filled(range(5)).images.arrays()
    weights = np.array([[1, 1, 1, 1, 1], [0, 2, 0, 1, 3], [0, 0, 0, 0, 0]])
    got = resampled_quality(arrays, weights)
    for row, times in enumerate(weights[:2]):
        metric = PanopticQuality(INFO)
        for seed in np.repeat(np.arange(5), times).tolist():
            found, truth = scene(seed)
            metric.update([found], [truth], ["again"])
        classes = metric.compute()[1]
        for measure in ("pq", "sq", "rq"):
            expected = list(classes[measure].values())
            np.testing.assert_allclose(got[measure][row], expected, atol=1e-10)
    assert np.isnan(got["pq"][2]).all() and np.isnan(got["pq"][:, 2]).all()


def test_each_image_ranks_by_its_own_panoptic_quality():
    ranking = filled(range(3)).images.ranking()
    for seed, value in enumerate(ranking):
        found, truth = scene(seed)
        metric = PanopticQuality(INFO)
        metric.update([found], [truth], ["one"])
        assert value == pytest.approx(metric.compute()[0]["pq"], abs=1e-10)
    assert 0 < ranking.min() < ranking.max() < 1


def test_parts_of_several_processes_join_and_an_image_counts_once():
    one, two, whole = (filled(seeds).images for seeds in ((0, 1), (2,), (0, 1, 2)))
    one.merge(PanopticTable.from_arrays(two.arrays()))
    one.merge(PanopticTable(INFO.classes))
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(one.arrays()[name], array)
    with pytest.raises(UserError, match="scored twice"):
        one.merge(two)
    one.reset()
    assert len(one) == 0 and one.arrays()["pq_tp"].shape == (0, 3)


def test_a_file_of_another_rung_is_told(tmp_path):
    table = filled((0,)).images
    table.pixels.save(tmp_path / "pixels.npz")
    with pytest.raises(UserError, match="has no array 'pq_iou'"):
        PanopticTable.load(tmp_path / "pixels.npz")
    arrays = table.arrays()
    np.savez(tmp_path / "short.npz", **{**arrays, "pq_fn": arrays["pq_fn"][:, :2]})
    with pytest.raises(UserError, match="'pq_fn' of shape"):
        PanopticTable.load(tmp_path / "short.npz")


def test_all_metrics_of_partitions_are_those_of_segments_and_of_the_class_map():
    metrics = filled((0, 1))
    totals, classes = metrics.compute()
    quality = PanopticQuality(INFO)
    pixels = SemanticMetrics(INFO, none=True)
    for seed in (0, 1):
        found, truth = scene(seed)
        quality.update([found], [truth], ["image"])
        maps = []
        for one, void in ((found, 3), (truth, INFO.ignore_index)):
            labels = np.full(one.size, void)
            for number, label in zip(one.ids, one.labels, strict=True):
                labels[one.id_map == number] = label
            maps.append(torch.from_numpy(labels)[None])
        pixels.update(*maps)
    assert totals == {**quality.compute()[0], **pixels.compute()[0]}
    assert classes["pq"].keys() == classes["iou"].keys()
    assert 0 < totals["pq"] < 1 and 0 < totals["miou"] < 1
    metrics.reset()
    assert len(metrics.images) == 0
    for seed in (0, 1):
        metrics.update(*([one] for one in scene(seed)), [f"image {seed}"])
    assert metrics.compute()[0] == totals


def test_the_arrays_bear_the_names_that_the_report_reads():
    assert ARRAYS == ("pq_iou", "pq_tp", "pq_fp", "pq_fn")
    assert set(ARRAYS) < set(filled((0,)).images.arrays())
