"""The CSV file over resumes, and where a W&B run goes."""

from __future__ import annotations

import csv

import pytest

from segladder.tasks.trackers import CsvLogger, RunContext, wandb_mode
from segladder.types import UserError


def context(folder, **more):
    return RunContext(folder=folder, name="a", wandb_id="b", group="c", **more)


def rows(folder):
    with open(folder / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_that_come_later_are_empty_before(tmp_path):
    logger = CsvLogger(context=context(tmp_path), flush_every=1)
    logger.log_metrics({"train/loss": 0.5}, step=0)
    logger.log_metrics({"val/miou": 0.25}, step=1)
    logger.finalize("success")
    assert rows(tmp_path) == [
        {"step": "0", "epoch": "", "train/loss": "0.5", "val/miou": ""},
        {"step": "1", "epoch": "", "train/loss": "", "val/miou": "0.25"},
    ]


def test_metrics_of_one_step_share_a_row_unless_they_repeat(tmp_path):
    logger = CsvLogger(context=context(tmp_path), flush_every=1)
    logger.log_metrics({"train/loss": 0.5}, step=3)
    logger.log_metrics({"val/miou": 0.25}, step=3)
    logger.log_metrics({"val/miou": 0.75}, step=3)
    logger.finalize("success")
    assert [(row["train/loss"], row["val/miou"]) for row in rows(tmp_path)] == [("0.5", "0.25"), ("", "0.75")]


def test_a_resumed_run_keeps_rows_before_its_step_and_drops_the_rest(tmp_path):
    first = CsvLogger(context=context(tmp_path), flush_every=1)
    for step in range(6):
        first.log_metrics({"train/loss": step / 10}, step=step)
    first.finalize("failed")
    second = CsvLogger(context=context(tmp_path, start_step=4))
    second.log_metrics({"train/loss": 0.9}, step=4)
    second.finalize("success")
    assert [row["train/loss"] for row in rows(tmp_path)] == ["0", "0.1", "0.2", "0.3", "0.9"]


def test_numbers_come_back_exactly(tmp_path):
    logger = CsvLogger(context=context(tmp_path))
    values = {"a": 0.1 + 0.2, "b": 1e-300, "c": float("nan"), "d": 3.0}
    logger.log_metrics(values, step=0)
    logger.finalize("success")
    [row] = rows(tmp_path)
    assert float(row["a"]) == 0.1 + 0.2 and float(row["b"]) == 1e-300
    assert row["c"] == "nan" and row["d"] == "3"


@pytest.fixture
def no_key(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return tmp_path / "netrc"


def test_without_a_key_a_run_is_offline(no_key):
    assert wandb_mode("auto") == "offline"


def test_a_key_in_the_environment_or_in_netrc_means_online(no_key, monkeypatch):
    no_key.write_text("machine api.wandb.ai login user password secret\n")
    no_key.chmod(0o600)
    assert wandb_mode("auto") == "online"
    no_key.unlink()
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert wandb_mode("auto") == "online"


def test_the_environments_wish_wins_over_auto_only(no_key, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert wandb_mode("auto") == "disabled"
    assert wandb_mode("offline") == "offline"


def test_online_without_a_key_says_how_to_get_one(no_key):
    with pytest.raises(UserError, match="wandb login"):
        wandb_mode("online")
    with pytest.raises(UserError, match="offline"):
        wandb_mode("sometimes")
