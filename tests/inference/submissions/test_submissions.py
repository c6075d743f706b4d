"""What is handed in is what the benchmarks' own tools read, and read again it is what was predicted."""

import numpy as np
import pytest
from PIL import Image

from cityscapes_predictions import instances, write_instances
from drawn_sets import city_ids, city_objects, draw_cityscapes
from segladder.data.palette import distinct_colors
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.cityscapes_table import LABEL_IDS
from segladder.data.readers.voc import CLASSES
from segladder.inference.submissions import start
from segladder.inference.submissions.cityscapes import is_instance_folder, read_instances
from segladder.masks import boxes, decode, encode
from segladder.types import DatasetInfo, Instances, UserError

DISKS = DatasetInfo(name="disks", classes=("background", "disk"), palette=((0, 0, 0),) * 2, things=(False, True))
VOC = DatasetInfo(name="voc", classes=CLASSES, palette=distinct_colors(21), things=(False, *[True] * 20))


@pytest.fixture
def city(tmp_path):
    root = draw_cityscapes(tmp_path / "drawn")
    return root, Cityscapes(root=root).info


def found_in(ids):
    """The drawn predictions of an image, of Cityscapes' classes of objects; empty ones are among them."""
    found = [(m, LABEL_IDS.index(label), score) for m, label, score in instances(ids) if label in LABEL_IDS]
    masks = encode(np.stack([mask for mask, *_ in found]))
    labels, scores = (np.array([one[at] for one in found]) for at in (1, 2))
    return Instances(masks=masks, boxes=boxes(masks), labels=labels, scores=scores, size=ids.shape)


def test_label_ids_are_grey_files_in_one_folder_named_after_the_frame(city, tmp_path):
    _, info = city
    classes = np.array([[0, 18], [255, 13]], dtype=np.uint8)
    submission = start("cityscapes", tmp_path, info, split="val", instances=False)
    submission.add("ulm/ulm_000001_000019", classes, None)
    assert "1 labelIds file" in submission.finish()
    with Image.open(tmp_path / "ulm_000001_000019_labelIds.png") as picture:
        assert picture.mode == "L" and np.asarray(picture).tolist() == [[7, 33], [0, 26]]


def test_instances_come_back_as_they_were_written(city, tmp_path):
    _, info = city
    found = found_in(city_objects(2))
    assert any(not decode(mask).any() for mask in found.masks)
    nothing = Instances(masks=[], boxes=np.zeros((0, 4)), labels=np.zeros(0, int), scores=np.zeros(0), size=found.size)
    folder = tmp_path / "handed in"
    folder.mkdir()
    submission = start("cityscapes", folder, info, split="val", instances=True)
    submission.add("a/a_000000_000019", np.zeros(found.size, np.uint8), found)
    submission.add("a/a_000001_000019", np.zeros(found.size, np.uint8), nothing)
    submission.finish()
    assert is_instance_folder(folder)
    sizes = {"a/a_000000_000019": found.size, "a/a_000001_000019": found.size}
    again = read_instances(folder, info=info, sizes=sizes)
    one = again["a/a_000000_000019"]
    assert np.array_equal(one.labels, found.labels) and np.array_equal(one.scores, found.scores)
    assert all(np.array_equal(decode(x), decode(y)) for x, y in zip(one.masks, found.masks, strict=True))
    assert len(again["a/a_000001_000019"]) == 0


def test_files_of_any_tool_are_read_as_the_benchmark_reads_them(city, tmp_path):
    root, info = city
    write_instances(root / "gtFine" / "val", tmp_path / "theirs")
    stem = "frankfurt_000002_000019"
    # a mask of any value but 0, a class without objects
    Image.fromarray(np.eye(*city_ids(2).shape, dtype=np.uint8)).save(tmp_path / "theirs" / "masks" / "eye.png")
    with (tmp_path / "theirs" / f"{stem}.txt").open("a") as file:
        file.write("masks/eye.png 26.0 0.25\nmasks/eye.png 7 0.5\n\n")
    size = city_ids(2).shape
    found = read_instances(tmp_path / "theirs", info=info, sizes={f"frankfurt/{stem}": size})[f"frankfurt/{stem}"]
    expected = found_in(city_objects(2))
    assert found.labels.tolist() == [*expected.labels.tolist(), 13]
    assert found.scores.tolist() == pytest.approx([*expected.scores.tolist(), 0.25], abs=1e-6)
    assert np.array_equal(decode(found.masks[-1]), np.eye(*size, dtype=bool))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("masks/m.png 26", r"a_1_2\.txt', line 1: 'masks/m.png 26' is not 'MASK.png LABEL_ID SCORE'"),
        ("masks/m.png 26 nan", "line 1: the score is nan"),
        ("masks/none.png 26 0.5", r"the mask '.*none\.png' is not there"),
        ("../secret.png 26 0.5", "lies outside of"),
        ("masks/m.png 26 0.5", r"the mask '.*m\.png' is 3x4, but the image is 8x8 \(height x width\)"),
        ("masks/broken.png 26 0.5", r"broken\.png' cannot be decoded"),
    ],
)
def test_a_line_that_makes_no_sense_is_told_with_its_place(city, tmp_path, line, told):
    _, info = city
    folder = tmp_path / "theirs"
    (folder / "masks").mkdir(parents=True)
    Image.fromarray(np.ones((3, 4), np.uint8)).save(folder / "masks" / "m.png")
    (folder / "masks" / "broken.png").write_bytes(b"\x89PNG cut")
    (folder / "a_1_2.txt").write_text(f"{line}\n")
    with pytest.raises(UserError, match=told):
        read_instances(folder, info=info, sizes={"a/a_1_2": (8, 8)})


def test_a_missing_and_a_double_text_file_are_told(city, tmp_path):
    _, info = city
    with pytest.raises(UserError, match=r"no text file for 1 of the 1 images, such as 'a_1_2\.txt'"):
        read_instances(tmp_path, info=info, sizes={"a/a_1_2": (8, 8)})
    for name in ("a_1_2.txt", "a_1_2_pred.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(UserError, match="could both be the prediction"):
        read_instances(tmp_path, info=info, sizes={"a/a_1_2": (8, 8)})


def test_voc_gets_its_folders_and_colours_and_background_for_no_class(tmp_path):
    submission = start("voc", tmp_path, VOC, split="val", instances=False)
    submission.add("2007_000033", np.array([[0, 1], [20, 255]], dtype=np.uint8), None)
    assert "comp5 instead of comp6" in submission.finish()
    path = tmp_path / "results" / "VOC2012" / "Segmentation" / "comp6_val_cls" / "2007_000033.png"
    with Image.open(path) as picture:
        assert picture.mode == "P" and np.asarray(picture).tolist() == [[0, 1], [20, 0]]


@pytest.mark.parametrize(
    ("name", "instances", "told"),
    [
        (
            "cityscapes",
            False,
            r"Cityscapes' submissions are of its 19 classes, and 'disks' has others \(background, disk",
        ),
        ("voc", False, "VOC's submission is of its 21 classes"),
        ("coco", False, "this network names the class of each pixel alone"),
        ("kitti", False, "format is 'kitti'. Give cityscapes, voc, coco, coco_panoptic"),
    ],
)
def test_a_format_that_the_network_cannot_give_is_refused(tmp_path, name, instances, told):
    with pytest.raises(UserError, match=told):
        start(name, tmp_path, DISKS, split="val", instances=instances)
