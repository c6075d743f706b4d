"""A folder is read as what lies in it, and a JSON object that is no prediction is told what it is."""

from __future__ import annotations

import json

import pytest

from drawn_panoptic import draw_panoptic
from segladder.commands.evaluate import run as evaluate
from segladder.inference.submissions.cityscapes import is_instance_folder
from segladder.runs.panoptic_scoring import is_panoptic_file
from segladder.runs.prediction_kind import refuse_other_objects, scored_path
from segladder.types import UserError

PANOPTIC = '{"annotations": [{"image_id": 1, "file_name": "1.png", "segments_info": []}]}'
TEXT = "frankfurt_000000_000294.txt"


def fill(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "instances"),
    [
        ({TEXT: ""}, True),
        ({TEXT: "", "masks/old.png": ""}, True),
        ({TEXT: "", "aachen/aachen_000000_000019.png": ""}, False),
        ({"read_me_first.txt": ""}, False),
        ({TEXT: "seen by nobody yet"}, False),
        ({TEXT: "", "frankfurt_000000_000576.txt": "masks/a.png 26 0.9\n"}, True),
    ],
)
def test_text_files_of_images_are_instances_although_nothing_was_found(tmp_path, files, instances):
    assert is_instance_folder(fill(tmp_path, files)) == instances


@pytest.mark.parametrize(
    ("files", "meant"),
    [
        ({"results.json": "[]"}, "results.json"),
        ({"panoptic.json": PANOPTIC, "panoptic/1.png": ""}, "panoptic.json"),
        ({"panoptic.json": PANOPTIC, "panoptic/1.png": "", "2.png": ""}, "."),
        ({"labels.json": "{}", "labels/1.png": ""}, "."),
        ({"predictions.json": "{}", "instances.json": "[]"}, "."),
        ({TEXT: "", "notes.json": "[]"}, "."),
        ({"1.png": "", "results.json": "[]"}, "."),
        ({}, "."),
    ],
)
def test_a_folder_stands_for_the_one_file_of_predictions_in_it(tmp_path, files, meant):
    assert (
        scored_path(fill(tmp_path / "handed", files) if files else tmp_path / "handed") == tmp_path / "handed" / meant
    )


def test_several_json_files_are_named(tmp_path):
    folder = fill(tmp_path, {"a.json": "[]", "b.json": "[]"})
    with pytest.raises(
        UserError, match=r"holds 2 JSON files: 'a\.json', 'b\.json'\. Name .*: predictions=.*/a\.json\."
    ):
        scored_path(folder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '{"version": "5", "shapes": []}',
            "another tool's file, an object with 'shapes', 'version'. COCO results are a",
        ),
        ("{}", "another tool's file, an object. COCO results are a list of detections"),
        (
            '{"images": [], "annotations": [{"image_id": 1, "bbox": [0, 0, 1, 1]}], "categories": []}',
            "it is an annotation file, with images, annotations and categories. COCO results are a list of detections",
        ),
        ('{"annotations": [', "broken JSON"),
    ],
)
def test_objects_that_are_no_predictions_are_told_what_they_are(tmp_path, text, told):
    (tmp_path / "odd.json").write_text(text)
    assert is_panoptic_file(tmp_path / "odd.json")
    with pytest.raises(UserError) as error:
        refuse_other_objects(tmp_path / "odd.json")
    assert told in str(error.value)


def test_a_panoptic_file_is_left_to_its_own_advice(tmp_path):
    (tmp_path / "pred.json").write_text(PANOPTIC)
    refuse_other_objects(tmp_path / "pred.json")


def test_an_empty_list_is_no_panoptic_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    root = draw_panoptic(tmp_path / "coco")
    (tmp_path / "empty.json").write_text(json.dumps([]))
    words = ["predictions=empty.json", "data=coco_panoptic", f"data.root={root}", "runtime.threads=1"]
    assert evaluate(words) == 1
    assert "'empty.json' is an empty list and no panoptic file, which is an object with" in capsys.readouterr().err
    assert not (tmp_path / "outputs").exists()
    assert evaluate([*words, "task=instance", "metric=mask_ap"]) == 0, "where it is typed, nothing was found"
