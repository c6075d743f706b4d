"""Records into the facts of a report."""

from __future__ import annotations

import json

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.records.reading import INDEX, read_runs, settings_of
from segladder.types import UserError


def test_every_run_is_read_in_the_order_of_paths(tmp_path):
    paths = draw_sweep(tmp_path, methods={"dice": 0.1, "ce": 0.2}, seeds=(1, 2))
    found = read_runs(tmp_path)
    assert [run.path for run in found.runs] == sorted(map(str, paths))
    run = found.runs[0]
    assert (run.study, run.seed, run.status, run.metric, run.scored) == ("study", 1, "finished", "miou", "test")
    assert run.settings == {"model": "unet", "loss": "ce", "optimizer": "adam"}
    assert run.hours == pytest.approx(60 / 3600) and run.memory == 10**9 and run.steps == 300
    assert not found.left_out


def test_the_second_reading_takes_what_has_not_changed_from_the_index(tmp_path):
    draw_sweep(tmp_path, methods={"ce": 0.1}, seeds=(1, 2))
    first = read_runs(tmp_path)
    # a mark in the index shows whence a run comes
    index = json.loads((tmp_path / INDEX).read_text())
    for entry in index["runs"].values():
        entry["run"]["name"] = "from the index"
    (tmp_path / INDEX).write_text(json.dumps(index))
    draw_run(tmp_path, loss="dice", seed=1)
    changed = first.runs[0].folder.result
    changed.write_text(changed.read_text().replace('"seed": 1', '"seed": 11'))
    names = {(run.settings["loss"], run.seed): run.name for run in read_runs(tmp_path).runs}
    assert names == {("ce", 11): "disks-unet-ce-s1", ("ce", 2): "from the index", ("dice", 1): "disks-unet-dice-s1"}
    assert read_runs(tmp_path).runs == read_runs(tmp_path).runs


@pytest.mark.parametrize("content", [b"", b"[]", b'{"code": "x", "runs": {}}', b"\xff"])
def test_a_damaged_index_is_as_good_as_none(tmp_path, content):
    draw_run(tmp_path)
    (tmp_path / INDEX).write_bytes(content)
    assert len(read_runs(tmp_path).runs) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"schema": 1, "id": "a', "not valid JSON"),
        (b'{"schema": 99, "id": "a", "name": "a", "status": "finished"}', "Update segladder"),
        (
            b'{"schema": 1, "id": "a", "name": "a", "status": "finished", "scores": {"test": {"miou": "high"}}}',
            "numbers",
        ),
        (b"\xff\xfe\x00", "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_others_stay(tmp_path, content, said):
    draw_run(tmp_path, seed=1)
    damaged = draw_run(tmp_path, seed=2)
    (damaged / "result.json").write_bytes(content)
    found = read_runs(tmp_path)
    assert [run.seed for run in found.runs] == [1]
    assert said in found.left_out[str(damaged)]


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(UserError, match=r"There are no runs in .* train first"):
        read_runs(tmp_path)
    with pytest.raises(UserError, match="is not there"):
        read_runs(tmp_path / "none")


def test_an_older_record_takes_method_and_protocol_from_its_configuration(tmp_path):
    paths = [
        draw_run(tmp_path, seed=seed, method="", protocol={}, loss=loss) for loss in ("ce", "dice") for seed in (1, 2)
    ]
    runs = {(run.settings["loss"], run.seed): run for run in read_runs(tmp_path).runs}
    assert len(paths) == len(runs) == 4
    assert runs["ce", 1].method == runs["ce", 2].method != runs["dice", 1].method
    assert len(runs["ce", 1].method) == 64 and runs["ce", 1].protocol["metrics"] == 1


def test_settings_are_what_may_tell_methods_apart():
    choices = {"model": "unet", "backbone": None, "loss": "ce", "data": "disks", "logger": "csv", "study": "x"}
    words = [
        "model=unet",
        "+optimizer.lr=0.1",
        "data.fraction=0.5",
        "data.num_workers=2",
        "seed=3",
        "logger.wandb.mode=x",
    ]
    assert settings_of(choices, words) == {
        "model": "unet",
        "loss": "ce",
        "optimizer.lr": "0.1",
        "data.fraction": "0.5",
    }


@pytest.mark.parametrize(
    ("part", "key", "written", "said"),
    [
        ("model", "parameters", '"many"', "'many'"),
        ("model", "parameters", "-5", "-5"),
        ("model", "flops", "true", "true"),
        ("model", "flops", "NaN", "nan"),
        ("model", "flops", "1e999", "Infinity"),
        ("time", "fit", '["1 h"]', '["1 h"]'),
        ("time", "images_per_second", "-1.5", "-1.5"),
        ("time", "optimizer_steps", "2.5", "2.5"),
        ("memory", "peak_host", '"8 GB"', "'8 GB'"),
    ],
)
def test_numbers_that_make_no_sense_are_left_out_and_kept_to_be_told(tmp_path, part, key, written, said):
    path = draw_run(tmp_path) / "result.json"
    record = json.loads(path.read_text())
    record[part][key] = "here"
    path.write_text(json.dumps(record).replace('"here"', written))
    for _ in range(2):  # the second comes from the index
        (run,) = read_runs(tmp_path).runs
        assert run.senseless == {f"{part}.{key}": said}
    values = (run.parameters, run.flops, run.hours, run.images_per_second, run.steps, run.memory)
    assert sum(value is None for value in values) == 1


def test_what_is_undefined_makes_sense(tmp_path):
    path = draw_run(tmp_path, model={"parameters": 0, "flops": None, "pretrained": []}, memory={}) / "result.json"
    assert read_runs(tmp_path).runs[0].senseless == {}
    assert path.is_file()


def test_latency_is_read_with_the_machine_that_it_was_measured_on(tmp_path):
    environment = {"cpu": "a processor", "devices": ["a card"], "host": "node1"}
    for seed, latency in ((1, 12.5), (2, "12 ms")):
        path = draw_run(tmp_path, seed=seed, environment=environment if seed == 1 else {}) / "result.json"
        record = json.loads(path.read_text())
        record["model"]["latency_ms"] = latency
        path.write_text(json.dumps(record))
    one, two = sorted(read_runs(tmp_path).runs, key=lambda run: run.seed)
    assert (one.latency_ms, one.devices, one.host) == (12.5, "a card", "node1")
    assert (two.latency_ms, two.host) == (None, "") and two.senseless == {"model.latency_ms": "'12 ms'"}
