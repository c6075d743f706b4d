"""Objects that were handed in score as they did before they were written, empty masks among them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from omegaconf import OmegaConf

from cityscapes_predictions import instances
from drawn_sets import city_objects, draw_cityscapes
from segladder.data import CityscapesDataModule
from segladder.data.readers.cityscapes_table import LABEL_IDS
from segladder.inference.submissions import start
from segladder.masks import boxes, encode
from segladder.metrics import InstanceMetrics
from segladder.runs.results_scoring import ResultsFile
from segladder.types import Instances

TASK = {"max_detections": 100, "boundary_tolerance": 2, "semantic_score": 0.3}


def found_in(ids: np.ndarray) -> Instances:
    """Predictions of Cityscapes' objects, scores as a network in float32 gives them, best first: an empty mask."""
    found = [(mask, LABEL_IDS.index(label), np.float32(score)) for mask, label, score in instances(ids)]
    found += [(np.zeros(ids.shape, bool), label, np.float32(0.99)) for label in {label for _, label, _ in found}]
    found.sort(key=lambda one: -one[2])
    masks = encode(np.stack([mask for mask, *_ in found]))
    labels, scores = np.array([label for _, label, _ in found]), np.array([score for *_, score in found], np.float64)
    return Instances(masks=masks, boxes=boxes(masks), labels=labels, scores=scores, size=ids.shape)


def test_average_precision_goes_by_the_order_of_scores_alone(tmp_path):
    data = CityscapesDataModule(root=draw_cityscapes(tmp_path / "city", per_city=3), instances=True)
    samples = data.test_samples()
    submission = start("coco", tmp_path, data.info, split="val", instances=True)
    for index, image_id in enumerate(samples.image_ids()):
        ids = city_objects(index)
        found = found_in(np.where(np.isin(ids // 1000, LABEL_IDS), ids, 0))
        submission.add(image_id, np.zeros(ids.shape, np.uint8), found)
    submission.finish()
    entries = json.loads((tmp_path / "results.json").read_text())
    raw = tmp_path / "raw.json"
    raw.write_text(json.dumps([{**entry, "score": entry["score"] * 80 - 20} for entry in entries]))
    usual, other = (ResultsFile(path, samples, data.info, split="val") for path in (tmp_path / "results.json", raw))
    told = "AP goes by their order alone"
    assert told in " ".join(other.warnings) and told not in " ".join(usual.warnings)
    one, two = (files.score(OmegaConf.create(TASK), {}).scores for files in (usual, other))
    assert 0 < one["mask_ap"] == two["mask_ap"] < 1 and one["cityscapes_ap"] == two["cityscapes_ap"]


@pytest.mark.parametrize("form", ["cityscapes", "coco"])
def test_what_is_handed_in_scores_as_what_was_found(form, tmp_path):
    data = CityscapesDataModule(root=draw_cityscapes(tmp_path / "city", per_city=3), instances=True)
    samples = data.test_samples()
    submission = start(form, tmp_path, data.info, split="val", instances=True)
    metrics = InstanceMetrics(data.info, **TASK)
    for index, image_id in enumerate(samples.image_ids()):
        ids = city_objects(index)
        found = found_in(np.where(np.isin(ids // 1000, LABEL_IDS), ids, 0))
        submission.add(image_id, np.zeros(ids.shape, np.uint8), found)
        metrics.update([found], [samples.objects(index)], [image_id], [samples.semantic(index)])
    submission.finish()
    path = tmp_path / "results.json" if form == "coco" else tmp_path
    totals, classes = metrics.compute()
    again = ResultsFile(path, samples, data.info, split="val").score(OmegaConf.create(TASK), {})
    assert 0 < totals["mask_ap"] < 1 and 0 < totals["cityscapes_ap"] < 1 and 0 < totals["miou"] < 1
    assert again.scores == pytest.approx(totals, abs=0, nan_ok=True)
    for measure, values in classes.items():
        assert again.per_class[measure] == pytest.approx(values, abs=0, nan_ok=True)
