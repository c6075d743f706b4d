"""`segladder data convert`."""

from __future__ import annotations

import json

import pytest

from drawn_sets import draw_sbd, draw_voc
from segladder.commands.convert import run


@pytest.fixture
def coco(tmp_path):
    content = {
        "images": [{"id": 1, "file_name": "a=b, c.jpg", "height": 6, "width": 8}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 3], "segmentation": [[1, 1, 5, 1, 5, 4]]}
        ],
        "categories": [{"id": 1, "name": "cat"}],
    }
    path = tmp_path / "in (1)" / "instances.json"
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    return path


def test_what_was_converted_and_lost_is_told(coco, tmp_path, capsys):
    assert run(["from=coco", f"input={coco}", "to=voc", f"output={tmp_path / 'v'}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"1 image with 1 object of 1 class: COCO json to Pascal VOC xml, into {tmp_path / 'v'}",
        "  1 mask becomes a box: VOC xml holds boxes only",
    ]
    assert run(["from=voc", f"input={tmp_path / 'v'}", "to=coco", f"output={tmp_path / 'c'}"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["  nothing is lost"]


def test_nothing_is_written_over_unasked(coco, tmp_path, capsys):
    words = ["from=coco", f"input={coco}", "to=yolo", f"output={tmp_path / 'y'}"]
    assert run(words) == 0 and run(words) == 1
    assert (
        "would be overwritten. Choose another folder with output=DIR, or add overwrite=true" in capsys.readouterr().err
    )
    assert run([*words, "overwrite=true", "shapes=boxes"]) == 0
    assert (tmp_path / "y/labels/a=b, c.txt").read_text() == "0 0.375 0.4166666667 0.5 0.5\n"


def test_help_names_every_setting(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"{key}=" in text for key in ("from", "to", "only", "pictures", "shapes", "faulty", "overwrite"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["from=cocoo"], "from is 'cocoo': did you mean 'coco'? It takes voc, yolo, coco, ids."),
        (["shapes=boxes"], "shapes=boxes has no effect on to=voc"),
        (["images=."], "images= has no effect on from=coco"),
        (["overwrite=yes"], "overwrite is 'yes'. It takes false, true."),
        (["from=sbd"], "from=sbd to=voc is no conversion: from=sbd goes to=voc_labels"),
        (["from=sbd", "to=voc_labels", "only=a"], "only= has no effect on from=sbd. Leave it out."),
        (["from=sbd", "to=voc_labels"], "is no SBD: 'cls' and 'inst' are neither in it"),
        (["clases=[a]"], "segladder data convert has no 'clases': did you mean 'classes'?"),
        (["classes=[cat,cat]"], "Give a list of different names"),
        (["classes=[dog]"], "classes= names 'dog', which is no class of this set"),
        (["only=none.txt"], "only=none.txt cannot be read"),
        (["input=none.json"], "input=none.json is not there"),
        (["output="], "output= has no value"),
        (["overwrite"], "'overwrite' is no setting. Write key=value"),
    ],
)
def test_mistakes_are_sentences(coco, tmp_path, capsys, words, said):
    usual = {"from": "coco", "input": str(coco), "to": "voc", "output": str(tmp_path / "out")}
    typed = {word.split("=")[0] for word in words}
    assert run([*(f"{key}={value}" for key, value in usual.items() if key not in typed), *words]) == 1
    told = capsys.readouterr().err
    assert said in told and len(told.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_sbd_becomes_vocs_augmented_labels(tmp_path, capsys):
    voc = draw_voc(tmp_path / "VOC2012")
    words = ["from=sbd", f"input={draw_sbd(tmp_path / 'dataset')}", "to=voc_labels", f"output={voc}"]
    assert run(words) == 1
    assert "would be overwritten. Choose another folder" in capsys.readouterr().err
    assert run([*words, "overwrite=true"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "12 images, 4 of them with SBD's labels, the others with VOC's own: train with data=voc"
        f" data.root={voc} data.train_split=train_aug"
    ]
