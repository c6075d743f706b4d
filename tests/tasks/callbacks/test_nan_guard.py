"""The guard names the term; on a device that runs ahead it looks one step later."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from segladder.tasks.callbacks import NanGuard, NanLossError


class Ahead:
    """A loss on a device that runs ahead of Python."""

    device = torch.device("cuda")

    def __init__(self, value):
        self.value = value

    def detach(self):
        return self

    def item(self):
        return self.value


def step(guard, tmp_path, loss, batch_idx):
    trainer = SimpleNamespace(current_epoch=0, default_root_dir=tmp_path)
    parts = {"ce": torch.tensor(0.5), "dice": torch.tensor(float("nan"))}
    guard.on_train_batch_end(trainer, SimpleNamespace(last_parts=parts), {"loss": loss}, {"n": batch_idx}, batch_idx)
    return trainer


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_on_the_cpu_the_step_itself_is_refused(tmp_path, value):
    with pytest.raises(NanLossError, match="batch 3: term dice"):
        step(NanGuard(), tmp_path, torch.tensor(value), 3)
    assert torch.load(tmp_path / "nan_batch.pt", weights_only=True)["batch"] == {"n": 3}


def test_finite_losses_pass(tmp_path):
    guard = NanGuard()
    for value in (0.0, -3.0, 1e30):
        step(guard, tmp_path, torch.tensor(value), 0)
    assert not (tmp_path / "nan_batch.pt").exists()


def test_on_a_gpu_the_step_before_is_looked_at_and_its_own_batch_kept(tmp_path):
    guard = NanGuard()
    step(guard, tmp_path, Ahead(1.0), 0)
    step(guard, tmp_path, Ahead(float("nan")), 1)
    with pytest.raises(NanLossError, match="batch 1"):
        step(guard, tmp_path, Ahead(1.0), 2)
    assert torch.load(tmp_path / "nan_batch.pt", weights_only=True)["batch"] == {"n": 1}


def test_the_last_step_of_an_epoch_is_looked_at_before_it_is_saved(tmp_path):
    guard = NanGuard()
    trainer = step(guard, tmp_path, Ahead(float("inf")), 7)
    with pytest.raises(NanLossError, match="batch 7"):
        guard.on_train_epoch_end(trainer, SimpleNamespace())
