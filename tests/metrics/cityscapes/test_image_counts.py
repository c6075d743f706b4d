"""What each image adds to the scores of categories and of weighted objects, against the scores of whole sets."""

import numpy as np
import pytest
import torch

from segladder.metrics import PerImage, SemanticMetrics
from segladder.metrics.cityscapes.image_counts import ARRAYS, resampled_categories, resampled_weighted
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="street",
    classes=("road", "car", "truck", "person", "fence", "bus"),
    palette=((0, 0, 0),) * 6,
    things=(False, True, True, True, False, True),
    categories=("flat", "vehicle", "vehicle", "human", "construction", "construction"),
    mean_areas=(0.0, 20.0, 40.0, 10.0, 0.0, 60.0),
)
SIZE = (12, 15)


def scene(seed):
    """Prediction, labels and objects of an image, some pixels ignored, some of no class, some objects of void."""
    rng = np.random.default_rng(seed)
    occurring = 6 if seed else 2
    target = rng.integers(0, occurring, SIZE)
    numbers = rng.integers(1, 4, SIZE) * 6 + target
    things = np.isin(target, [1, 2, 3, 5])
    pred = np.where(rng.random(SIZE) < 0.4, rng.choice([*range(occurring), 6], SIZE), target)
    target = np.where(rng.random(SIZE) < 0.1, 255, target)
    maps = (pred[None], target[None], np.where(things, numbers, 0).astype(np.int32))
    return [torch.from_numpy(one) for one in maps]


def scored(seeds, *, objects=True, per_image=True):
    """Metrics of some images, each as often as it is named."""
    metrics = SemanticMetrics(INFO, boundary=False, none=True, per_image=per_image)
    for place, seed in enumerate(seeds):
        pred, target, ids = scene(seed)
        metrics.update(pred, target, [f"{place} {seed}"], object_ids=[ids] if objects else None)
    return metrics


def resampled(arrays, weights):
    found = {"category_iou": resampled_categories(arrays, weights)}
    for name, of_categories in (("iiou", False), ("category_iiou", True)):
        found[name] = resampled_weighted(arrays, weights, of_categories=of_categories)
    return found


def test_all_images_together_score_as_the_data_set():
    metrics = scored(range(5))
    totals, classes = metrics.compute()
    found = resampled(metrics.images.arrays(), np.ones((1, 5), dtype=np.int64))
    assert [len(found[name][0]) for name in found] == [4, 4, 2]
    for name, values in found.items():
        np.testing.assert_allclose(values[0], list(classes[name].values()), atol=1e-12, rtol=0)
        assert np.nanmean(values[0]) == pytest.approx(totals[name], abs=1e-12)


def test_any_choice_of_images_scores_as_if_it_were_the_data_set():
    arrays = scored(range(4)).images.arrays()
    weights = np.array([[0, 2, 0, 3], [4, 0, 0, 0], [1, 1, 2, 0]])
    found = resampled(arrays, weights)
    for row, times in enumerate(weights):
        _, classes = scored(np.repeat(np.arange(4), times).tolist(), per_image=False).compute()
        for name, values in found.items():
            np.testing.assert_allclose(values[row], list(classes[name].values()), atol=1e-12, rtol=0)
    assert np.isnan(found["iiou"][1, 2]), "nobody walks in the first scene"


def test_the_file_holds_them_and_older_readers_and_files_are_served(tmp_path):
    images = scored(range(3)).images
    images.save(tmp_path / "per_image.npz")
    back = PerImage.load(tmp_path / "per_image.npz").arrays()
    for name, array in images.arrays().items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    assert int(back["format"]) == 1, "what is new is beside what older versions read"
    older = {name: array for name, array in back.items() if name not in ARRAYS}
    np.savez(tmp_path / "older.npz", **older)
    read = PerImage.load(tmp_path / "older.npz")
    assert not set(ARRAYS) & set(read.arrays()) and np.array_equal(read.miou(), images.miou(), equal_nan=True)
    np.savez(tmp_path / "short.npz", **back | {"category_fn": back["category_fn"][:2]})
    with pytest.raises(UserError, match=r"'category_fn' of shape \(2, 4\) instead of \(3, 4\)"):
        PerImage.load(tmp_path / "short.npz")


def test_parts_of_several_processes_join():
    one, two, whole = scored([0, 1]).images, scored([2, 3]).images, scored([0, 1, 2, 3]).images
    two = PerImage.from_arrays({**two.arrays(), "image_id": np.array(["2 2", "3 3"])})
    one.merge(two)
    one.merge(PerImage.of(INFO))
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(one.arrays()[name], array)
    one.merge(PerImage(INFO.classes))
    assert "categories" not in one.arrays(), "of some images nothing is known"


def test_where_an_images_objects_are_not_known_categories_alone_are_kept():
    images = scored([0, 1]).images
    unknown = scored([2], objects=False).images
    unknown = PerImage.from_arrays({**unknown.arrays(), "image_id": np.array(["elsewhere"])})
    images.merge(unknown)
    arrays = images.arrays()
    assert arrays["weighted_classes"].size == 0 and arrays["weighted"].shape == (3, 0, 4)
    whole = scored([0, 1, 2]).images.arrays()
    np.testing.assert_array_equal(arrays["category_tp"], whole["category_tp"])
    images.reset()
    assert images.arrays()["category_tp"].shape == (0, 4)


def test_a_data_set_without_categories_keeps_none():
    info = DatasetInfo(name="two", classes=("a", "b"), palette=((0, 0, 0),) * 2, things=(False, True))
    metrics = SemanticMetrics(info, boundary=False, per_image=True)
    metrics.update(torch.zeros(1, 4, 4, dtype=torch.int64), torch.zeros(1, 4, 4, dtype=torch.int64), ["a"])
    assert not set(ARRAYS) & set(metrics.images.arrays())
