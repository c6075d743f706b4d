"""How jobs at work divide a machine."""

from __future__ import annotations

import resource

import pytest

from segladder.launchers.slots import divide, require_files, visible_gpus
from segladder.runs.environment import usable_cores
from segladder.types import UserError


def test_cores_are_divided_by_the_slots():
    for slots in range(1, usable_cores() + 1):
        shares = divide(slots, gpus=[])
        assert [share.threads for share in shares] == [usable_cores() // slots] * slots
        assert all(share.gpus == () for share in shares)


def test_the_processes_of_one_job_divide_its_threads():
    [share] = divide(1, gpus=[])
    assert share.environment(devices=1, accelerator="cpu")["SEGLADDER_THREADS"] == str(usable_cores())
    assert share.environment(devices=10_000, accelerator="cpu")["SEGLADDER_THREADS"] == "1"


def test_each_slot_sees_its_own_gpus():
    assert [share.gpus for share in divide(2, gpus=["0", "1", "2", "3"])] == [("0", "1"), ("2", "3")]
    assert [share.gpus for share in divide(3, gpus=["0", "1", "2", "3"])] == [("0",), ("1",), ("2",)]
    assert divide(1, gpus=["GPU-a"])[0].environment(devices=1, accelerator="auto")["CUDA_VISIBLE_DEVICES"] == "GPU-a"


def test_several_jobs_share_a_gpu_by_choice_alone():
    assert [share.gpus for share in divide(4, jobs_per_gpu=2, gpus=["0", "1"])] == [("0",), ("0",), ("1",), ("1",)]
    with pytest.raises(UserError, match=r"hydra.launcher.slots is 4, but 2 GPUs .*jobs_per_gpu=2"):
        divide(4, gpus=["0", "1"])


def test_a_job_on_the_cpu_is_told_nothing_of_gpus():
    assert "CUDA_VISIBLE_DEVICES" not in divide(1, gpus=["0"])[0].environment(devices=1, accelerator="cpu")


@pytest.mark.parametrize("slots", [0, -1, True, 1.5, "2"])
def test_a_number_of_slots_that_makes_no_sense_is_refused(slots):
    with pytest.raises(UserError, match=r"hydra.launcher.slots is .* whole number from 1"):
        divide(slots, gpus=[])


def test_more_slots_than_cores_are_refused():
    with pytest.raises(UserError, match=f"Give at most {usable_cores()}"):
        divide(usable_cores() + 1, gpus=[])


def test_sharing_gpus_where_there_are_none_is_refused():
    with pytest.raises(UserError, match="no GPU can be seen"):
        divide(1, jobs_per_gpu=2, gpus=[])


@pytest.mark.parametrize(("words", "found"), [("", []), ("-1", []), ("3", ["3"]), ("0, 2", ["0", "2"])])
def test_the_gpus_are_those_that_the_environment_shows(monkeypatch, words, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", words)
    assert visible_gpus() == found


def test_the_limit_of_open_files_is_raised_and_refused_only_where_it_cannot_be():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        require_files(slots=2, workers=8)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
        with pytest.raises(UserError, match="ulimit -n"):
            require_files(slots=10**6, workers=10**3)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
