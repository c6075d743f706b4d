"""Label files of any tool: found, read in their ids, and counted as the official scripts count."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from segladder.data.decoding.labels import LabelReader
from segladder.data.readers.files import FileDataset, Pair
from segladder.data.samples import Samples
from segladder.inference.outputs import PredictionList
from segladder.metrics import SemanticMetrics
from segladder.runs.label_scoring import score
from segladder.runs.prediction_files import _looked_for, find_predictions, match_files
from segladder.types import DatasetInfo, UserError

IDS = (7, 23, 26)
INFO = DatasetInfo(
    name="street",
    classes=("road", "sky", "car"),
    palette=((200, 0, 0), (0, 200, 0), (0, 0, 200)),
    things=(False, False, True),
    label_ids=IDS,
)
DRAW = np.random.default_rng(0)


class Data:
    """As much of a DataModule as finding predictions needs."""

    info = INFO
    data = type("Reader", (), {"labels": LabelReader(INFO.classes, values={7: 0, 23: 1, 26: 2}, ignore=(0, 255))})


@pytest.fixture
def truth(tmp_path: Path) -> Samples:
    """Three images with labels in official ids, 0 ignored."""
    pairs = []
    for name in ("city/a", "city/b", "town/c"):
        label = tmp_path / "truth" / f"{name}.png"
        label.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(DRAW.choice([0, *IDS], size=(12, 16)).astype(np.uint8)).save(label)
        pairs.append(Pair(name, tmp_path / "no image is read", label))
    return Samples(FileDataset(pairs, root=tmp_path, info=INFO, labels=Data.data.labels))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A prediction in official ids for each."""
    for name in ("city/a", "city/b", "town/c"):
        write(tmp_path / "made" / f"{name}.png", DRAW.choice(IDS, size=(12, 16)))
    return tmp_path / "made"


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint8)).save(path)


def scored(folder: Path, truth: Samples, ids=None):
    return score(find_predictions(folder, truth, Data(), ids=ids)[0], truth, INFO)


def test_scores_are_those_of_the_class_maps(made, truth):
    found = scored(made, truth)
    metrics = SemanticMetrics(INFO, per_image=True)
    for index, name in enumerate(("city/a", "city/b", "town/c")):
        classes = np.searchsorted(IDS, np.asarray(Image.open(made / f"{name}.png")))
        metrics.update(torch.from_numpy(classes)[None], truth.semantic(index)[None], [name])
    totals, per_class = metrics.compute()
    assert found.scores == totals and found.per_class == per_class
    ours, theirs = found.images.arrays(), metrics.images.arrays()
    # files may leave a pixel without class, which has a column of its own
    assert not ours["confusion"][:, -1].any()
    ours["confusion"] = ours["confusion"][:, :-1]
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_pixel_predicted_as_no_class_is_missed_and_no_false_alarm(made, truth):
    """cityscapesScripts: iou = tp / (tp + fp + fn), predictions of ignored labels are false negatives alone."""
    values = np.asarray(Image.open(made / "city/a.png")).copy()
    values[:6] = 0
    write(made / "city/a.png", values)
    found = scored(made, truth, ids="official")
    tp, fp, fn = np.zeros((3, 3))
    for index, name in enumerate(("city/a", "city/b", "town/c")):
        guess, label = np.asarray(Image.open(made / f"{name}.png")), truth.semantic(index).numpy()
        for number, value in enumerate(IDS):
            tp[number] += ((guess == value) & (label == number)).sum()
            fp[number] += ((guess == value) & (label != number) & (label != 255)).sum()
            fn[number] += ((guess != value) & (label == number)).sum()
    assert list(found.per_class["iou"].values()) == pytest.approx(tp / (tp + fp + fn), abs=1e-12)
    assert found.scores["miou"] == pytest.approx((tp / (tp + fp + fn)).mean(), abs=1e-12)
    assert found.scores["pixel_accuracy"] == pytest.approx(tp.sum() / (tp + fn).sum(), abs=1e-12)
    assert np.array_equal(found.images.arrays()["fn"].sum(0), fn)
    assert list(found.per_class["iou"]) == list(INFO.classes)


def test_class_indices_score_as_official_ids_do(made, truth, tmp_path):
    for file in made.rglob("*.png"):
        values = np.searchsorted(IDS, np.asarray(Image.open(file)))
        write(tmp_path / "train" / file.relative_to(made), values)
    assert scored(tmp_path / "train", truth, ids="train").scores == scored(made, truth).scores
    with pytest.raises(UserError, match=r"predictions\.ids=train"):
        scored(tmp_path / "train", truth)


def test_files_are_found_by_id_by_name_and_by_what_follows_it():
    ids = ["city/city_1", "city/city_10", "town/x"]
    names = ["city/city_1.png", "flat/city_10_pred.png", "x.png", "city_1_pred.png"]
    assert match_files(ids, names) == {
        "city/city_1": "city/city_1.png", "city/city_10": "flat/city_10_pred.png", "town/x": "x.png",
    }  # fmt: skip
    assert match_files(["city/city_1"], ["city_10.png", "city_1-fine.png"]) == {"city/city_1": "city_1-fine.png"}
    assert match_files(["7"], ["70.png"]) == {"7": None}


def test_numbers_are_found_by_their_value():
    found = match_files(["139", "7"], ["x/000000000139.png", "000000000007.png", "70.png"])
    assert found == {"139": "x/000000000139.png", "7": "000000000007.png"}


def test_two_files_for_an_image_or_two_images_for_a_file_are_refused():
    with pytest.raises(UserError, match=r"'p/a\.png' and 'q/a\.png' could both be the prediction of image 'city/a'"):
        match_files(["city/a"], ["p/a.png", "q/a.png"])
    with pytest.raises(UserError, match="of both 'city/a' and 'town/a'"):
        match_files(["city/a", "town/a"], ["a.png"])


def test_missing_files_are_counted_and_named(made, truth):
    for name in ("city/a", "town/c"):
        (made / f"{name}.png").unlink()
    with pytest.raises(UserError, match=r"no label file for 2 of the 3 images of 'street': 'city/a', 'town/c'"):
        scored(made, truth)
    with pytest.raises(UserError, match="is no folder"):
        scored(made / "nowhere", truth)


def test_each_name_that_is_looked_for_is_told_once():
    assert _looked_for("5001", INFO) == "Each is looked for as '5001.png' and as '5001_….png'."
    told = _looked_for("city/a", replace(INFO, mean_areas=(1.0, 1.0, 1.0)))
    assert told.startswith("Each is looked for as 'city/a.png', as 'a.png' and as 'a_….png'. Text files of instances")


def test_files_of_no_image_are_listed(made, truth):
    write(made / "town/d.png", np.full((2, 2), 7))
    _, extra = find_predictions(made, truth, Data(), ids=None)
    assert extra == ["town/d.png"]


def test_another_size_is_told_and_never_resized(made, truth):
    write(made / "city/b.png", np.full((6, 8), 7))
    with pytest.raises(UserError, match=r"b\.png' is 6x8, but the label of image 'city/b' is 12x16"):
        scored(made, truth)


def test_the_list_of_predict_says_ids_and_classes(made, truth):
    listing = PredictionList.of(INFO, "official", {})
    listing.files = {f"{name}.png": {} for name in ("city/a", "city/b", "town/c")}
    listing.write(made)
    write(made / "city/a_overlay.png", np.zeros((2, 2)))
    found, extra = find_predictions(made, truth, Data(), ids=None)
    assert found.ids == "official" and not found.doubt and extra == []
    with pytest.raises(UserError, match=r"predictions\.ids is train, but '.*predictions\.json' says .* official"):
        scored(made, truth, ids="train")
    content = json.loads((made / "predictions.json").read_text())
    content["classes"][1]["name"] = "cloud"
    (made / "predictions.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"of other classes .* \(23 is 'cloud' there, 23 'sky' here\)"):
        scored(made, truth)
