"""`segladder data check`: what it says, what it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from drawn_coco import draw_coco
from drawn_faults import draw_clean, plant
from drawn_panoptic import draw_panoptic
from drawn_sets import draw_cells
from segladder.commands.data import run


def test_a_clean_set_ends_with_0_and_leaves_a_page(segladder, tmp_path):
    root = draw_clean(tmp_path / "set")
    ran = segladder("data", "check", "data=folder", f"data.root={root}", "strict=true")
    assert (ran.code, ran.err) == (0, "")
    assert "set: 20 images read in " in ran.out and "Nothing was found.\n" in ran.out
    assert re.search(r"^leaf +33\.33% +33\.33% +33\.33%$", ran.out, re.MULTILINE)
    assert "train      12        12     48x64   48x64    48x64               1\n" in ran.out
    folder = tmp_path / "outputs/data/check-set"
    assert f"Wrote {folder.relative_to(tmp_path)}/index.html and check.json" in ran.out
    assert json.loads((folder / "check.json").read_text())["verdict"] == "clean"
    assert (folder / "index.html").read_text().startswith("<!doctype html>")


def test_faults_end_with_1_and_the_copy_is_clean_and_can_be_trained_on(segladder, tmp_path):
    root = draw_clean(tmp_path / "set")
    plant(root)
    ran = segladder("data", "check", "data=folder", f"data.root={root}", f"fix={tmp_path / 'copy'}", "output=page")
    assert (ran.code, ran.err) == (1, "")
    assert (
        "ERROR   label values outside the classes: 1\n"
        "        labels/004.png: value 7 (10 pixels)\n"
        "        -> Name the missing classes or the ignore_index in dataset.json, or map the values with"
        " data.label_map.\n"
    ) in ran.out
    assert "10 errors, 4 warnings\n" in ran.out
    assert (tmp_path / "page/index.html").is_file()
    copy = ("data=folder", f"data.root={tmp_path / 'copy'}")
    assert f"  segladder train {' '.join(copy)} data.batch_size=4\n" in ran.out

    again = segladder("data", "check", *copy, "strict=true", "workers=0")
    assert again.code == 1 and "0 errors, 1 warning\n" in again.out, again.text
    words = ("model=unet_lab", "debug=fast", "runtime.threads=1", "data.batch_size=2", "augment.crop=[32,32]")
    trained = segladder("train", *copy, "augment=standard", *words)
    assert trained.code == 0, trained.text
    assert "looks wrong" not in trained.text


def _again(root: Path, map_of: Callable[[NDArray[np.uint8]], NDArray[Any]], names: str = "*") -> None:
    """Stores labels anew."""
    for path in root.glob(f"labels/{names}.png"):
        Image.fromarray(map_of(np.asarray(Image.open(path)))).save(path)


_PALETTE = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], dtype=np.uint8)

STORED = {
    "spread over the greys": lambda label: np.array([0, 127, 255], dtype=np.uint8)[label],
    "colours": lambda label: _PALETTE[label],
    "counted from 1": lambda label: label + 1,
    "times 256": lambda label: label.astype(np.uint16) * 256,
}


@pytest.mark.parametrize(
    ("stored", "names"), [(one, "*") for one in STORED] + [("counted from 1", "001"), ("colours", "001")]
)
def test_labels_stored_wrongly_are_found_and_mended_and_their_copy_ends_with_0(tmp_path, capsys, stored, names):
    root, copy = draw_clean(tmp_path / "set", counts={"train": 4, "val": 1, "test": 1}), tmp_path / "copy"
    labels = {path.name: np.asarray(Image.open(path)) for path in root.glob("labels/*.png")}
    _again(root, STORED[stored], names)

    words = (f"output={tmp_path / 'page'}", "workers=0")
    assert run(["check", "data=folder", f"data.root={root}", f"fix={copy}", *words]) == 1
    said = capsys.readouterr().out
    count = 6 if names == "*" else 1
    assert f"Corrected:\n{count:>7,}  labels " in said and "Left out:" not in said, said
    assert run(["check", "data=folder", f"data.root={copy}", "strict=true", *words]) == 0, capsys.readouterr().out
    for path in copy.glob("labels/*/*.png"):
        assert np.array_equal(np.asarray(Image.open(path)), labels[path.name])


def test_a_coco_set_with_faults_ends_with_1_and_its_copy_with_0(tmp_path, capsys):
    root, copy = draw_coco(tmp_path / "set", counts={"train2017": 8, "val2017": 2}), tmp_path / "copy"
    draw = np.random.default_rng(4)
    for path in root.glob("*2017/*.png"):  # as drawn, they are copies of each other
        Image.fromarray(draw.integers(0, 255, (*Image.open(path).size[::-1], 3)).astype(np.uint8)).save(path)
    listing = root / "annotations/instances_train2017.json"
    content = json.loads(listing.read_text())
    objects = content["annotations"]
    objects[0]["category_id"] = 99
    objects[1]["bbox"] = [0, 0, 5, 5]
    objects[2]["area"] = 0
    objects[3]["segmentation"] = [[200, 200, 210, 200, 210, 210]]
    listing.write_text(json.dumps(content))
    (root / "train2017/train2017_003.png").write_bytes(b"x")
    (root / "train2017/train2017_004.png").unlink()
    Image.fromarray(draw.integers(0, 255, (8, 8)).astype(np.uint8)).save(root / "train2017/unlisted.png")
    tagged = Image.open(root / "train2017/train2017_006.png")
    exif = tagged.getexif()
    exif[0x0112] = 6
    tagged.save(root / "train2017/train2017_006.png", exif=exif)

    words = (f"output={tmp_path / 'page'}", "workers=0")
    assert run(["check", "data=coco", f"data.root={root}", f"fix={copy}", *words]) == 1
    said = capsys.readouterr().out
    found = {group["kind"] for group in json.loads((tmp_path / "page/check.json").read_text())["findings"]}
    faults = {"annotation", "box", "area", "empty-object", "unreadable-image", "missing-image", "unlisted-image"}
    assert faults | {"exif-size"} <= found
    _, corrected, left_out = re.split("Corrected:|Left out:", said)
    assert all(title in corrected for title in ("boxes that", "area is not their mask's", "EXIF rotation")), corrected
    assert all(title in left_out for title in ("cannot be read", "make no sense", "do not list", "without an image"))
    assert "Wrote " in said and ": 6 of 8 images of train2017, 2 of 2 images of val2017\n" in said
    command = said.splitlines()[-1]
    code = run(["check", *shlex.split(command)[2:], "strict=true", *words])
    assert code == 0, capsys.readouterr().out


def test_objects_with_faults_end_with_1_and_their_copy_with_0(tmp_path, capsys):
    root, copy = draw_cells(tmp_path / "set"), tmp_path / "copy"
    draw = np.random.default_rng(4)
    for path in root.glob("images/*/*.png"):
        Image.fromarray(draw.integers(0, 255, (40, 48)).astype(np.uint8)).save(path)
    (root / "instances/train/00.png").unlink()
    (root / "images/train/03.png").unlink()
    ids = np.asarray(Image.open(root / "instances/train/01.png")).copy()
    ids[:, :] = 7  # one object, most of it on the background
    Image.fromarray(ids).save(root / "instances/train/01.png")
    Image.open(root / "images/train/02.png").convert("CMYK").save(root / "images/train/02.jpg")
    (root / "images/train/02.png").unlink()

    words = (f"output={tmp_path / 'page'}", "workers=0")
    assert run(["check", "data=folder", f"data.root={root}", f"fix={copy}", *words]) == 1
    said = capsys.readouterr().out
    found = {group["kind"] for group in json.loads((tmp_path / "page/check.json").read_text())["findings"]}
    assert {"missing-ids", "orphan-label", "object-class", "channels"} <= found
    assert "Corrected:" not in said and ": 2 of 5 images of train, 3 of 3 images of val" in said
    assert run(["check", "data=folder", f"data.root={copy}", *words]) == 0, capsys.readouterr().out


def test_long_class_names_are_cut_in_the_terminal_and_none_of_their_shares_is_rounded_to_nothing(tmp_path, capsys):
    root, long = draw_clean(tmp_path / "set", counts={"train": 2, "val": 2, "test": 2}), "stem " * 12
    (root / "dataset.json").write_text(json.dumps({"classes": ["background", "leaf", long.strip(), "bud"]}))
    _again(root, lambda label: np.pad(label, ((0, 200), (0, 200))), "000")
    Image.fromarray(np.zeros((248, 264, 3), dtype=np.uint8)).save(root / "images/000.png")
    bud = np.asarray(Image.open(root / "labels/000.png")).copy()
    bud[-1, -1] = 3
    Image.fromarray(bud).save(root / "labels/000.png")
    run(["check", "data=folder", f"data.root={root}", f"output={tmp_path / 'page'}", "workers=0"])
    said = capsys.readouterr().out
    assert re.search(r"^stem stem stem stem stem stem stem st\.\.\.  ", said, re.MULTILINE)
    assert re.search(r"^bud +<0.01% +- +-$", said, re.MULTILINE)


def test_what_cannot_be_read_is_skipped_and_recorded(segladder, tmp_path):
    root = draw_clean(tmp_path / "set")
    for name in ("images/003", "labels/013", "images/017"):
        (root / f"{name}.png").write_bytes(b"no picture")
    words = ("data=folder", f"data.root={root}", "model=unet_lab", "runtime.threads=1", "data.batch_size=4")
    words += ("trainer.max_epochs=1", "logger=csv", "callbacks.pictures.count=1", "data.num_workers=1")
    ran = segladder("train", *words, "data.on_bad_sample=skip")
    assert ran.code == 0, ran.text
    assert ran.text.count("is skipped (data.on_bad_sample=skip)") == 1
    [result] = Path(tmp_path / "outputs/single").glob("*/result.json")
    told = json.loads(result.read_text())["data"]["skipped"]
    assert told["count"] == 3
    assert [(one["split"], one["image_id"]) for one in told["samples"]] == [
        ("test", "017"),
        ("train", "003"),
        ("val", "013"),
    ]


def test_settings_that_make_no_sense(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = draw_clean(tmp_path / "set", counts={"train": 2, "val": 2, "test": 2})
    (tmp_path / "mine.txt").write_text("mine")
    for word, told in (
        ("workers=many", "segladder: workers is 'many'. Give a number of processes, 0 for none, or auto."),
        ("strict=maybe", "segladder: strict is 'maybe'. Give true or false."),
        ("fixx=there", "segladder: 'fixx=there' has no effect on segladder data check: did you mean 'fix'?"),
        (f"fix={root}/new", "is never written to. Name another folder."),
        ("fix=mine.txt/new", "fix='mine.txt/new' cannot be written (Not a directory). Name another folder"),
        ("output=set/labels", "lies in data.root"),
        ("output=mine.txt", "cannot be written (File exists). Name another folder: output=DIR."),
    ):
        code = run(["check", "data=folder", f"data.root={root}", word, *(["workers=0"] * (word[:7] != "workers"))])
        said = capsys.readouterr()
        assert code == 1 and told in said.err, (word, said.out + said.err)


def test_ctrl_c_ends_it_at_once_and_leaves_no_process(start, tmp_path):
    root = draw_clean(tmp_path / "set", counts={"train": 1, "val": 1, "test": 1})
    for number in range(3000):
        for kind in ("images", "labels"):
            os.link(root / kind / "000.png", root / kind / f"again{number}.png")
    (root / "splits/train.txt").write_text("".join(f"again{number}\n" for number in range(3000)))
    running = start(("data", "check", "data=folder", f"data.root={root}", "workers=2"))

    def children() -> list[int]:
        path = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    running.wait_for(lambda: len(children()) == 2)
    theirs = children()
    running.send(signal.SIGINT)
    ran = running.done(timeout=20)
    assert (ran.code, ran.err) == (130, "Stopped.\n")
    assert not [pid for pid in theirs if Path(f"/proc/{pid}").exists()]
    assert not list((tmp_path / "outputs").rglob("index.html"))


@pytest.mark.parametrize("words", [(), ("output=page",)])
def test_a_check_that_ends_in_an_error_says_so_in_place_of_what_was_found_before(tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    root = draw_clean(tmp_path / "set", counts={"train": 2, "val": 2, "test": 2})
    content = json.loads((root / "dataset.json").read_text())
    (root / "dataset.json").write_text(json.dumps(content | {"name": "leaves"}))
    folder = Path("page" if words else "outputs/data/check-leaves")
    command = ["check", "data=folder", f"data.root={root}", "workers=0", *words]
    assert run(command) == 0
    told = json.loads((folder / "check.json").read_text())
    assert (told["verdict"], told["error"]) == ("clean", None)
    before = told.keys()
    (root / "dataset.json").write_text('{"classes": [')
    capsys.readouterr()

    assert run(command) == 1

    said = capsys.readouterr().err.removeprefix("segladder: ").strip()
    told = json.loads((folder / "check.json").read_text())
    assert (told["verdict"], told["error"], told["errors"]) == ("error", said, 1) and "dataset.json" in said
    assert told.keys() == before
    assert not (folder / "index.html").exists()


def test_a_panoptic_set_is_checked_before_it_is_said_that_it_cannot_be_copied(tmp_path, capsys):
    root = draw_panoptic(tmp_path / "set")
    words = ("data=coco_panoptic", f"data.root={root}", f"output={tmp_path / 'page'}", "workers=0")
    assert run(["check", *words, f"fix={tmp_path / 'copy'}", "data.on_bad_sample=skip"]) == 1
    said = capsys.readouterr()
    assert said.err == (
        "segladder: fix= cannot copy 'coco_panoptic': panoptic sets are checked, and not copied. Leave fix= out.\n"
    )
    assert "data.on_bad_sample=skip has no effect here: all that cannot be read is named.\n" in said.out
    assert (tmp_path / "page/index.html").is_file() and (tmp_path / "page/check.json").is_file()
    assert not (tmp_path / "copy").exists()
