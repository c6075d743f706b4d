"""The record survives its round trips, other versions and damage."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.runs.lock import RunLock
from segladder.runs.record import NewerRecordError, Record, plain, read, update, write
from segladder.types import UserError

numbers = st.none() | st.floats(0, 1, allow_nan=False)
words = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(words, json_values, max_size=3)
records = st.builds(
    Record,
    id=words,
    name=words,
    status=st.sampled_from(["running", "finished", "interrupted", "failed", "pruned", "timeout"]),
    seed=st.none() | st.integers(),
    overrides=st.lists(words, max_size=3),
    choices=st.dictionaries(words, st.none() | words, max_size=3),
    scores=st.dictionaries(words, st.dictionaries(words, numbers, max_size=3), max_size=3),
    data=objects,
    error=st.none() | objects,
    unknown=st.dictionaries(words.map("x_{}".format), json_values, max_size=3),
)


@given(records)
def test_what_is_written_is_read(tmp_path_factory, record):
    path = tmp_path_factory.mktemp("run") / "result.json"
    write(record, path)
    assert read(path) == record
    assert read(path.parent) == record


def test_every_field_of_the_design_is_in_the_file(tmp_path):
    write(Record(id="a", name="n"), tmp_path / "result.json")
    asked = "schema id name parent status task seed choices overrides monitor scores per_class data model time"
    asked += " memory environment code checkpoints wandb error"
    assert set(asked.split()) <= json.loads((tmp_path / "result.json").read_text()).keys()


def test_numbers_of_numpy_become_plain_and_nan_becomes_null(tmp_path):
    record = Record(id="a", name="n", seed=np.int64(3))
    record.scores = {"test": {"miou": np.float32(0.5), "dice": math.nan, "ce": math.inf}}
    record.per_class = {"test": {"iou": {"disk": np.float64("nan")}}}
    record.data = {
        "counts": {"train": np.uint8(7)},
        "mean": np.arange(2),
        "root": tmp_path,
        "ok": np.bool_(True),
    }
    write(record, tmp_path / "result.json")
    data = json.loads((tmp_path / "result.json").read_text(), parse_constant=pytest.fail)
    assert data["scores"] == {"test": {"miou": 0.5, "dice": None, "ce": None}}
    assert data["per_class"] == {"test": {"iou": {"disk": None}}}
    assert data["data"] == {"counts": {"train": 7}, "mean": [0, 1], "root": str(tmp_path), "ok": True}
    assert data["seed"] == 3
    assert math.isnan(read(tmp_path).score("dice")) and read(tmp_path).score("miou") == 0.5
    assert math.isnan(read(tmp_path).score("pq", split="val"))


def test_numbers_of_torch_and_lists_of_omegaconf_become_plain():
    torch = pytest.importorskip("torch")
    from omegaconf import OmegaConf

    assert plain({"loss": torch.tensor(0.5, dtype=torch.bfloat16)}) == {"loss": 0.5}
    assert plain(OmegaConf.create({"a": [1, {"b": 2}]})) == {"a": [1, {"b": 2}]}


def test_what_a_record_cannot_hold_is_named():
    with pytest.raises(TypeError, match=r"'data\.x\[1\]' is a object"):
        plain({"x": [1, object()]}, "data")


def test_keys_of_a_later_version_are_kept(tmp_path):
    path = tmp_path / "result.json"
    write(Record(id="a", name="n", environment={"host": "h", "later": [1]}), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"carbon": {"kg": 2}}))
    update(path, status="finished")
    data = json.loads(path.read_text())
    assert (data["status"], data["carbon"], data["environment"]["later"]) == ("finished", {"kg": 2}, [1])
    with pytest.raises(AttributeError, match="no field 'stats'"):
        update(path, stats=1)


def test_a_newer_schema_is_refused(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"schema": 2, "id": [], "anything": 1}))
    with pytest.raises(NewerRecordError, match=r"has schema 2, and this segladder reads up to 1\. Update segladder"):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"schema": 1, "id": "a", "na',
        b"[]",
        b"\xff\xfe",
        b"{}",
        b'{"schema": true, "id": "a", "name": "n", "status": "failed"}',
        b'{"schema": 1, "id": "a", "name": "n"}',
        b'{"schema": 1, "id": "a", "name": "n", "status": "done"}',
        b'{"schema": 1, "id": "a", "name": "n", "status": []}',
        b'{"schema": 1, "id": 3, "name": "n", "status": "failed"}',
        b'{"schema": 1, "id": "a", "name": "n", "status": "failed", "scores": []}',
        b'{"schema": 1, "id": "a", "name": "n", "status": "failed", "scores": {"test": {"miou": "high"}}}',
        b'{"schema": 1, "id": "a", "name": "n", "status": "failed", "seed": false}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_record_is_a_sentence_with_its_path(tmp_path, content):
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(path) in str(caught.value) and "cut short or edited" in str(caught.value)


def test_a_missing_record_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="There is no record"):
        read(tmp_path)


def test_a_name_that_is_no_text_is_kept(tmp_path):
    write(Record(id="a", name="n", overrides=["data.root=/x\udcff", "é"]), tmp_path / "result.json")
    assert read(tmp_path).overrides == ["data.root=/x\udcff", "é"]


def test_running_without_a_live_process_reads_as_interrupted(tmp_path):
    write(Record(id="a", name="n"), tmp_path / "result.json")
    with RunLock(tmp_path / "lock"):
        assert read(tmp_path).effective_status() == "running"
    assert read(tmp_path).effective_status() == "interrupted"
    assert dataclasses.replace(read(tmp_path), status="failed").effective_status() == "failed"
