"""A run of several processes, put together: who is there, who is started, and what each beside rank zero does."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from segladder.config.assemble import build_datamodule, build_task
from segladder.config.machine import prepare_machine
from segladder.runs.ending import close_lost
from segladder.runs.facts import device_count
from segladder.runs.folder import RunFolder
from segladder.runs.job import Job
from segladder.runs.lightning import callback_of, pruned_at, quieten, trainer_for
from segladder.runs.lock import RunLock
from segladder.runs.outcome import Outcome, outcome_of
from segladder.runs.ranks.followers import Followers, Guest, follow
from segladder.runs.ranks.meeting import Host, Visitor
from segladder.runs.ranks.team import PeerLostError, Peers, Team, Word
from segladder.runs.ranks.world import World
from segladder.runs.record import read
from segladder.runs.resume import Decision
from segladder.runs.weights import start_from
from segladder.types import Interrupted, UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

    from segladder.data.module import SegmentationDataModule
    from segladder.runs.ranks.environment import RankEnvironment
    from segladder.tasks import Rung


def world_of(job: Job) -> World:
    """The processes that were started together for this job.

    Raises:
        UserError: what started them has not said which one this is.
    """
    world = World.here()
    nodes = int(job.cfg.trainer.get("num_nodes") or 1)
    return World.of_nodes(nodes) if nodes > 1 and world.size == 1 else world


@contextmanager
def hosting(outputs: Path, world: World) -> Iterator[Host | None]:
    """Rank zero's hold on the processes that others have started: whatever it comes to, they learn of it.

    Args:
        outputs: `paths.outputs`, which all of them share.
        world: of which this is rank zero.
    """
    if world.size == 1:
        yield None
        return
    host = Host(outputs, world)
    try:
        yield host
    except (Interrupted, KeyboardInterrupt):
        host.dismiss(1, patience=3)
        raise
    except BaseException:
        host.dismiss(1)
        raise
    host.dismiss(0)


def require_fit(job: Job, world: World) -> None:
    """
    Raises:
        UserError: the trainer's devices are not as many as the processes that were started for them, or its
            strategy starts processes of its own.
    """
    strategy = str(job.cfg.trainer.get("strategy") or "auto")
    if {"spawn", "fork", "notebook"} & set(strategy.split("_")):
        raise UserError(
            f"trainer.strategy={strategy} trains in processes that can hand back neither scores nor a record."
            " Use trainer.strategy=auto, which is ddp on several devices."
        )
    devices = job.cfg.trainer.get("devices")
    if devices not in ("auto", -1, "-1", None):
        world.started_here(devices=device_count(devices), nodes=int(job.cfg.trainer.get("num_nodes") or 1))


def environment_of(world: World) -> RankEnvironment:
    """What Lightning is told of this process, as rank zero."""
    from segladder.runs.ranks.environment import LOCALHOST, RankEnvironment, free_port

    return RankEnvironment(
        local_rank=world.local_rank,
        node=world.node,
        address=world.address or LOCALHOST,
        port=world.port or free_port(),
    )


@contextmanager
def together(
    trainer: Trainer,
    environment: RankEnvironment,
    job: Job,
    decision: Decision,
    lock: RunLock,
    world: World,
    host: Host | None,
) -> Iterator[None]:
    """Within it, all processes of the run are there; with it they end.

    Raises:
        PeerLostError: one of them has ended before its time.
        UserError: some did not come, or more or fewer were started than there are devices.
    """
    local = world.started_here(devices=trainer.num_devices, nodes=trainer.num_nodes)
    if host is None and not local:
        yield
        return
    folder = decision.folder
    word = Word.of(
        job,
        folder=folder.path,
        checkpoint=decision.checkpoint,
        address=environment.main_address,
        port=environment.main_port,
    )

    def close_books(error: PeerLostError) -> None:
        print(f"segladder: {error}", file=sys.stderr)
        close_lost(folder, error)
        lock.release()

    peers: list[Peers] = []
    try:
        if local:
            peers.append(Followers(word, local_ranks=local, node=world.node, devices=trainer.num_devices))
        if host is not None:
            host.give(word, each=len(local) + 1)
            peers.append(host)
    except BaseException:
        for started in peers:
            started.end()
        raise
    with Team(peers, world_size=trainer.world_size, on_stuck=close_books):
        yield


def visit(outputs: Path, world: World) -> Outcome:
    """What a process that was started beside rank zero does: waits for its word and follows it.

    Raises:
        SystemExit: rank zero has failed before training, or this process in it.
        UserError: rank zero did not come.
    """
    visitor = Visitor(outputs, world)
    said = visitor.wait_for_word()
    if isinstance(said, int):
        if said:
            raise SystemExit(said)
        return Outcome(status="skipped", folder=outputs, metric="", val={}, test={}, parameters=None, fit_seconds=None)
    if code := follow(said, visitor, run_beside, local_rank=world.local_rank, node=world.node, world=world):
        raise SystemExit(code)
    folder = RunFolder(Path(said.folder))
    return outcome_of(read(folder.result), folder, status="finished")


def run_beside(job: Job, word: Word, guest: Guest, *, local_rank: int, node: int, world: World | None = None) -> None:
    """A run as a process beside rank zero does it: the same steps, no folder, no record, no words.

    Args:
        job: rank zero's.
        word: where it runs.
        guest: tells rank zero how far this process is.
        local_rank: which of its machine's devices is this process's.
        node: which of the machines it is on.
        world: where it was not rank zero that has started it.

    Raises:
        PeerLostError: a process that this one has started on its machine is gone.
    """
    from segladder.runs.ranks.environment import RankEnvironment
    from segladder.tasks.callbacks import InterruptGuard
    from segladder.tasks.callbacks.checkpoint import load_weights

    prepare_machine(job.cfg.runtime)
    datamodule, task, _ = built(job)
    folder = RunFolder(Path(word.folder))
    environment = RankEnvironment(local_rank=local_rank, node=node, address=word.address, port=word.port)
    trainer = trainer_for(job, folder, [], None, environment=environment)
    peers: list[Peers] = []
    if world is not None and (local := world.started_here(devices=trainer.num_devices, nodes=trainer.num_nodes)):
        peers.append(Followers(word, local_ranks=local, node=node, devices=trainer.num_devices))

    def close_books(error: PeerLostError) -> None:
        guest.tell("killed" if error.status == "interrupted" else "failed", error.told)

    with Team(peers, world_size=trainer.world_size, on_stuck=close_books), callback_of(trainer, InterruptGuard):
        guest.tell("ready")
        seed_all(job.cfg.seed)
        trainer.fit(task, datamodule=datamodule, ckpt_path=word.checkpoint, weights_only=True)
        if pruned_at(trainer) is not None:
            return
        if folder.best.is_file():
            load_weights(folder.best, task)
        if datamodule.samples("test") is not None:
            trainer.test(task, datamodule=datamodule, verbose=False)


def built(job: Job) -> tuple[SegmentationDataModule, Rung, list[str]]:
    """The job's data and network, its initial weights loaded, and what is to be said of these."""
    quieten()
    datamodule = build_datamodule(job.cfg)
    task = build_task(job.cfg, datamodule)
    return datamodule, task, [start_from(task.model, Path(job.cfg.init_from))] if job.cfg.get("init_from") else []


def seed_all(seed: int) -> None:
    """Python and NumPy are seeded for what users add; our own parts draw from stateless generators."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
