"""EXIF rotations in a corrected copy: the pair agrees, or nothing is guessed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from drawn_coco import draw_coco
from drawn_faults import draw_clean
from drawn_sets import draw_cells
from segladder.data.doctor.destination import destination
from segladder.data.doctor.fix import write_fixed
from segladder.data.doctor.upright import write_without_tag
from segladder.data.readers.coco import Coco


def written(checkup, path):
    return "\n".join(write_fixed(checkup, destination(str(path), checkup.survey.root), workers=0))


def tag(path, orientation, *, suffix=".png", **options):
    """Stores an image so that its tag turns it into what it was; what the file holds."""
    image = Image.open(path)
    turns = {3: 2, 6: 1, 8: 3}[orientation]
    stored = np.ascontiguousarray(np.rot90(np.asarray(image), turns))
    exif = image.getexif()
    exif[0x0112] = orientation
    path.unlink()
    Image.fromarray(stored).save(path.with_suffix(suffix), exif=exif, **options)
    return np.asarray(Image.open(path.with_suffix(suffix)))


def turn(path):
    Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(Image.open(path))))).save(path)


def pixels(path):
    """What the file holds, and its orientation."""
    with Image.open(path) as image:
        return np.asarray(image), image.getexif().get(0x0112, 1)


@pytest.mark.parametrize(("suffix", "options"), [(".png", {}), (".jpg", {"quality": 90})])
def test_the_image_is_turned_or_only_loses_its_tag_as_its_label_says(tmp_path, examine, kinds, suffix, options):
    root, copy = draw_clean(tmp_path / "set", counts={"train": 3, "val": 1, "test": 1}), tmp_path / "copy"
    shown = {name: tag(root / f"images/{name}.png", 6, suffix=suffix, **options) for name in ("000", "001")}
    turn(root / "labels/001.png")  # drawn on what the file holds
    labels = {name: np.asarray(Image.open(root / f"labels/{name}.png")) for name in shown}
    checkup = examine(root)
    assert kinds(checkup) == {"exif-size": 1}

    told = written(checkup, copy)

    upright, orientation = pixels(copy / "images/train/000.png")
    assert orientation == 1 and np.array_equal(upright, np.rot90(shown["000"], -1))
    # a JPEG is not even encoded anew
    stored, orientation = pixels(copy / f"images/train/001{suffix}")
    assert orientation == 1 and np.array_equal(stored, shown["001"])
    for name, label in labels.items():
        assert np.array_equal(np.asarray(Image.open(copy / f"labels/train/{name}.png")), label)
    assert "Corrected:\n      1  labels drawn without the image's EXIF rotation\n" in told
    assert "The copy was looked at again: nothing was found." in told


def test_where_sizes_cannot_tell_image_and_label_stay_as_they_are(tmp_path, examine, kinds):
    root, copy = draw_clean(tmp_path / "set"), tmp_path / "copy"
    tag(root / "images/001.png", 3)
    for name in ("002", "003"):
        for kind in ("images", "labels"):
            Image.fromarray(np.asarray(Image.open(root / kind / f"{name}.png"))[:, :48]).save(
                root / kind / f"{name}.png"
            )
        tag(root / f"images/{name}.png", 8)
    turn(root / "labels/003.png")
    checkup = examine(root)
    assert kinds(checkup) == {"exif": 3}

    told = written(checkup, copy)

    for name in ("001", "002", "003"):
        assert (copy / f"images/train/{name}.png").read_bytes() == (root / f"images/{name}.png").read_bytes()
        label = np.asarray(Image.open(root / f"labels/{name}.png"))
        assert np.array_equal(np.asarray(Image.open(copy / f"labels/train/{name}.png")), label)
    assert (
        "Left as it is:\n      3  images with an EXIF rotation that sizes do not tell: sizes fit either way, so nothing"
        " tells how the labels were drawn; the tag stays\n"
    ) in told
    assert "0 errors, 3 warnings" in told


def test_label_and_id_map_that_were_drawn_on_different_sides_are_left_out(tmp_path, examine):
    root = draw_cells(tmp_path / "cells")
    for name in ("00", "01", "03"):
        tag(root / f"images/train/{name}.png", 6)
    turn(root / "labels/train/00.png")
    turn(root / "instances/train/01.png")
    for kind in ("labels", "instances"):
        turn(root / kind / "train/03.png")

    told = written(examine(root), tmp_path / "copy")

    there = {path.stem for path in (tmp_path / "copy/images/train").iterdir()}
    assert not {"00", "01"} & there and "03" in there
    assert Image.open(tmp_path / "copy/instances/train/03.png").size == (40, 48)
    assert "2  labels drawn without" in told.partition("Left out:")[2]


def test_a_coco_image_annotated_as_stored_loses_its_tag(tmp_path, examine, kinds):
    root, copy = draw_coco(tmp_path / "coco", counts={"train2017": 3, "val2017": 2}), tmp_path / "copy"
    for number, path in enumerate(sorted(root.glob("*2017/*.png"))):
        image = Image.open(path)
        image.putpixel((3, number), (number, 255, 0))
        image.save(path)
    one, other = root / "train2017/train2017_000.png", root / "train2017/train2017_001.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(one).save(one, exif=exif)
    Image.open(other).save(other.with_suffix(".jpg"), exif=exif, quality=90)
    other.unlink()
    listing = root / "annotations/instances_train2017.json"
    # names of Windows are read, and must be found again
    listing.write_text(listing.read_text().replace("train2017_001.png", "train2017_001.jpg"))
    content = json.loads(listing.read_text())
    content["images"][0]["file_name"] = r".\train2017_000.png"
    listing.write_text(json.dumps(content))
    checkup = examine(root, Coco)
    assert kinds(checkup)["exif-size"] == 2

    told = written(checkup, copy)

    for name in ("train2017_000.png", "train2017_001.jpg"):
        stored, orientation = pixels(copy / "train2017" / name)
        assert orientation == 1 and np.array_equal(stored, pixels(root / "train2017" / name)[0])
    assert ": 3 of 3 images of train2017" in told
    assert "exif-size" not in kinds(examine(copy, Coco))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16", "CMYK"])
def test_pixels_are_the_same_whatever_the_mode(tmp_path, mode):
    random = np.random.default_rng(1)
    values = random.integers(0, 65535, (6, 9)).astype(np.uint16)
    grey = Image.fromarray((values >> 8).astype(np.uint8))
    image = Image.fromarray(values) if mode == "I;16" else grey.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / ("a.b.jpg" if mode == "CMYK" else "a.b.png")
    image.save(path, exif=exif)
    image = Image.open(path)
    expected = np.asarray(image.convert("RGB") if mode in ("P", "CMYK") else image)
    for turned in (False, True):
        file = write_without_tag(path, tmp_path / f"to.{turned}", turned=turned)
        with Image.open(file) as written:
            assert file.stem == f"to.{turned}" and written.getexif().get(0x0112, 1) == 1
            found = np.asarray(written.convert("RGB") if written.mode == "CMYK" else written)
        assert np.array_equal(found, np.rot90(expected, -1) if turned else expected)
