"""Older records, which hold no method: the configuration tells it, and where that is lost, what was chosen."""

from __future__ import annotations

import json

import pytest
import yaml

from drawn_runs import HASHES, draw_run
from segladder.report.boards.board import boards
from segladder.report.records.older import told_of_methods
from segladder.report.records.reading import read_runs
from segladder.report.report import make_report
from segladder.runs.identity import identity


def older(outputs, *, loss="ce", seed=1, depth=3, **settings):
    """Draws a run whose record has no method, and whose id is the hash of its configuration."""
    path = draw_run(outputs, loss=loss, seed=seed, method=f"{loss} {depth}", protocol={}, **settings)
    config = {
        "seed": seed,
        "loss": {"expr": loss},
        "backbone": None,
        "model": {"_target_": "x.Model", "depth": depth, **{f"setting{i}": i for i in range(40)}},
    }
    (path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    record = json.loads((path / "result.json").read_text())
    record |= {"method": "", "id": identity(config, data_hashes=HASHES)}
    (path / "result.json").write_text(json.dumps(record))
    return path


def sweep(outputs, losses=("ce", "dice"), seeds=(1, 2, 3)):
    return {(loss, seed): older(outputs, loss=loss, seed=seed) for loss in losses for seed in seeds}


def lose(path):
    path.unlink()


def cut(path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:4]))


def damage(path):
    path.write_text("model: {a: 1")


def spoil(path):
    path.write_text("model: 3\nloss: [1, 2]\n")


@pytest.fixture
def board(tmp_path):
    def made():
        (found,) = boards(read_runs(tmp_path).runs, resamples=100)
        return found

    return made


@pytest.mark.parametrize("harm", [lose, damage])
def test_without_any_configuration_losses_are_told_apart_by_what_was_chosen(tmp_path, board, harm):
    for path in sweep(tmp_path).values():
        harm(path / "config.yaml")
    found = board()
    assert {place.method.label: place.method.seeds for place in found.places} == {"ce": [1, 2, 3], "dice": [1, 2, 3]}
    assert found.notes == []
    (told,) = told_of_methods(read_runs(tmp_path).runs)
    assert told.startswith("6 runs are told apart by what was chosen and typed alone")
    assert told.endswith("their settings are unknown beyond their choices.")


@pytest.mark.parametrize("harm", [lose, damage, cut, spoil])
def test_one_harmed_configuration_tears_no_method_in_two(tmp_path, board, harm):
    paths = sweep(tmp_path)
    harm(paths["dice", 2] / "config.yaml")
    found = board()
    assert {place.method.label: place.method.seeds for place in found.places} == {"ce": [1, 2, 3], "dice": [1, 2, 3]}
    assert found.notes == [] and list(found.places[0].method.settings) == ["model", "backbone", "loss"]
    (told,) = (line for line in make_report(tmp_path, base=tmp_path, resamples=0).warnings if "config.yaml" in line)
    assert str(paths["dice", 2]) in told and told.endswith("it stands with the runs of the same choices.")


def test_a_configuration_that_comes_back_counts_again(tmp_path):
    path = older(tmp_path) / "config.yaml"
    content = path.read_bytes()
    before = read_runs(tmp_path).runs[0].method
    path.unlink()
    assert read_runs(tmp_path).runs[0].method.startswith("chosen ")
    path.write_bytes(content)
    assert read_runs(tmp_path).runs[0].method == before


def test_a_run_of_another_id_is_no_repeat_where_only_the_lost_configuration_tells_why(tmp_path, board):
    for depth in (3, 4):
        for seed in (1, 2):
            path = older(tmp_path, seed=seed, depth=depth, folder=f"run-{depth}-{seed}")
            if depth == 4:
                (path / "config.yaml").unlink()
    found = board()
    assert not any("repeat" in note for note in found.notes)
    assert sorted(len(place.method.runs) for place in found.places) == [1, 1, 2]
    assert len({place.method.label for place in found.places}) == 3


def test_what_was_typed_tells_methods_apart_as_well(tmp_path, board):
    for rate in ("0.1", "0.2"):
        for seed in (1, 2):
            path = older(
                tmp_path, seed=seed, overrides=[f"optimizer.lr={rate}", f"seed={seed}"], folder=f"{rate}-{seed}"
            )
            (path / "config.yaml").unlink()
    assert sorted(place.method.seeds for place in board().places) == [[1, 2], [1, 2]]
