"""Which file of weights is meant, and whether a network can take it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from segladder.runs.weights import find_checkpoint, load_exactly, network_tensors, start_from
from segladder.types import UserError


def checkpoint(path, model):
    torch.save({"state_dict": {f"segmenter.model.{k}": v for k, v in model.state_dict().items()}}, path)
    return path


def run_folder(path):
    (path / "checkpoints").mkdir(parents=True)
    (path / "result.json").write_text("{}")
    return path


def test_a_run_folder_means_its_best_checkpoint(tmp_path):
    run = run_folder(tmp_path / "run")
    best = checkpoint(run / "checkpoints" / "best.ckpt", nn.Linear(1, 1))
    assert find_checkpoint(run, key="run") == best
    assert find_checkpoint(run / "result.json", key="run") == best
    assert find_checkpoint(best, key="run") == best


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_is_no_run_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="init_from="):
        find_checkpoint(tmp_path / name, key="init_from")


def test_a_run_without_checkpoint_says_what_there_is(tmp_path):
    run = run_folder(tmp_path / "run")
    with pytest.raises(UserError, match="ended before"):
        find_checkpoint(run, key="run")
    last = checkpoint(run / "checkpoints" / "last.ckpt", nn.Linear(1, 1))
    with pytest.raises(UserError, match=str(last)):
        find_checkpoint(run, key="run")


def test_a_folder_of_runs_names_one_of_them(tmp_path):
    run = run_folder(tmp_path / "study" / "a-run")
    with pytest.raises(UserError, match=str(run)):
        find_checkpoint(tmp_path / "study", key="run")


def test_tensors_come_from_checkpoints_and_from_plain_files(tmp_path):
    model = nn.Linear(2, 3)
    torch.save(model.state_dict(), tmp_path / "plain.pt")
    for path in (tmp_path / "plain.pt", checkpoint(tmp_path / "run.ckpt", model)):
        found = network_tensors(path, key="init_from")
        assert found.keys() == {"weight", "bias"}
        assert torch.equal(found["weight"], model.weight)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04cut short"])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path, content):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.ckpt"):
        network_tensors(tmp_path / "x.ckpt", key="init_from")


def test_code_in_a_file_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return print, ("boom",)

    torch.save({"state_dict": Bomb()}, tmp_path / "x.ckpt")
    with pytest.raises(UserError, match="cannot be read as tensors alone"):
        network_tensors(tmp_path / "x.ckpt", key="init_from")


def test_every_tensor_must_fit(tmp_path):
    model = nn.Linear(2, 3)
    load_exactly(nn.Linear(2, 3), checkpoint(tmp_path / "a.ckpt", model))
    with pytest.raises(UserError, match=r"'weight' is \(3, 2\) there and \(4, 2\) here"):
        load_exactly(nn.Linear(2, 4), tmp_path / "a.ckpt")
    with pytest.raises(UserError, match="missing there"):
        load_exactly(nn.Sequential(nn.Linear(2, 3)), tmp_path / "a.ckpt")


def test_a_start_says_what_it_took_and_warns_where_that_is_little(tmp_path):
    there = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    path = checkpoint(tmp_path / "a.ckpt", there)
    here = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    assert start_from(here, path).endswith("4 of the network's 4 tensors are taken.")
    assert torch.equal(here[0].weight, there[0].weight)
    other = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 9))
    told = start_from(other, path)
    assert told.startswith("Warning: ") and "not taken: 1.weight ((2, 8) in the checkpoint, (9, 8) here)" in told
    assert torch.equal(other[0].weight, there[0].weight)


def test_a_start_from_next_to_nothing_is_refused(tmp_path):
    path = checkpoint(tmp_path / "a.ckpt", nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)))
    with pytest.raises(UserError, match="of another architecture"):
        start_from(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 900)), path)
