"""The VOC devkit's rule (VOCevalseg.m): counts over the whole set, pixels of 255 left out, IoU of each class."""

import numpy as np
import pytest
import torch
from PIL import Image

from segladder.metrics import SemanticMetrics
from segladder.metrics.confusion import ConfusionMatrix

CLASSES = 21


def devkit(pairs):
    """The IoU of each class as the MATLAB code takes it from one histogram over all images; NaN for 0 / 0."""
    counts = np.zeros((CLASSES, CLASSES))
    for result, truth in pairs:
        known = truth < 255
        sums = truth[known].astype(int) + result[known].astype(int) * CLASSES
        counts += np.bincount(sums, minlength=CLASSES**2).reshape(CLASSES, CLASSES).T
    with np.errstate(invalid="ignore"):
        return np.array([counts[j, j] / (counts[j].sum() + counts[:, j].sum() - counts[j, j]) for j in range(CLASSES)])


def perturbed(truth, number):
    """Moved, relabelled, empty or split, with a class where the truth has its border."""
    result = np.where(truth == 255, number % CLASSES, truth)
    if number % 4 == 0:
        return np.roll(result, 5, axis=1)
    if number % 4 == 1:
        return np.where(result == result.max(), (result.max() + 3) % CLASSES, result)
    if number % 4 == 2:
        return np.zeros_like(result)
    result[: len(result) // 2] = (result[: len(result) // 2] + 1) % CLASSES
    return result


def test_scores_on_genuine_masks_are_the_devkits(real_data):
    paths = sorted((real_data / "voc2012_masks" / "SegmentationClass").glob("*.png"))
    truths = [np.asarray(Image.open(path)) for path in paths]
    pairs = [(perturbed(truth.copy(), number), truth) for number, truth in enumerate(truths)]
    matrix = ConfusionMatrix(CLASSES)
    for result, truth in pairs:
        matrix.update(torch.from_numpy(result.astype(np.int64))[None], torch.from_numpy(truth.astype(np.int64))[None])
    counts = matrix.compute().double()
    ours = (counts.diagonal() / (counts.sum(0) + counts.sum(1) - counts.diagonal())).numpy()
    assert len(pairs) >= 3
    np.testing.assert_allclose(ours, devkit(pairs), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_is_over_the_classes_that_occur(seed, voc_info):
    draw = np.random.default_rng(seed)
    truths = [draw.choice([0, 3, 7, 255], size=(9, 8)).astype(np.uint8) for _ in range(4)]
    pairs = [(draw.choice([0, 3, 12], size=(9, 8)).astype(np.uint8), truth) for truth in truths]
    metrics = SemanticMetrics(voc_info, boundary=False)
    for result, truth in pairs:
        metrics.update(torch.from_numpy(result.astype(np.int64))[None], torch.from_numpy(truth.astype(np.int64))[None])
    assert metrics.compute()[0]["miou"] == pytest.approx(np.nanmean(devkit(pairs)), abs=1e-12)


@pytest.fixture
def voc_info():
    from segladder.data.palette import distinct_colors
    from segladder.data.readers.voc import CLASSES as NAMES
    from segladder.types import DatasetInfo

    return DatasetInfo(name="voc", classes=NAMES, palette=distinct_colors(21), things=(False, *[True] * 20))
