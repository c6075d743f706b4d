"""The record of a run with `data.on_bad_sample=skip` names what was skipped, however the run ended."""

from __future__ import annotations

import json

from drawn_faults import draw_clean

WORDS = ("model=unet_lab", "model.base_channels=4", "runtime.threads=1", "logger=csv", "data.num_workers=1")


def train(segladder, root, *words):
    ran = segladder("train", "data=folder", f"data.root={root}", *WORDS, "data.on_bad_sample=skip", *words)
    [result] = root.parent.glob("outputs/single/*/result.json")
    return ran, json.loads(result.read_text())


def test_where_too_many_are_skipped_the_record_of_the_failed_run_names_them_all(segladder, tmp_path):
    root = draw_clean(tmp_path / "set")
    for number in range(7):
        (root / f"images/{number:03d}.png").write_bytes(b"no picture")
    # what says how many channels images have
    (root / "dataset.json").write_text(json.dumps({"classes": ["background", "leaf", "stem"], "channels": 3}))
    ran, record = train(segladder, root, "data.batch_size=2", "trainer.max_epochs=1")
    assert ran.code == 1 and "7 of the 12 samples of train cannot be read: more than half is too much" in ran.err
    skipped = record["data"]["skipped"]
    assert record["status"] == "failed" and (skipped["count"], skipped["counts"]) == (7, {"train": 7})
    assert [one["image_id"] for one in skipped["samples"]] == [f"{number:03d}" for number in range(7)]
    assert skipped["samples"][0]["reason"].endswith("Fetch it again, or take it out of the split.")


def test_another_error_loses_nothing(segladder, tmp_path):
    root = draw_clean(tmp_path / "set")
    (root / "images/000.png").write_bytes(b"no picture")
    words = ("data.batch_size=4", "data.shuffle=false", "trainer.max_epochs=1", "optimizer.lr=1e30")
    ran, record = train(segladder, root, *words)
    assert ran.code == 1 and "loss became nan" in ran.err, ran.text
    assert [one["image_id"] for one in record["data"]["skipped"]["samples"]] == ["000"]
