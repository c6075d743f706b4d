"""Which process this is, as torchrun, SLURM or a hand says."""

from __future__ import annotations

import pytest

from segladder.runs.ranks.world import World
from segladder.types import UserError

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "TORCHELASTIC_RESTART_COUNT": "0",
    "RANK": "3",
    "LOCAL_RANK": "1",
    "GROUP_RANK": "1",
    "WORLD_SIZE": "4",
    "MASTER_ADDR": "node0",
    "MASTER_PORT": "29500",
}
SRUN = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_ID": "0",
    "SLURM_NTASKS": "4",
    "SLURM_NNODES": "2",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
}


def test_a_process_by_itself_is_alone():
    world = World.here({"PATH": "/bin"})
    assert (world.size, world.rank) == (1, 0)
    assert world.started_here(devices=3, nodes=1) == [1, 2]


@pytest.mark.parametrize("env", [TORCHRUN, SRUN], ids=["torchrun", "srun"])
def test_a_process_that_was_started_with_others_knows_its_place(env):
    world = World.here(env)
    assert (world.size, world.rank, world.local_rank, world.node) == (4, 3, 1, 1)
    assert world.started_here(devices=2, nodes=2) == []


def test_a_restart_by_torchrun_is_another_start():
    assert World.here(TORCHRUN).token != World.here(TORCHRUN | {"TORCHELASTIC_RESTART_COUNT": "1"}).token


def test_a_batch_script_of_several_tasks_is_one_process_until_srun_starts_them():
    script = {key: value for key, value in SRUN.items() if key != "SLURM_STEP_ID"}
    assert World.here(script).size == 1


def test_a_shell_that_slurm_has_opened_is_one_process():
    assert World.here(SRUN | {"SLURM_JOB_NAME": "bash"}).size == 1


def test_one_process_per_machine_starts_the_others_of_its_machine():
    world = World.here(SRUN | {"SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_LOCALID": "0"})
    assert world.started_here(devices=4, nodes=2) == [1, 2, 3]


def test_machines_that_a_hand_has_started_are_numbered_by_it():
    world = World.of_nodes(2, {"MASTER_ADDR": "a", "MASTER_PORT": "1", "NODE_RANK": "1"})
    assert (world.size, world.rank) == (2, 1)
    assert world.started_here(devices=2, nodes=2) == [1]


@pytest.mark.parametrize(
    ("devices", "nodes", "told"),
    [
        (1, 1, "started 4 processes, and trainer.devices=1 on 1 machine"),
        (4, 2, "needs 8"),
        (1, 4, "all machines alike"),
    ],
)
def test_devices_that_do_not_fit_what_was_started_are_refused(devices, nodes, told):
    with pytest.raises(UserError, match=told):
        World.here(TORCHRUN).started_here(devices=devices, nodes=nodes)


def test_machines_without_numbers_are_refused():
    with pytest.raises(UserError, match="MASTER_ADDR, NODE_RANK is not set"):
        World.of_nodes(2, {"MASTER_PORT": "1"})


def test_a_variable_that_is_no_number_is_named():
    with pytest.raises(UserError, match="WORLD_SIZE is 'two'"):
        World.here(TORCHRUN | {"WORLD_SIZE": "two"})
