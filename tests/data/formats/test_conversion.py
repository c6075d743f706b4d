import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from segladder.data.errors import DataError
from segladder.data.formats.conversion import convert


@pytest.fixture
def coco(tmp_path) -> Path:
    """Two images with objects of three classes, and one without; their pictures beside."""
    names = ["train/a b.png", "train/c.png", "val/ü.png"]
    images = [
        {"id": 10 + index, "file_name": name, "height": 6, "width": 8 + index} for index, name in enumerate(names)
    ]
    annotations = []
    for image, category, x in ((10, 1, 0), (10, 5, 4), (12, 9, 0), (12, 5, 4)):
        corners = [x, 1, x + 3, 1, x + 3, 5, x, 5]
        entry = {"id": len(annotations) + 1, "image_id": image, "category_id": category, "bbox": [x, 1, 3, 4]}
        annotations.append({**entry, "segmentation": [corners]})
    categories = [{"id": number, "name": name} for number, name in ((1, "cat"), (5, "dog"), (9, "sea lion"))]
    root = tmp_path / "coco"
    for image in images:
        (root / "images" / image["file_name"]).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (image["width"], 6)).save(root / "images" / image["file_name"])
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "instances.json").write_text(json.dumps(content))
    return root


def content_of(folder):
    return json.loads((folder / "instances.json").read_text())


@pytest.mark.parametrize("word", ["voc", "yolo", "ids"])
def test_ids_and_names_survive_a_detour(coco, tmp_path, word):
    convert(coco, tmp_path / "there", from_="coco", to=word)
    done = convert(tmp_path / "there", tmp_path / "back", from_=word, to="coco")
    before, after = content_of(coco), content_of(tmp_path / "back")
    assert after["categories"] == before["categories"] and done.losses == []
    assert sorted(after["images"], key=lambda image: image["id"]) == [
        {**image, **({"depth": 3} if word == "voc" else {})} for image in before["images"]
    ]

    def seen(content):
        return sorted((entry["image_id"], entry["category_id"], entry["bbox"]) for entry in content["annotations"])

    assert seen(after) == seen(before)


def test_classes_are_picked_and_put_in_order(coco, tmp_path):
    done = convert(coco, tmp_path / "out", from_="coco", to="yolo", classes=("sea lion", "cat"))
    lines = {path.name: path.read_text().split(" ")[0] for path in (tmp_path / "out/labels").rglob("*.txt")}
    assert lines == {"a b.txt": "1", "c.txt": "", "ü.txt": "0"}
    assert done.classes == 2 and done.losses == [
        "2 objects of other classes are left out: classes= does not name theirs"
    ]
    with pytest.raises(DataError, match=r"classes= names 'cta', which is no class of this set. It has cat, dog, sea"):
        convert(coco, tmp_path / "other", from_="coco", to="yolo", classes=("cta",))
    assert not (tmp_path / "other").exists()


def test_only_listed_images_are_converted(coco, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("train/a b\r\n\r\nval/ü.png\r\n", encoding="utf-8")
    done = convert(coco, tmp_path / "out", from_="coco", to="voc", only=listed)
    assert done.images == 2 and not (tmp_path / "out/Annotations/train/c.xml").exists()
    listed.write_text("train/a b\ntrain/d\n")
    with pytest.raises(DataError, match=r"list.txt' line 2 names 'train/d', which is no image of this set"):
        convert(coco, tmp_path / "other", from_="coco", to="voc", only=listed)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(("word", "folder"), [("voc", "JPEGImages"), ("yolo", "images"), ("ids", "images")])
def test_pictures_are_brought_to_where_the_layout_has_them(coco, tmp_path, word, folder):
    convert(coco, tmp_path / "copied", from_="coco", to=word, pictures="copy")
    assert (tmp_path / "copied" / folder / "train/a b.png").read_bytes() == (coco / "images/train/a b.png").read_bytes()
    convert(coco, tmp_path / "linked", from_="coco", to=word, pictures="link", images=coco / "images")
    assert (tmp_path / "linked" / folder / "val/ü.png").is_symlink()
    (coco / "images/train/c.png").unlink()
    with pytest.raises(DataError, match=r"Image 'train/c.png' cannot be brought along: .* is not there"):
        convert(coco, tmp_path / "none", from_="coco", to=word, pictures="copy")
    assert not (tmp_path / "none").exists()


def test_images_of_one_name_with_two_suffixes_are_told(coco, tmp_path):
    content = content_of(coco)
    content["images"][1]["file_name"] = "train/a b.jpg"
    (coco / "instances.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"'train/a b.png' and 'train/a b.jpg' differ in their suffix alone"):
        convert(coco, tmp_path / "out", from_="coco", to="yolo")


def test_real_annotations_come_back_from_yolo_pixel_by_pixel(real_data, tmp_path):
    source = real_data / "coco_tiny/annotations/instances_val2017.json"
    there = convert(source, tmp_path / "yolo", from_="coco", to="yolo")
    back = convert(tmp_path / "yolo", tmp_path / "coco", from_="yolo", to="coco")
    old, new = COCO(str(source)), COCO(str(tmp_path / "coco/instances.json"))
    assert old.cats == new.cats and set(old.getImgIds()) == set(new.getImgIds()) and back.losses == []
    crowds = 0
    for number in old.getImgIds():
        single = [entry for entry in old.imgToAnns[number] if not entry["iscrowd"]]
        crowds += len(old.imgToAnns[number]) - len(single)
        assert len(single) == len(new.imgToAnns[number])
        for entry, other in zip(single, new.imgToAnns[number], strict=True):
            assert entry["category_id"] == other["category_id"]
            assert np.array_equal(old.annToMask(entry), new.annToMask(other))
    assert f"{crowds} crowds are left out: YOLO has no crowds" in there.losses


def test_real_voc_objects_come_back_from_xml_as_their_boxes(real_data, tmp_path):
    source = real_data / "voc_labelme/coco_annotations.json"
    convert(source, tmp_path / "voc", from_="coco", to="voc")
    convert(tmp_path / "voc", tmp_path / "coco", from_="voc", to="coco")
    old, new = COCO(str(source)), COCO(str(tmp_path / "coco/instances.json"))
    for number in old.getImgIds():
        for entry, other in zip(old.imgToAnns[number], new.imgToAnns[number], strict=True):
            assert entry["category_id"] == other["category_id"]
            assert other["bbox"] == pytest.approx(entry["bbox"], abs=1)
