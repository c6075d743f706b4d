"""A run comes back as the network it trained, from its folder alone; what cannot be loaded is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import segladder
from segladder.models import UNet
from segladder.runs.load import chosen_device, find_run, info_of
from segladder.runs.record import read, update
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="set",
    classes=("road", "sky", "car"),
    palette=((200, 0, 0), (0, 200, 0), (0, 0, 200)),
    things=(False, False, True),
    label_ids=(7, 23, 26),
)


@pytest.fixture
def run(make_run) -> Path:
    return make_run(INFO)


def test_a_loaded_run_predicts_what_its_network_says(run):
    image = np.random.default_rng(0).integers(0, 256, (20, 28, 3), dtype=np.uint8)
    network = UNet(in_channels=3, num_classes=3, depth=2, base_channels=4, batch_norm=False)
    tensors = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    network.load_state_dict({name.removeprefix("segmenter.model."): value for name, value in tensors.items()})
    normalised = (
        torch.from_numpy(image).permute(2, 0, 1) / 255 - torch.tensor(INFO.mean).view(3, 1, 1)
    ) / torch.tensor(INFO.std).view(3, 1, 1)
    with torch.no_grad():
        logits = network.eval()(normalised[None])[0]

    loaded = segladder.load(run, device="cpu")
    prediction = loaded.predict(image, probabilities=True)
    assert not loaded.training and loaded.info == INFO
    assert torch.allclose(prediction.probabilities, logits.softmax(0), atol=1e-5)
    assert np.array_equal(loaded.predict(Image.fromarray(image)).numpy(), logits.argmax(0).numpy())


def test_a_run_is_found_by_its_folder_its_files_and_its_checkpoints(run):
    for given in (run, run / "result.json", run / "config.yaml", run / "checkpoints" / "best.ckpt", str(run)):
        assert find_run(given).checkpoint == run / "checkpoints" / "best.ckpt"
    for found in (find_run(run, checkpoint="last"), find_run(run / "checkpoints" / "last.ckpt")):
        assert found.checkpoint == run / "checkpoints" / "last.ckpt"
        assert found.folder.path.samefile(run) and found.info == INFO


def test_the_run_s_own_inference_protocol_comes_with_it(run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["inference"]["window"] = [16, 16]
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert segladder.load(run).inference.window == (16, 16)


def test_paths_that_are_no_run_are_told_apart(run, tmp_path, make_run):
    with pytest.raises(UserError, match=r"nowhere is not there"):
        find_run(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty is no run folder: it has no result\.json"):
        find_run(tmp_path / "empty")
    (tmp_path / "alone.ckpt").write_bytes((run / "checkpoints" / "best.ckpt").read_bytes())
    with pytest.raises(UserError, match="lies in no run folder"):
        find_run(tmp_path / "alone.ckpt")
    for index in range(4):
        make_run(INFO, name=f"study/{index}")
    with pytest.raises(UserError, match=r"holds 4 runs: '.*study/0', '.*study/1', '.*study/2', …\. Name one"):
        find_run(tmp_path / "study")
    with pytest.raises(UserError, match="neither best nor last"):
        find_run(run, checkpoint="first")


def test_the_last_weights_stand_in_where_a_run_has_no_best_and_none_was_asked_for(run):
    assert find_run(run).told is None
    (run / "checkpoints" / "best.ckpt").unlink()
    for given in (run, run / "result.json"):
        found = find_run(given)
        assert found.checkpoint == run / "checkpoints" / "last.ckpt" and "its last weights are used" in found.told
    assert find_run(run, checkpoint="last").told is None
    assert find_run(run / "checkpoints" / "last.ckpt").told is None
    with pytest.raises(UserError, match=r"has no checkpoint 'best\.ckpt'\. There is '.*last\.ckpt'"):
        find_run(run, checkpoint="best")
    with pytest.warns(UserWarning, match="its last weights are used"):
        segladder.load(run, device="cpu")


def test_a_run_that_saved_no_checkpoint_says_how_it_ended(run):
    for file in (run / "checkpoints").iterdir():
        file.unlink()
    update(run / "result.json", status="failed", error={"type": "UserError", "message": "The disk is full."})
    with pytest.raises(UserError, match=r"no checkpoint: the run is failed \(The disk is full\.\)"):
        find_run(run)


def test_the_record_of_an_evaluation_is_no_network(run):
    update(run / "result.json", parent="2" * 64)
    with pytest.raises(UserError, match="the record of an evaluation"):
        find_run(run)


def test_a_damaged_checkpoint_is_named(run):
    file = run / "checkpoints" / "best.ckpt"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match=r"best\.ckpt' cannot be read as tensors alone"):
        segladder.load(run)


@pytest.mark.parametrize(
    ("model", "said"),
    [({"base_channels": 8}, r"is \(4, .*\) there and \(8, .*\) here"), ({"depth": 3}, "23 more differences")],
)
def test_a_checkpoint_of_another_network_names_the_tensors(run, model, said):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["model"] |= model
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(UserError, match=said):
        segladder.load(run)


def test_a_record_without_classes_says_so(run):
    update(run / "result.json", data={"name": "set"})
    with pytest.raises(UserError, match=r"data\.info"):
        info_of(read(run))


def test_a_config_from_elsewhere_builds_known_classes_alone(run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["model"]["_target_"] = "subprocess.Popen"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(UserError, match=r"subprocess\.Popen"):
        segladder.load(run)
    (run / "config.yaml").write_text("][")
    with pytest.raises(UserError, match="cannot be read as a configuration"):
        segladder.load(run)


def test_devices_that_are_not_there_are_refused():
    assert chosen_device("cpu").type == "cpu"
    with pytest.raises(UserError, match="is no device"):
        chosen_device("gpu")
    with pytest.raises(UserError, match="is not there on this machine"):
        chosen_device("cuda:99")


def test_a_notebook_pays_for_torch_alone(run):
    code = (
        "import sys, json, segladder, numpy as np;"
        f"segladder.load({str(run)!r}).predict(np.zeros((8, 8, 3), np.uint8));"
        "print(json.dumps([name for name in ('pytorch_lightning', 'torchmetrics', 'torchvision', 'timm',"
        " 'segmentation_models_pytorch', 'scipy', 'matplotlib') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
