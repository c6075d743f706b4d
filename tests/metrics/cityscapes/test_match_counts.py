"""Matches of single images by Cityscapes' rules, against average precision of whole sets."""

import dataclasses

import numpy as np
import pytest
import torch

from segladder.masks import boxes, encode, objects_of
from segladder.metrics import InstanceMetrics, MatchTable
from segladder.metrics.cityscapes.match_counts import ARRAYS, resampled_cityscapes
from segladder.metrics.cityscapes.precision import CityscapesPrecision
from segladder.metrics.per_image import read_arrays
from segladder.types import DatasetInfo, Instances, UserError

INFO = DatasetInfo(
    name="street",
    classes=("road", "car", "person", "train"),
    palette=((0, 0, 0),) * 4,
    things=(False, True, True, True),
    categories=("flat", "vehicle", "human", "vehicle"),
    mean_areas=(0.0, 300.0, 100.0, 900.0),
)
SIZE = (60, 72)
NAMES = CityscapesPrecision.NAMES


def scene(seed):
    """What is found and what is true: moved, doubled, missed and mistaken objects, groups, small ones, void."""
    rng = np.random.default_rng(seed)
    truths, found, labels, guesses, scores = [], [], [], [], []
    for row in range(0, 60, 15):
        for column in range(0, 72, 18):
            side = rng.choice([8, 13, 14])
            mask = np.zeros(SIZE, dtype=bool)
            mask[row : row + side, column : column + side + 2] = True
            truths.append(mask)
            labels.append(rng.integers(1, 3))
            for _ in range(rng.choice([0, 1, 1, 2])):
                found.append(np.roll(mask, tuple(rng.integers(-3, 4, 2)), axis=(0, 1)))
                guesses.append(labels[-1] if rng.random() < 0.8 else rng.integers(1, 4))
                scores.append(rng.integers(1, 9) / 10)
    objects = objects_of(encode(np.stack(truths)), labels, size=SIZE, iscrowd=rng.random(len(labels)) < 0.2)
    void = np.zeros(SIZE, dtype=bool)
    void[:, -9:] = rng.random() < 0.5
    objects.void = encode(void[None])[0]
    masks = encode(np.stack(found))
    instances = Instances(masks=masks, boxes=boxes(masks), labels=np.array(guesses), scores=np.array(scores), size=SIZE)
    return instances, objects


def kept(seeds):
    """The metric, and what it kept of each image, as often as that is named."""
    metric, table = InstanceMetrics(INFO, per_image=True), [scene(seed) for seed in seeds]
    for place, (found, truth) in enumerate(table):
        metric.update([found], [truth], [f"{place} {seeds[place]}"], [torch.zeros(SIZE, dtype=torch.int64)])
    return metric


def test_all_images_together_score_as_the_data_set():
    metric = kept([0, 1, 2, 3])
    totals, classes = metric.compute()
    found = resampled_cityscapes(metric.images.arrays(), np.ones((1, 4), dtype=np.int64))
    for name in NAMES:
        np.testing.assert_allclose(found[name][0, 1:], list(classes[name].values()), atol=1e-12, rtol=0)
        assert np.nanmean(found[name]) == pytest.approx(totals[name], abs=1e-12)
    assert 0.05 < totals["cityscapes_ap"] < totals["cityscapes_ap50"] < 0.9
    assert np.isnan(classes["cityscapes_ap"]["train"])


def test_any_choice_of_images_scores_as_if_it_were_the_data_set():
    arrays = kept([0, 1, 2, 3]).images.arrays()
    weights = np.array([[0, 2, 0, 2], [4, 0, 0, 0], [1, 1, 2, 0], [0, 0, 0, 0]])
    found = resampled_cityscapes(arrays, weights)
    for row, times in enumerate(weights[:3]):
        seeds = np.repeat(np.arange(4), times).tolist()
        metric = CityscapesPrecision(INFO)
        metric.update(*zip(*(scene(seed) for seed in seeds), strict=True), [str(place) for place in range(len(seeds))])
        for name, values in metric.compute()[1].items():
            np.testing.assert_allclose(found[name][row, 1:], list(values.values()), atol=1e-12, rtol=0)
    assert np.isnan(found["cityscapes_ap"][3]).all()
    alone = resampled_cityscapes(arrays, weights, names=["cityscapes_ap50"])
    np.testing.assert_array_equal(alone["cityscapes_ap50"], found["cityscapes_ap50"])


def curve(right, wrong, missed):
    """The area as cityscapesScripts' `evaluateMatches` computes it, point by point."""
    points = []
    for score in sorted({*right, *wrong}):
        tp, fp = sum(s >= score for s in right), sum(s >= score for s in wrong)
        points.append((tp / (tp + fp), tp / (len(right) + missed)))
    points.append((1.0, 0.0))
    recalls = [points[0][1], *(recall for _, recall in points), 0.0]
    weights = np.convolve(recalls, [-0.5, 0, 0.5], "valid")
    return float(np.dot([precision for precision, _ in points], weights))


def test_a_choice_of_images_has_the_area_of_the_published_curve():
    rng = np.random.default_rng(0)
    weights = np.array([[1, 1, 1], [2, 0, 1], [0, 0, 3]])
    for _ in range(20):
        D = rng.integers(1, 12)
        arrays = {
            "city_truths": np.array([[9], [5], [8]]),
            "city_image": np.sort(rng.integers(0, 3, D)),
            "city_class": np.zeros(D, dtype=int),
            "city_score": rng.integers(0, 5, D) / 5,
            "city_right": np.repeat(rng.random((D, 1)) < 0.6, 10, axis=1).astype(np.uint8),
        }
        arrays["city_wrong"] = np.where(arrays["city_right"] > 0, 0, rng.random((D, 1)) < 0.8).astype(np.uint8)
        found = resampled_cityscapes(arrays, weights, names=["cityscapes_ap"])["cityscapes_ap"][:, 0]
        for value, times in zip(found, weights, strict=True):
            often = times[arrays["city_image"]]
            right, wrong = (
                np.repeat(arrays["city_score"], often * arrays[name][:, 0]).tolist()
                for name in ("city_right", "city_wrong")
            )
            missed = int(times @ arrays["city_truths"][:, 0]) - len(right)
            assert value == pytest.approx(curve(right, wrong, missed) if right else 0.0, abs=1e-12)


def test_the_file_holds_them_and_a_damaged_one_is_told(tmp_path):
    table = kept([0, 1]).images
    table.save(tmp_path / "per_image.npz")
    back = MatchTable.load(tmp_path / "per_image.npz").arrays()
    for name, array in table.arrays().items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    older = {name: array for name, array in back.items() if name not in ARRAYS}
    np.savez(tmp_path / "older.npz", **older)
    assert not set(ARRAYS) & set(MatchTable.load(tmp_path / "older.npz").arrays())
    np.savez(tmp_path / "short.npz", **back | {"city_right": back["city_right"][:, :3]})
    with pytest.raises(UserError, match="'city_right' of shape"):
        read_arrays(tmp_path / "short.npz")


def test_parts_of_several_processes_join():
    whole, one = kept([0, 1, 2]).images, kept([0]).images
    two = kept([1, 2]).images.arrays()
    one.merge(MatchTable.from_arrays({**two, "image_id": np.array(["1 1", "2 2"])}))
    one.merge(MatchTable.of(INFO))
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(one.arrays()[name], array)
    one.merge(MatchTable(INFO.classes))
    assert not set(ARRAYS) & set(one.arrays()), "of some images nothing is known"


def test_boxes_alone_and_other_data_sets_have_none():
    found, truth = scene(0)
    found.masks = None
    metric = InstanceMetrics(INFO, per_image=True)
    metric.update([found], [truth], ["boxes"])
    assert not set(ARRAYS) & set(metric.images.arrays())
    metric.reset()
    metric.update([scene(0)[0]], [truth], ["masks"], [torch.zeros(SIZE, dtype=torch.int64)])
    assert set(ARRAYS) < set(metric.images.arrays())
    plain = InstanceMetrics(dataclasses.replace(INFO, mean_areas=None), per_image=True)
    plain.update([scene(0)[0]], [truth], ["masks"], [torch.zeros(SIZE, dtype=torch.int64)])
    assert not set(ARRAYS) & set(plain.images.arrays())
