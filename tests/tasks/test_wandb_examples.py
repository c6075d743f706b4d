"""What W&B gets to show of predicted images."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from segladder.tasks.trackers.wandb_examples import MOST_BOXES, class_map_examples, object_examples
from segladder.types import DatasetInfo
from segladder.viz import GridRow, InstanceRow
from viz.objects import INFO, found_objects, rectangle, true_objects

SIZE = (20, 30)
SHAPES = [rectangle(SIZE, 2, 3, 9, 11), rectangle(SIZE, 15, 0, 30, 20)]


def instance_row(**changes: object) -> InstanceRow:
    parts = {
        "image": np.full((3, *SIZE), 100, np.uint8),
        "found": found_objects(SHAPES, [0.9, 0.25], [1, 2], size=SIZE),
        "truth": true_objects(SHAPES, [1, 2], size=SIZE),
        "image_id": "a",
        "score": 0.5,
        "section": "best",
    }
    return InstanceRow(**{**parts, **changes})


def mask_of(image, side: str) -> np.ndarray:
    return np.asarray(Image.open(image._masks[side]._path))


def boxes_of(image, side: str) -> list[dict]:
    return image._boxes[side]._val


def test_boxes_carry_place_class_and_score() -> None:
    [image] = object_examples([instance_row()], INFO).images
    first, second = boxes_of(image, "prediction")
    assert first["position"] == {"minX": 2, "minY": 3, "maxX": 9, "maxY": 11} and first["domain"] == "pixel"
    assert (first["class_id"], first["scores"], first["box_caption"]) == (1, {"score": 0.9}, "cell 0.90")
    assert (second["class_id"], second["scores"], second["box_caption"]) == (2, {"score": 0.25}, "nucleus 0.25")
    assert [box["box_caption"] for box in boxes_of(image, "truth")] == ["cell", "nucleus"]
    json.dumps(boxes_of(image, "prediction"))


def test_masks_hold_classes_and_of_predictions_only_sure_ones() -> None:
    [image] = object_examples([instance_row()], INFO).images
    assert (mask_of(image, "truth") == SHAPES[0] * 1 + SHAPES[1] * 2).all()
    assert (mask_of(image, "prediction") == SHAPES[0] * 1).all()


def test_without_a_background_class_pixels_of_no_object_are_ignored() -> None:
    info = DatasetInfo(name="s", classes=("car", "bus", "van"), palette=((1, 2, 3),) * 3, things=(True,) * 3)
    [image] = object_examples([instance_row()], info).images
    assert set(np.unique(mask_of(image, "truth"))) == {1, 2, 255}


def test_the_table_says_how_many_were_hit() -> None:
    table = object_examples([instance_row(), instance_row(truth=None)], INFO).table
    assert table.columns == [
        *("section", "image_id", "f1", "hits", "missed", "false_alarms", "input", "truth", "prediction")
    ]
    assert table.data[0][:6] == ["best", "a", 0.5, 1, 1, 0]
    assert table.data[1][3:6] == [None] * 3 and table.data[1][7] is None
    assert set(table.data[0][7]._boxes) == {"truth"} and set(table.data[0][8]._masks) == {"prediction"}


def test_boxes_alone_have_no_masks() -> None:
    found = found_objects(SHAPES, [0.9, 0.8], size=SIZE, boxes_alone=True)
    [image] = object_examples([instance_row(found=found, truth=None)], INFO).images
    assert not image._masks and len(boxes_of(image, "prediction")) == 2


def test_an_image_of_nothing_and_one_of_too_much_are_logged() -> None:
    nothing = instance_row(found=found_objects([], size=SIZE), truth=true_objects([], size=SIZE), score=float("nan"))
    throng = instance_row(found=found_objects(SHAPES[:1] * (MOST_BOXES + 9), size=SIZE))
    examples = object_examples([nothing, throng], INFO)
    assert boxes_of(examples.images[0], "prediction") == []
    assert len(boxes_of(examples.images[1], "prediction")) == MOST_BOXES


def test_crowds_are_named() -> None:
    truth = true_objects(SHAPES, iscrowd=[False, True], size=SIZE)
    [image] = object_examples([instance_row(truth=truth)], INFO).images
    assert [box["box_caption"] for box in boxes_of(image, "truth")] == ["cell", "crowd: cell"]


@pytest.mark.parametrize("ignore_index", [11, 255, 65535])
def test_ignored_pixels_of_class_maps_fit_a_byte(ignore_index: int) -> None:
    truth = np.zeros(SIZE, dtype=np.int64)
    truth[:, :4] = ignore_index
    row = GridRow(image=np.zeros((1, *SIZE)), pred=truth * 0 + 1, truth=truth, image_id="a", iou=0.5, section="worst")
    [image], table = class_map_examples([row], dataclasses.replace(INFO, ignore_index=ignore_index))
    assert (mask_of(image, "truth")[:, :4] == 255).all() and (mask_of(image, "prediction") == 1).all()
    assert table.columns == ["section", "image_id", "iou", "input", "truth", "prediction"]
