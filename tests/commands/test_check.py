"""`segladder data check`: what it says, what it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

from drawn_faults import draw_clean, plant
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
    assert f"  segladder train {' '.join(copy)}\n" in ran.out

    again = segladder("data", "check", *copy, "strict=true", "workers=0")
    assert again.code == 1 and "0 errors, 1 warning\n" in again.out, again.text
    words = ("model=unet_lab", "debug=fast", "runtime.threads=1", "data.batch_size=2", "augment.crop=[32,32]")
    trained = segladder("train", *copy, "augment=standard", *words)
    assert trained.code == 0, trained.text
    assert "looks wrong" not in trained.text


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
