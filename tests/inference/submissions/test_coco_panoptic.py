"""Panoptic files are what panopticapi reads, and read again they are the segments that were predicted."""

import json

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from drawn_panoptic import CATEGORIES
from drawn_sets import draw_cityscapes
from segladder.data import CocoPanopticDataModule
from segladder.data.panoptic.file import PanopticFile
from segladder.data.readers.cityscapes import Cityscapes
from segladder.inference.instance_segmenter import InstancePrediction
from segladder.inference.submissions import start
from segladder.masks import boxes, encode
from segladder.masks.segments import class_map
from segladder.runs.panoptic_scoring import PanopticFiles
from segladder.types import DatasetInfo, Instances, UserError

INFO = DatasetInfo(
    name="drawn",
    classes=tuple(str(one["name"]) for one in CATEGORIES),
    palette=tuple(tuple(one["color"]) for one in CATEGORIES),
    things=tuple(bool(one["isthing"]) for one in CATEGORIES),
    label_ids=tuple(int(one["id"]) for one in CATEGORIES),
)
LABEL_OF = {number: label for label, number in enumerate(INFO.label_ids)}
SIZE = (10, 16)


def found(*objects):
    """Rows 2 to 8 of so many columns each: left, right, label, score."""
    masks = np.zeros((len(objects), *SIZE), dtype=bool)
    for mask, (left, right, _, _) in zip(masks, objects, strict=True):
        mask[2:8, left:right] = True
    rles = encode(masks)
    labels, scores = np.array([o[2] for o in objects], int), np.array([o[3] for o in objects], float)
    return Instances(masks=rles, boxes=boxes(rles), labels=labels, scores=scores, size=SIZE)


def written(folder, images, *, info=INFO, **settings):
    """The JSON's content and the file read again, of images by id: class maps, or objects."""
    instances = any(isinstance(one, Instances) for one in images.values())
    submission = start("coco_panoptic", folder, info, split="val", instances=instances, **settings)
    for image_id, one in images.items():
        objects = one if isinstance(one, Instances) else None
        submission.add(image_id, np.zeros(SIZE, np.uint8) if objects is not None else one, objects)
    submission.finish()
    path = folder / "panoptic.json"
    return json.loads(path.read_text()), PanopticFile(path, predicted=True)


def test_classes_come_back_as_a_segment_each_and_what_is_none_stays_black(tmp_path):
    classes = np.random.default_rng(0).integers(0, 3, SIZE).astype(np.uint8)
    classes[:, :4] = 255
    content, file = written(tmp_path, {"139": classes})
    assert list(content) == ["annotations"]
    [annotation] = content["annotations"]
    assert annotation["image_id"] == 139 and annotation["file_name"] == "139.png"
    assert [one["category_id"] for one in annotation["segments_info"]] == [1, 18, 200]
    with Image.open(tmp_path / "panoptic" / "139.png") as picture:
        assert picture.mode == "RGB"
        red, green, blue = np.moveaxis(np.asarray(picture).astype(int), -1, 0)
    numbers = red + 256 * green + 65536 * blue
    category_of = {one["id"]: one["category_id"] for one in annotation["segments_info"]} | {0: 0}
    assert max(category_of) > 65535
    expected = np.select([classes == 0, classes == 1, classes == 2], [1, 18, 200], 0)
    assert np.array_equal(np.vectorize(category_of.get)(numbers), expected)
    segments = file.segments("139", label_of=LABEL_OF, size=SIZE)
    assert np.array_equal(class_map(segments, void=255), classes)


def test_objects_come_back_painted_by_score_without_those_that_keep_too_little(tmp_path):
    objects = found((0, 6, 0, 0.6), (4, 10, 0, 0.9), (3, 10, 1, 0.55), (12, 16, 1, 0.4))
    content, file = written(tmp_path, {"a/7": objects})
    [annotation] = content["annotations"]
    assert annotation["image_id"] == "a/7" and annotation["file_name"] == "a/7.png"
    assert [one["category_id"] for one in annotation["segments_info"]] == [1, 1]
    segments = file.segments("a/7", label_of=LABEL_OF, size=SIZE)
    first, second = (one["id"] for one in annotation["segments_info"])
    assert segments.id_map[5].tolist() == [second] * 4 + [first] * 6 + [0] * 6
    assert not segments.id_map[[0, 1, 8, 9]].any(), "pixels without an object are void"
    _, file = written(tmp_path / "all", {"7": objects}, score=0.4, overlap=1.0)
    expected = InstancePrediction(objects, INFO, semantic_score=0.4).numpy()
    again = file.segments("7", label_of=LABEL_OF, size=SIZE)
    assert np.array_equal(class_map(again, void=255), expected) and sorted(again.labels.tolist()) == [0, 0, 1]


def test_an_image_of_nothing_has_a_black_map_and_no_segments(tmp_path):
    _, file = written(tmp_path, {"1": np.full(SIZE, 255, np.uint8), "2": np.zeros(SIZE, np.uint8)})
    assert len(file.segments("1", label_of=LABEL_OF, size=SIZE)) == 0
    assert len(file.segments("2", label_of=LABEL_OF, size=SIZE)) == 1
    _, file = written(tmp_path / "objects", {"1": found((0, 4, 0, 0.1))})
    assert len(file.segments("1", label_of=LABEL_OF, size=SIZE)) == 0


def test_pixels_without_an_object_are_background_where_that_is_a_class(tmp_path):
    info = DatasetInfo(name="d", classes=("background", "disk"), palette=((0, 0, 0), (9, 9, 9)), things=(False, True))
    _, file = written(tmp_path, {"1": found((0, 4, 1, 0.9))}, info=info)
    segments = file.segments("1", label_of={0: 0, 1: 1}, size=SIZE)
    assert np.array_equal(class_map(segments, void=255) == 0, segments.id_map != segments.id_map[2, 0])
    assert segments.areas.sum() == SIZE[0] * SIZE[1]


def test_frames_of_cityscapes_are_called_as_its_own_panoptic_files_call_them(tmp_path):
    info = Cityscapes(root=draw_cityscapes(tmp_path / "drawn", per_city=1)).info
    content, _ = written(tmp_path, {"ulm/ulm_000001_000019": np.full(SIZE, 13, np.uint8)}, info=info)
    [annotation] = content["annotations"]
    assert annotation["image_id"] == "ulm_000001_000019" and (tmp_path / "panoptic" / annotation["file_name"]).is_file()
    assert annotation["segments_info"] == [{"id": 0 + 0 * 256 + 142 * 65536, "category_id": 26}]


def test_what_the_network_cannot_tell_is_named_once(tmp_path):
    [warning] = start("coco_panoptic", tmp_path, INFO, split="val", instances=False).warnings
    assert "tells no objects apart: in each image all pixels of person, dog are one segment" in warning
    [warning] = start("coco_panoptic", tmp_path, INFO, split="val", instances=True).warnings
    assert "finds objects alone: grass-merged get no segment" in warning
    disks = DatasetInfo(name="d", classes=("background", "disk"), palette=((0, 0, 0),) * 2, things=(False, True))
    assert not start("coco_panoptic", tmp_path, disks, split="val", instances=True).warnings


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    submission = start("coco_panoptic", tmp_path, INFO, split="val", instances=False)
    (tmp_path / "panoptic.json").mkdir()
    with pytest.raises(UserError, match=r"panoptic\.json' cannot be written"):
        submission.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["panoptic.json"]


def test_the_true_classes_of_genuine_images_score_fully_but_for_the_objects_in_them(tmp_path, real_data):
    sample = real_data / "coco_panoptic_sample"
    data = CocoPanopticDataModule(root=sample, annotations="panoptic_gt.json", images="images")
    samples = data.test_samples()
    submission = start("coco_panoptic", tmp_path, data.info, split="val", instances=False)
    for index, image_id in enumerate(samples.image_ids()):
        submission.add(image_id, samples.semantic(index).numpy(), None)
    submission.finish()
    files = PanopticFiles(tmp_path / "panoptic.json", samples, data.info, split="val")
    scores = files.score(OmegaConf.create({"boundary_tolerance": 2}), {}).scores
    assert scores["miou"] == scores["pixel_accuracy"] == scores["pq_stuff"] == 1.0
    assert 0 < scores["pq_things"] < 0.9
