"""`segladder predict`: what lies on disk afterwards, and what is refused before anything is written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import segladder
from drawn_sets import draw_cityscapes
from segladder.commands.predict import run as predict
from segladder.data import CityscapesDataModule
from segladder.types import DatasetInfo

DRAW = np.random.default_rng(0)
INFO = DatasetInfo(
    name="street",
    classes=("road", "sky", "car"),
    palette=((200, 0, 0), (0, 200, 0), (0, 0, 200)),
    things=(False, False, True),
    label_ids=(7, 23, 26),
)


@pytest.fixture
def run(make_run) -> Path:
    return make_run(INFO)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, size in (("a.jpg", (20, 28)), ("trip/b.png", (17, 9))):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(DRAW.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_becomes_label_files_overlays_and_a_list(run, photos, out, capsys):
    assert predict([f"run={run}", f"input={photos}", f"output={out}", "device=cpu"]) == 0
    assert files(out) == ["a.png", "a_overlay.png", "predictions.json", "trip/b.png", "trip/b_overlay.png"]
    segmenter = segladder.load(run, device="cpu")
    for name in ("a.jpg", "trip/b.png"):
        expected = segmenter.predict(photos / name).numpy()
        written = Image.open((out / name).with_suffix(".png"))
        assert written.mode == "P" and np.array_equal(np.asarray(written), np.array(INFO.label_ids)[expected])
    listing = json.loads((out / "predictions.json").read_text())
    assert listing["ids"] == "official" and listing["made_by"]["run"] == "1" * 64
    assert listing["files"]["trip/b.png"] == {"source": str(photos / "trip/b.png"), "height": 17, "width": 9}
    said = capsys.readouterr().out
    assert "2 of 2 images predicted" in said and "Classes by pixels:" in said


def test_a_run_without_best_weights_predicts_with_the_last_and_says_so(run, photos, out, capsys):
    (run / "checkpoints" / "best.ckpt").unlink()
    assert predict([f"run={run}", f"input={photos / 'a.jpg'}", f"output={out}", "device=cpu", "overlay=false"]) == 0
    assert "Warning: " in (said := capsys.readouterr().out) and "its last weights are used, 'last.ckpt'" in said
    assert json.loads((out / "predictions.json").read_text())["made_by"]["checkpoint"] == "last.ckpt"


def test_a_part_of_the_run_given_as_a_published_split_names_that_split(make_run, tmp_path, out, capsys):
    root = draw_cityscapes(tmp_path / "city", per_city=1)
    shutil.rmtree(root / "leftImg8bit" / "test")
    run = make_run(CityscapesDataModule(root=root).info)
    words = [f"run={run}", "data=cityscapes", f"data.root={root}", f"output={out}", "device=cpu"]
    assert predict([*words, "data.split=test", "data.test_split=val"]) == 1
    told = capsys.readouterr().err
    assert "leftImg8bit/test' is not there" in told and "for 'test' is 'val': data.split=val." in told
    assert predict([*words, "data.split=extra"]) == 1
    assert "published split's name" not in capsys.readouterr().err


def test_what_is_written_can_be_chosen(run, photos, out):
    words = ["overlay=false", "probabilities=true", "predictions.ids=train", "checkpoint=last", "precision=bf16"]
    assert predict([f"run={run}", f"input={photos / 'a.jpg'}", f"output={out}", "device=cpu", *words]) == 0
    assert files(out) == ["a.png", "a_probabilities.npz", "predictions.json"]
    with np.load(out / "a_probabilities.npz") as kept:
        probabilities = kept["probabilities"]
    assert probabilities.dtype == np.float16 and probabilities.shape == (3, 20, 28)
    assert np.allclose(probabilities.sum(0, dtype=np.float32), 1, atol=2e-3)
    agree = np.asarray(Image.open(out / "a.png")) == probabilities.argmax(0)
    assert agree.mean() > 0.95, "but for ties in 16 bits"


def test_windows_can_be_asked_for_and_keep_the_answer_for_small_images(run, photos, out, tmp_path):
    for folder, words in ((out, []), (tmp_path / "slid", ["inference=slide", "inference.window=[64,64]"])):
        assert predict([f"run={run}", f"input={photos}", f"output={folder}", "device=cpu", *words]) == 0
    whole, slid = (np.asarray(Image.open(folder / "a.png")) for folder in (out, tmp_path / "slid"))
    assert whole.shape == slid.shape
    made = json.loads((tmp_path / "slid" / "predictions.json").read_text())["made_by"]
    assert made["inference"]["window"] == [64, 64]


def test_any_mode_and_depth_is_predicted_and_the_changes_are_told_once(make_run, tmp_path, out, capsys):
    grey = DatasetInfo(
        name="grey", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), things=(False,) * 2, channels=1, mean=(0.5,),
        std=(0.2,),
    )  # fmt: skip
    folder = tmp_path / "mixed"
    folder.mkdir()
    color = Image.fromarray(DRAW.integers(0, 256, (12, 18, 3), dtype=np.uint8))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"):
        color.convert(mode).save(folder / f"{mode}.{'tif' if mode == 'CMYK' else 'png'}")
    Image.fromarray(DRAW.integers(0, 65536, (12, 18), dtype=np.uint16)).save(folder / "deep.png")
    exif = color.getexif()
    exif[0x0112] = 6
    color.save(folder / "turned.jpg", exif=exif)
    assert predict([f"run={make_run(grey)}", f"input={folder}", f"output={out}", "device=cpu"]) == 0
    sizes = {path.stem: Image.open(path).size for path in out.glob("*[!y].png")}
    assert sizes.pop("turned") == (12, 18) and len(sizes) == 8 and set(sizes.values()) == {(18, 12)}
    said = capsys.readouterr().out
    assert "5 images were in colour and turned grey" in said
    assert "1 image was 16-bit and divided by 257" in said and "1 image was turned upright" in said


def test_a_broken_file_is_told_and_the_others_go_on(run, photos, out, capsys):
    (photos / "broken.png").write_bytes(b"no picture")
    assert predict([f"run={run}", f"input={photos}", f"output={out}", "device=cpu"]) == 1
    captured = capsys.readouterr()
    assert "2 of 3 images predicted" in captured.out
    assert "broken.png' cannot be decoded" in captured.err and "1 of 3 images could not be predicted" in captured.err
    assert "trip/b.png" in files(out) and "Traceback" not in captured.err


def test_predictions_within_the_input_folder_are_not_read_again(run, photos):
    for _ in range(2):
        assert predict([f"run={run}", f"input={photos}", f"output={photos / 'out'}", "device=cpu"]) == 0
    assert len(json.loads((photos / "out" / "predictions.json").read_text())["files"]) == 2


def test_files_of_someone_else_need_a_word_to_be_replaced(run, photos, out, capsys):
    out.mkdir()
    (out / "a.png").write_bytes(b"precious")
    words = [f"run={run}", f"input={photos}", f"output={out}", "device=cpu"]
    assert predict(words) == 1
    assert "overwrite=true" in capsys.readouterr().err and files(out) == ["a.png"]
    assert predict([*words, "overwrite=true"]) == 0
    assert Image.open(out / "a.png").mode == "P"


def test_probabilities_beyond_memory_are_refused_with_their_size(run, photos, out, capsys, monkeypatch):
    monkeypatch.setattr("segladder.inference.series.available_memory", lambda: 10_000)
    assert predict([f"run={run}", f"input={photos}", f"output={out}", "device=cpu", "probabilities=true"]) == 1
    said = capsys.readouterr()
    assert "(3 classes, 20x28) need 1.68e-05 GB" in said.err and "probabilities=false" in said.err
    assert "1 of 2 images predicted" in said.out, "the small one fits"


def test_a_network_with_weights_of_its_own_predicts_the_classes_of_voc(photos, out, tmp_path, capsys):
    from segladder.data.readers.voc import CLASSES
    from segladder.models import Backbone, DeepLabV3

    network = DeepLabV3(3, len(CLASSES), backbone=Backbone(name="resnet18", source="torchvision"), channels=8)
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    words = ["model=deeplab", "model.channels=8", f"model.weights={tmp_path / 'weights.pt'}", "device=cpu"]
    assert predict([*words, f"input={photos}", f"output={out}"]) == 1
    assert "needs a backbone" in capsys.readouterr().err
    assert predict([*words, "backbone=resnet18", f"input={photos}", f"output={out}"]) == 0
    listing = json.loads((out / "predictions.json").read_text())
    assert [entry["name"] for entry in listing["classes"]] == list(CLASSES)
    assert listing["made_by"]["model"] == "deeplab" and listing["made_by"]["backbone"] == "resnet18"


def draw_set(root: Path) -> Path:
    for split, name in (("train", "x"), ("val", "y"), ("test", "p/z")):
        for kind, channels in (("images", (3,)), ("labels", ())):
            if (split, kind) == ("test", "labels"):
                continue  # as benchmarks publish it
            path = root / kind / split / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            top = 256 if channels else 3
            Image.fromarray(DRAW.integers(0, top, (16, 16, *channels), dtype=np.uint8)).save(path)
    (root / "dataset.json").write_text(json.dumps({"classes": list(INFO.classes)}))
    return root


def test_a_split_without_labels_is_predicted_under_its_image_ids(make_run, tmp_path, out, capsys):
    root = draw_set(tmp_path / "set")
    data = {"_target_": "segladder.data.FolderDataModule", "root": str(root)}
    trained = make_run(INFO, data=data)
    assert predict([f"run={trained}", "data.split=test", f"output={out}", "overlay=false", "device=cpu"]) == 0
    assert files(out) == ["predictions.json", "test/p/z.png"]
    expected = segladder.load(trained, device="cpu").predict(root / "images/test/p/z.png").numpy()
    assert np.array_equal(np.asarray(Image.open(out / "test/p/z.png")), np.array(INFO.label_ids)[expected])
    assert predict([f"run={trained}", "data.split=none", f"output={out}"]) == 1
    assert "no split 'none'" in capsys.readouterr().err
    moved = root.rename(tmp_path / "moved")
    words = [f"run={trained}", "data.split=test", f"data.root={moved}", f"output={out}", "overlay=false"]
    assert predict([*words, "device=cpu"]) == 0


def test_other_data_of_other_classes_are_refused(make_run, tmp_path, out, capsys):
    root = draw_set(tmp_path / "set")
    (root / "dataset.json").write_text(json.dumps({"classes": ["a", "b", "c"]}))
    trained = make_run(INFO, data={"_target_": "segladder.data.DisksDataModule", "size": 64})
    words = [f"run={trained}", "data=folder", f"data.root={root}", "data.split=val", f"output={out}"]
    assert predict(words) == 1
    assert "has other classes than 'street'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["run={run}", "output={out}"], "either input=FILE"),
        (["run={run}", "input={photos}"], "'output' has no value yet"),
        (["run={run}", "input={photos}", "data.split=test", "output={out}"], "not both"),
        (["run={run}", "input={photos}", "data.size=3", "output={out}"], "data.size"),
        (["run={run}", "input={photos}/none", "output={out}"], "is not there"),
        (["run={run}", "input={photos}", "output={photos}"], "the input folder itself"),
        (["run={run}", "input={photos}", "output={out}", "overlai=false"], "did you mean 'overlay'"),
        (["run={run}", "input={photos}", "output={out}", "overlay=1"], "true or false"),
        (["run={run}", "input={photos}", "output={out}", "predictions.ids=color"], "official or train"),
        (["run={run}", "input={photos}", "output={out}", "precision=8"], "32 or bf16"),
        (
            ["run={run}", "input={photos}", "output={out}", "panoptic.score=2"],
            "panoptic.score is 2. Give a number from 0",
        ),
        (
            ["run={run}", "input={photos}", "output={out}", "panoptic.overlap=0"],
            "no effect but on format=coco_panoptic",
        ),
        (["run={run}", "input={photos}", "output={out}", "device=gpu"], "no device"),
        (["run={run}", "input={photos}", "output={out}", "model=unet"], "run= were both given"),
        (["run={run}", "input={photos}", "output={out}", "backbone.freeze=true"], "run= were both given"),
        (["run={run}", "input={photos}", "output={out}", "model.depth=3"], "of another network"),
        (["run={run}", "input={photos}", "output={out}", "checkpoint=first"], "neither best nor last"),
        (["run={run}/checkpoints/best.ckpt", "checkpoint=last", "input={photos}", "output={out}"], "no effect"),
        (["run={run}", "input={photos}", "output={out}", "inference=slid"], "slide"),
        (["run={run}", "input={photos}", "output={out}", "inference.window=0"], "inference.window"),
        (["run={photos}", "input={photos}", "output={out}"], "no run folder"),
        (["model=unet", "input={photos}", "output={out}"], "untrained"),
        (["input={photos}", "output={out}"], "no network"),
        (["-m", "run={run}", "input={photos}", "output={out}"], "one run at a time"),
    ],
)
def test_a_mistake_is_a_sentence_and_writes_nothing(run, photos, out, capsys, words, hint):
    assert predict([word.format(run=run, photos=photos, out=out) for word in words]) == 1
    err = capsys.readouterr().err
    assert hint in err and "Traceback" not in err and len(err.strip().splitlines()) <= 3, err
    assert not out.exists()


def test_two_images_of_one_name_are_refused_up_front(run, photos, out, capsys):
    Image.fromarray(DRAW.integers(0, 256, (4, 4), dtype=np.uint8)).save(photos / "a.png")
    assert predict([f"run={run}", f"input={photos}", f"output={out}"]) == 1
    assert "a.jpg' and" in capsys.readouterr().err and not out.exists()


def test_the_command_imports_nothing_that_it_does_not_need(run, photos, out):
    code = (
        "import sys; from segladder.commands import main; code = main();"
        " print([name for name in ('pytorch_lightning', 'torchmetrics', 'torchvision', 'timm', 'scipy', 'matplotlib',"
        " 'segmentation_models_pytorch', 'wandb', 'rich') if name in sys.modules]); sys.exit(code)"
    )
    words = ["predict", f"run={run}", f"input={photos}", f"output={out}", "device=cpu"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[]\n")
