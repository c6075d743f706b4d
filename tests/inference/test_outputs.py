"""Overlays, and the list that says what made the files of a folder."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from segladder.inference import outputs
from segladder.inference.outputs import PredictionList, overlay_picture, reduced, start_list
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="set",
    classes=("road", "sky", "car"),
    palette=((200, 0, 0), (0, 200, 0), (0, 0, 200)),
    things=(False,) * 3,
    label_ids=(7, 23, 26),
)
MAKER = {"run": "1234", "inference": {"window": [512, 512]}}


def test_the_list_reads_back_and_tells_networks_apart(tmp_path):
    listing = PredictionList.of(INFO, "official", MAKER)
    listing.files["b/a.png"] = {"source": "a.jpg", "height": 2, "width": 3}
    listing.write(tmp_path)
    read = PredictionList.read(tmp_path)
    assert read == listing and read.alike(PredictionList.of(INFO, "official", MAKER))
    assert not read.alike(PredictionList.of(INFO, "train", MAKER))
    assert not read.alike(PredictionList.of(INFO, "official", MAKER | {"run": "5678"}))
    assert [entry["value"] for entry in read.classes] == [7, 23, 26]
    assert PredictionList.read(tmp_path / "b") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}', '{"schema": 1, "ids": "red"}'])
def test_a_damaged_list_is_told(tmp_path, content):
    (tmp_path / "predictions.json").write_text(content)
    with pytest.raises(UserError, match=r"predictions\.json' cannot be read"):
        PredictionList.read(tmp_path)


def test_a_list_of_a_later_version_is_refused(tmp_path):
    (tmp_path / "predictions.json").write_text(json.dumps({"schema": 2}))
    with pytest.raises(UserError, match="Update segladder"):
        PredictionList.read(tmp_path)


def begin(folder, *, maker=MAKER, names=("a",), overwrite=False):
    new = PredictionList.of(INFO, "official", maker)
    return start_list(folder, new, names, suffixes=[".png", "_overlay.png"], overwrite=overwrite)


def test_files_that_are_not_ours_are_never_overwritten_unasked(tmp_path):
    (tmp_path / "a_overlay.png").touch()
    with pytest.raises(UserError, match=r"a_overlay\.png' would be overwritten.*overwrite=true"):
        begin(tmp_path)
    assert begin(tmp_path, names=("b",)).files == {}
    assert begin(tmp_path, overwrite=True).files == {}


def test_the_same_network_goes_on_in_its_folder_and_another_does_not(tmp_path):
    listing = PredictionList.of(INFO, "official", MAKER)
    listing.files["a.png"] = {"source": "a.jpg", "height": 2, "width": 3}
    listing.write(tmp_path)
    for name in ("a.png", "a_overlay.png"):
        (tmp_path / name).touch()
    assert begin(tmp_path, names=("a", "b")).files.keys() == {"a.png"}
    with pytest.raises(UserError, match="another network"):
        begin(tmp_path, maker={"run": "5678"}, names=("b",))
    assert begin(tmp_path, maker={"run": "5678"}, overwrite=True).files == {}


def test_an_overlay_is_the_tinted_image_over_a_legend_of_what_occurs():
    raw = torch.full((3, 60, 300), 100, dtype=torch.uint8)
    classes = np.zeros((60, 300), dtype=np.uint8)
    classes[:, 150:] = 2
    sheet = np.asarray(overlay_picture(raw, classes, INFO))
    assert sheet.shape[1] == 300 and sheet.shape[0] > 60
    assert sheet[30, 10].tolist() == [150, 50, 50] and sheet[30, 290].tolist() == [50, 50, 150]
    colors = {tuple(color) for color in sheet[60:].reshape(-1, 3).tolist()}
    assert {INFO.palette[0], INFO.palette[2]} <= colors and INFO.palette[1] not in colors


@pytest.mark.parametrize(("channels", "dtype"), [(1, torch.uint8), (2, torch.uint8), (4, torch.float32)])
def test_images_of_any_channels_have_overlays(channels, dtype):
    raw = torch.rand(channels, 8, 9).mul(200).to(dtype)
    assert overlay_picture(raw, np.zeros((8, 9), np.uint8), INFO).width == 200


@pytest.mark.parametrize("size", [(25, 41), (1, 41), (41, 1), (20, 40)])
def test_huge_images_are_reduced_block_by_block(monkeypatch, size):
    monkeypatch.setattr(outputs, "LONGEST", 10)
    raw = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    classes = np.random.default_rng(0).integers(0, 3, size).astype(np.uint8)
    sheet = overlay_picture(raw, classes, INFO)
    small, middle = reduced(raw, classes, step=5)
    assert max(middle.shape) <= 10 and small.shape[1:] == middle.shape
    block = raw[:, :5, :5].float().mean((1, 2)).to(torch.uint8)
    assert torch.equal(small[:, 0, 0], block)
    assert middle[0, 0] == classes[min(5, size[0]) // 2, min(5, size[1]) // 2]
    assert sheet.width == 200
