"""The preset for real street frames, a few batches of it."""

from __future__ import annotations

import json


def test_the_cpu_preset_reads_all_splits_and_ignores_void(segladder, tmp_path, real_data):
    root = real_data / "camvid"
    words = ("experiment=camvid_cpu", f"data.root={root}", "debug=fast", "data.batch_size=2", "data.eval_batch_size=1")
    ran = segladder("train", *words, "trainer.precision=32-true")
    assert ran.code == 0, ran.text
    [result] = tmp_path.glob("outputs/debug/*/result.json")
    record = json.loads(result.read_text())
    assert record["data"]["counts"] == {"train": 367, "val": 101, "test": 233}
    assert set(record["per_class"]["test"]["iou"]) >= {"sky", "road", "bicyclist"}
    assert len(record["per_class"]["test"]["iou"]) == 11
    assert (result.parent / "pictures" / "test.png").is_file()
