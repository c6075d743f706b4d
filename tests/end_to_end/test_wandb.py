"""The offline W&B run read back from its file: scalars, configuration, and images with named overlays."""

from __future__ import annotations

import json
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiny_runs import OBJECTS

OFFLINE = {"WANDB_MODE": "offline"}


def stored(path: Path) -> Iterator:
    """The records of a `.wandb` file: a header of 7 bytes, then LevelDB's log format in blocks of 32 KiB."""
    from wandb.proto import wandb_internal_pb2

    data, at, parts = path.read_bytes(), 7, []
    assert data[:4] == b":W&B"
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        if kind == 0:
            break
        parts.append(data[at + 7 : at + 7 + length])
        at += 7 + length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(b"".join(parts))
            parts = []
            yield record


def history(path: Path) -> list[dict]:
    rows = []
    for record in stored(path):
        if record.HasField("history"):
            row = {}
            for item in record.history.item:
                *above, name = [item.key] if item.key else item.nested_key
                place = row
                for part in above:
                    place = place.setdefault(part, {})
                place[name] = json.loads(item.value_json)
            rows.append(row | {"step": record.history.step.num})
    return rows


def only(folder: Path, pattern: str) -> Path:
    [found] = folder.glob(pattern)
    return found


def test_an_offline_run_holds_scalars_configuration_and_named_overlays(tiny, segladder, tmp_path):
    assert segladder(*tiny, "loss=dice+ce", "seed=4", env=OFFLINE).code == 0
    run = only(tmp_path, "outputs/single/*")
    record = json.loads((run / "result.json").read_text())
    assert record["wandb"]["mode"] == "offline"
    file = only(run, f"wandb/offline-run-*/run-{record['wandb']['id']}.wandb")

    rows = history(file)
    names = {name for row in rows for name in row}
    assert names >= {
        "train/loss",
        "train/loss/ce",
        "train/loss/dice",
        "train/lr",
        "val/miou",
        "val/iou/disk",
        "test/miou",
    }
    last = [row["test/miou"] for row in rows if "test/miou" in row]
    assert last == [pytest.approx(record["scores"]["test"]["miou"], abs=1e-6)]
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)

    [started] = [item.run for item in stored(file) if item.HasField("run")]
    config = {i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in started.config.update}
    assert config["seed"] == 4 and config["loss"]["expr"] == "ce+dice" and config["choices"]["model"] == "unet_lab"
    assert started.run_group == "single" and started.display_name == record["name"]

    [images] = [row["test/examples"] for row in rows if "test/examples" in row]
    assert images["count"] == 12
    assert all((file.parent / "files" / name).is_file() for name in images["filenames"])
    assert {"truth", "prediction"} <= set(images["all_masks"][0])
    overlay = images["all_masks"][0]["prediction"]["path"]
    assert (file.parent / "files" / overlay).is_file()

    [table] = [row["test/examples_table"] for row in rows if "test/examples_table" in row]
    assert table["nrows"] == 12
    # the table with its images waits beside the run for its upload
    staged = [path.read_bytes() for path in run.glob("wandb/artifacts/staging/*") if path.is_file()]
    content = json.loads(next(text for text in staged if b'"columns"' in text))
    assert content["columns"] == ["section", "image_id", "iou", "input", "truth", "prediction"]
    assert {row[0] for row in content["data"]} == {"best", "worst", "random"}
    assert "truth" in content["data"][0][4]["masks"] and "prediction" in content["data"][0][5]["masks"]


def test_found_objects_go_out_with_boxes_scores_and_masks(segladder, tmp_path):
    ran = segladder(*OBJECTS, "trainer.max_epochs=1", "model.score_threshold=0", env=OFFLINE)
    assert ran.code == 0, ran.text
    run = only(tmp_path, "outputs/single/*")
    record = json.loads((run / "result.json").read_text())
    rows = history(only(run, f"wandb/offline-run-*/run-{record['wandb']['id']}.wandb"))
    names = {name for row in rows for name in row}
    assert names >= {
        "train/loss/ce",
        "train/loss/rpn_box",
        "val/mask_ap",
        "val/miou",
        "test/box_ap",
        "val/mask_ap/disk",
    }
    [images] = [row["test/examples"] for row in rows if "test/examples" in row]
    assert {"truth", "prediction"} <= set(images["all_boxes"][0]) and images["count"] >= 8
    staged = [path.read_bytes() for path in run.glob("wandb/artifacts/staging/*") if path.is_file()]
    content = json.loads(next(text for text in staged if b'"columns"' in text))
    counts = ["f1", "hits", "missed", "false_alarms"]
    assert content["columns"] == ["section", "image_id", *counts, "input", "truth", "prediction"]


def test_a_resumed_run_keeps_its_id_and_its_steps_go_on(tiny, start, segladder, tmp_path):
    words = (*tiny, "trainer.max_epochs=4")
    running = start(words, env=OFFLINE)
    running.wait_for(lambda: any("epoch 2/4" in log.read_text() for log in tmp_path.glob("outputs/*/*/run.log")))
    running.send(signal.SIGINT)
    assert running.done().code == 130
    assert segladder(*words, env=OFFLINE).code == 0
    run = only(tmp_path, "outputs/single/*")
    wandb_id = json.loads((run / "result.json").read_text())["wandb"]["id"]
    first, second = sorted(run.glob(f"wandb/offline-run-*/run-{wandb_id}.wandb"))
    before = [row["step"] for row in history(first) if "train/loss" in row]
    after = [row["step"] for row in history(second) if "train/loss" in row]
    assert before == list(range(len(before)))
    assert before + after == list(range(32))


def test_a_key_on_the_command_line_is_written_nowhere(tiny, segladder, tmp_path):
    secret = "hf_abcdefghijklmnopqrstuvwxyz0123456789"
    words = ("trainer.max_epochs=1", f"+logger.wandb.tags=[{secret}]", f"+paths.api_key={secret}")
    ran = segladder(*tiny, *words[:1], *words[2:], env=OFFLINE)
    assert ran.code == 0, ran.text
    for path in tmp_path.glob("outputs/**/*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_each_job_of_a_sweep_has_a_run_of_its_own_named_by_what_varies(tiny, records, segladder, tmp_path):
    words = ("trainer.max_epochs=1", "seed=1,2", "loss=ce+dice", "study_name=mine", "logger.wandb.tags=[own]")
    ran = segladder(tiny[0], "-m", *tiny[1:], *words, env=OFFLINE)
    assert ran.code == 0, ran.text
    found = records(tmp_path / "outputs")
    assert len({record["wandb"]["id"] for record in found}) == 2
    for record in found:
        file = only(tmp_path, f"outputs/mine/*/wandb/offline-run-*/run-{record['wandb']['id']}.wandb")
        started = next(entry.run for entry in stored(file) if entry.HasField("run"))
        assert started.run_group == "mine"
        assert started.display_name == f"seed={record['seed']}"
        assert started.job_type == "train"
        assert {"semantic", "disks", "unet_lab", "ce+dice", "own"} <= set(started.tags)
