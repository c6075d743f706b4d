"""Scores that are made of more than pixels of classes move with the test images, too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drawn_runs import counts, draw_run
from segladder.metrics.per_image import write_arrays
from segladder.report.boards.board import boards
from segladder.report.records.reading import read_runs
from segladder.report.statistics.resampling import resampled

IMAGES = 30


def more(seed):
    """Arrays beside the counts of pixels, as the rungs write them: images that are hard for all seeds alike."""
    rng = np.random.default_rng(0)
    D = 4 * IMAGES
    right = rng.random((D, 10)) < 0.5 + 0.05 * seed
    found = {
        "categories": np.array(["flat", "object"]),
        "class_category": np.array([0, 1, 1]),
        **{name: rng.integers(10, 99, (IMAGES, 2)) for name in ("category_tp", "category_fp", "category_fn")},
        "weighted_classes": np.array([1, 2]),
        "weighted": 99 * rng.random((IMAGES, 2, 4)),
        "pq_iou": 3 * rng.random((IMAGES, 3)),
        **{name: rng.integers(3, 9, (IMAGES, 3)) for name in ("pq_tp", "pq_fp", "pq_fn")},
        "city_truths": np.full((IMAGES, 3), 4),
        "city_image": np.repeat(np.arange(IMAGES), 4),
        "city_class": np.tile([0, 1, 1, 2], IMAGES),
        "city_score": rng.random(D),
        "city_right": right.astype(np.uint8),
        "city_wrong": (~right).astype(np.uint8),
    }
    return (
        found
        | {name: found[name] + seed for name in ("category_tp", "pq_tp")}
        | {"weighted": found["weighted"] + seed * np.array([1, 0, 1, 0])}
    )


@pytest.mark.parametrize("metric", ["category_iou", "iiou", "category_iiou", "pq", "cityscapes_ap", "cityscapes_ap50"])
def test_a_board_by_such_a_score_has_intervals_of_images(tmp_path, metric):
    once = np.ones((1, IMAGES), dtype=np.int64)
    for seed in (1, 2, 3):
        arrays = counts(0.1, images=IMAGES, seed=seed) | more(seed)
        path = draw_run(tmp_path, seed=seed, images=IMAGES)
        write_arrays(path / "per_image.npz", arrays)
        record = json.loads((path / "result.json").read_text())
        record["scores"]["test"][metric] = float(resampled(metric, arrays, once)[0])
        (path / "result.json").write_text(json.dumps(record))
    (board,) = boards(read_runs(tmp_path).runs, resamples=100, metric=metric)
    (place,) = board.places
    assert board.images == IMAGES and place.sample.seeds == 3 and not board.notes
    assert place.estimate.images_variance > 0


def test_a_run_whose_file_is_older_has_an_interval_of_seeds_alone(tmp_path):
    for seed in (1, 2, 3):
        path = draw_run(tmp_path, seed=seed, images=IMAGES)
        record = json.loads((path / "result.json").read_text())
        record["scores"]["test"]["iiou"] = 0.5 + 0.01 * seed
        (path / "result.json").write_text(json.dumps(record))
    (board,) = boards(read_runs(tmp_path).runs, resamples=100, metric="iiou")
    assert np.isnan(board.places[0].estimate.images_variance) and board.places[0].sample.seeds == 3
