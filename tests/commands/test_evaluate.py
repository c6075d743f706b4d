"""`segladder evaluate`: a run scored again and predictions scored give the numbers of the run's own record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from segladder.commands.evaluate import run as evaluate
from segladder.report.boards.board import boards
from segladder.report.records.reading import read_runs
from segladder.types import DatasetInfo

TINY = (
    "train",
    "model=unet_lab",
    "model.base_channels=4",
    "loss=dice+ce",
    "optimizer.lr=0.02",
    "data.counts.train=96",
    "data.counts.val=12",
    "data.counts.test=10",
    "data.batch_size=8",
    "data.eval_batch_size=4",
    "trainer.max_epochs=3",
    "runtime.threads=1",
    "logger=csv",
)
TERM = {"_target_": "segladder.losses.CrossEntropy"}
CLASSES = ["road", "sky", "car"]
INFO = DatasetInfo(
    name="set", classes=tuple(CLASSES), palette=((0, 0, 0), (0, 200, 0), (0, 0, 200)), things=(False,) * 3
)
DRAW = np.random.default_rng(0)


def record_of(pattern: str, folder: Path) -> dict:
    [path] = folder.glob(pattern)
    return json.loads(path.read_text())


def test_a_run_its_evaluation_and_its_predictions_score_alike(segladder, tmp_path):
    assert segladder(*TINY).code == 0
    [run] = (tmp_path / "outputs" / "single").iterdir()
    trained = json.loads((run / "result.json").read_text())
    assert 0 < trained["scores"]["test"]["miou"] < 1

    again = segladder("evaluate", f"run={run}")
    assert again.code == 0, again.text
    record = record_of("outputs/single/*-test-*/result.json", tmp_path)
    assert record["parent"] == trained["id"] and record["status"] == "finished"
    assert record["scores"] == {"test": trained["scores"]["test"]}
    assert record["per_class"]["test"] == trained["per_class"]["test"]

    val = segladder("evaluate", f"run={run}", "data.split=val", "callbacks.pictures.enabled=false")
    assert val.code == 0, val.text
    record = record_of("outputs/single/*-val-*/result.json", tmp_path)
    assert record["scores"]["val"] == trained["scores"]["val"]

    assert segladder("predict", f"run={run}", "data.split=test", "output=made", "overlay=false").code == 0
    words = ["evaluate", "predictions=made", "data=disks", "data.counts.test=10", "runtime.threads=1"]
    scored = segladder(*words, "name=stranger")
    assert scored.code == 0, scored.text
    assert "mIoU" in scored.out
    record = record_of("outputs/single/stranger-*/result.json", tmp_path)
    assert record["status"] == "finished" and record["task"] == "semantic" and record["parent"] is None
    assert record["choices"] == {"model": "stranger", "data": "disks"} and record["seed"] is None
    assert record["scores"]["test"] == trained["scores"]["test"]
    assert record["per_class"]["test"] == trained["per_class"]["test"]
    assert record["data"]["hashes"]["test"] == trained["data"]["hashes"]["test"]
    assert "name=stranger" in record["overrides"]
    home = next((tmp_path / "outputs" / "single").glob("stranger-*"))
    assert {"per_image.npz", "config.yaml", "overrides.yaml", "run.log"} <= {path.name for path in home.iterdir()}
    assert Image.open(home / "pictures" / "test.png").width > 300
    with np.load(home / "per_image.npz") as ours, np.load(run / "per_image.npz") as theirs:
        for name in ("image_id", "classes", "tp", "fp", "fn"):
            assert np.array_equal(ours[name], theirs[name])

    (run / "checkpoints" / "best.ckpt").unlink()
    last = segladder("evaluate", f"run={run}", "callbacks.pictures.enabled=false")
    assert last.code == 0 and "its last weights are used" in last.out and "(last.ckpt) on disks" in last.out, last.text
    used = [yaml.safe_load(path.read_text()) for path in tmp_path.glob("outputs/single/*-test-*/overrides.yaml")]
    assert sum("checkpoint=last" in words for words in used) == 1, "the record says which weights"

    assert segladder(*words, "name=stranger").code == 0
    assert len(list((tmp_path / "outputs" / "single").glob("stranger-*-2"))) == 1, "a repeat lies beside the first"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder set of three test images, with random labels; no training split."""
    folder = tmp_path / "set"
    for name in ("a", "b", "c"):
        for kind, shape, top in (("images", (12, 16, 3), 256), ("labels", (12, 16), 3)):
            path = folder / kind / "test" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(DRAW.integers(0, top, shape, dtype=np.uint8)).save(path)
    (folder / "dataset.json").write_text(json.dumps({"classes": CLASSES, "ignore_index": 255}))
    return folder


@pytest.fixture
def perfect(root: Path, tmp_path: Path) -> Path:
    """The labels themselves as predictions, named as another tool might."""
    made = tmp_path / "perfect"
    made.mkdir()
    for path in (root / "labels" / "test").iterdir():
        (made / f"{path.stem}_pred.png").write_bytes(path.read_bytes())
    return made


def words_for(root: Path, made: Path, *more: str) -> list[str]:
    return ["evaluate", f"predictions={made}", "data=folder", f"data.root={root}", "runtime.threads=1", *more]


def test_a_stranger_s_files_stand_on_the_board_without_a_training_split(segladder, root, perfect, tmp_path):
    (perfect / "notes.png").write_bytes((perfect / "a_pred.png").read_bytes())
    ran = segladder(*words_for(root, perfect, "study_name=board", "data.train_split=null", "data.val_split=null"))
    assert ran.code == 0, ran.text
    assert "'notes.png' belongs to no image of test" in ran.out
    record = record_of("outputs/board/perfect-*/result.json", tmp_path)
    assert record["scores"]["test"]["miou"] == 1 and record["data"]["counts"] == {"test": 3}


def test_without_images_scores_are_the_same_and_stand_on_the_same_board(segladder, root, perfect, tmp_path):
    assert segladder(*words_for(root, perfect, "name=here")).code == 0
    shutil.rmtree(root / "images")
    ran = segladder(*words_for(root, perfect, "name=there"))
    assert ran.code == 0, ran.text
    assert "No pictures: Image" in ran.out and "Labels alone are enough to score predictions." in ran.out
    one, other = (record_of(f"outputs/single/{name}-*/result.json", tmp_path) for name in ("here", "there"))
    assert one["scores"] == other["scores"] and one["data"]["labels"] == other["data"]["labels"]
    [board] = boards(read_runs(tmp_path / "outputs").runs, resamples=10)
    assert len(board.places) == 2


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda made: (made / "b_pred.png").unlink(), "no label file for 1 of the 3 images of 'set': 'test/b'"),
        (lambda made: Image.fromarray(np.zeros((6, 8), np.uint8)).save(made / "b_pred.png"), "is 6x8, but the label"),
        (
            lambda made: Image.fromarray(np.full((12, 16), 9, np.uint8)).save(made / "b_pred.png"),
            "holds 9 (192 pixels)",
        ),
        (lambda made: (made / "b_pred.png").write_bytes(b"x"), "b_pred.png' cannot be decoded"),
        (lambda made: (made / "predictions.json").write_text("{"), "predictions.json' cannot be read"),
    ],
)
def test_files_that_do_not_fit_are_told(segladder, root, perfect, spoil, hint):
    spoil(perfect)
    ran = segladder(*words_for(root, perfect))
    assert ran.code == 1 and "Traceback" not in ran.text
    assert hint in ran.err and len(ran.err.strip().splitlines()) <= 3


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "nothing to evaluate"),
        (["predictions=made"], "data=NAME"),
        (["predictions=made", "data=disks", "model=unet"], "model= has no effect"),
        (["predictions=made", "run={run}"], "were both given"),
        (["predictions=made", "data=disks", "data.split=all"], "train, val or test"),
        (["run={run}", "paths.outputs=x"], "paths.outputs= has no effect"),
        (["run={run}", "name=x"], "name= has no effect"),
        (["run={run}", "loss=dice"], "loss= has no effect"),
        (["run={run}", "backbone=resnet18"], "run= were both given"),
        (["run={run}", "trainer.devices=2"], "runs on one"),
        (["run={run}", "data.splitt=val"], "did you mean 'data.split'"),
        (["run={run}", "model.depht=3"], "did you mean 'model.depth'"),
        (["run={run}/none"], "is not there"),
        (["-m", "run={run}"], "one run at a time"),
    ],
)
def test_a_mistake_is_a_sentence(make_run, capsys, words, hint):
    run = make_run(INFO, data={"_target_": "segladder.data.FolderDataModule", "root": "gone"})
    given = [word.format(run=run) for word in words] or ["runtime.threads=1"]
    assert evaluate(given) == 1
    err = capsys.readouterr().err
    assert hint in err and "Traceback" not in err and len(err.strip().splitlines()) <= 3, err


def test_the_composed_configuration_is_shown(make_run, capsys):
    data = {"_target_": "segladder.data.FolderDataModule", "root": "gone"}
    loss = {"_target_": "segladder.losses.LossSum", "expr": "ce", "weights": {"ce": 1.0}, "terms": {"ce": TERM}}
    run = make_run(INFO, data=data, config={"loss": loss})
    assert evaluate(["--cfg", "job", f"run={run}", "data.root=here"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["data"] == data | {"root": "here", "split": "test"} and shown["loss"] == loss


def test_data_and_checkpoints_that_do_not_fit_the_run_are_told(segladder, make_run, root, tmp_path):
    data = {"_target_": "segladder.data.FolderDataModule", "root": str(root), "classes": None, "val_split": "val"}
    loss = {"_target_": "segladder.losses.LossSum", "expr": "ce", "weights": {"ce": 1.0}, "terms": {"ce": TERM}}
    run = make_run(INFO, data=data, config={"loss": loss, "metric": {"name": "miou", "mode": "max"}})
    fitting = segladder("evaluate", f"run={run}")
    assert fitting.code == 0, fitting.text
    assert record_of("run-test-*/result.json", tmp_path)["status"] == "finished"
    for words, hint in (
        (["data.root=/no/such"], "/no/such"),
        (["data.classes=[road,sky,tree]"], "class 2 is 'car' there and 'tree' here"),
        (["model.base_channels=8"], "of another network"),
        (["data.split=val"], "no validation split"),
    ):
        ran = segladder("evaluate", f"run={run}", *words)
        assert ran.code == 1 and "Traceback" not in ran.text, ran.text
        assert hint in ran.err
