"""Jobs on a Ray cluster: Ray says where and with which GPUs, a fresh process on that node does the work.

A job runs in a seat: a Ray actor with the CPUs, GPUs and memory of one job. A seat is used again by the next job that
asks for the same, since the process beside it (`host`) has the heavy imports done; Ray itself tries nothing again,
because a sweep has its own ways to resume.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segladder.launchers.ray_nodes.connect import Node, RayCluster
from segladder.launchers.ray_nodes.host import Home
from segladder.launchers.ray_nodes.passed_on import own_path, passed_on
from segladder.launchers.ray_nodes.seat import Seat, what_is_missing
from segladder.launchers.ray_nodes.settings import RaySettings, Request
from segladder.launchers.work import JobEnd, Work
from segladder.types import UserError

_KEEP = 20.0
"""Seconds that a seat without a job is kept for the next one."""

_LOOK = 180.0
"""Seconds that the nodes have to answer whether they see what they need; a `runtime_env` is made meanwhile."""


@dataclass
class _Place:
    """A seat as the launcher sees it."""

    request: Request
    actor: Any
    name: Any
    """Ray's promise of the node's name; kept once Ray has found room."""
    since: float = field(default_factory=time.monotonic)
    """When it became free."""


@dataclass
class _Running:
    work: Work
    place: _Place
    stopped: bool = False


class RayExecutor:
    """See `work.Executor`. Used for several sweeps of one process, such as the batches of a search."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """
        Args:
            settings: everything below `hydra.launcher`.

        Raises:
            UserError: a setting that cannot be used, no Ray, no such cluster, or none whose nodes can hold a job.
        """
        self._settings = RaySettings.checked(settings)
        self._cluster = RayCluster(self._settings.address)
        self._running: dict[Any, _Running] = {}
        self._free: list[_Place] = []
        self._seen: set[Path] = set()
        self._told: set[str] = set()
        self.slots = self._settings.slots or 1

    def check(self, work: Work) -> None:
        """
        Raises:
            UserError: no node has what the job asks for, or a node does not see the folder of the runs.
        """
        nodes = self._cluster.nodes()
        request = self._request(work, nodes)
        at_once = sum(request.fits(node.resources) for node in nodes)
        if not at_once:
            raise UserError(
                f"{work.title}: the job asks for {request}, and no node of the Ray cluster has that: {_all(nodes)}."
                " Ask for less (hydra.launcher.cpus, gpus, memory_gb; trainer.devices multiplies the first two), or add"
                " a node."
            )
        if self._settings.slots is None:
            self.slots = max(self.slots, at_once)
        elif self.slots > at_once:
            self._tell(
                f"hydra.launcher.slots is {self.slots}, but the cluster has room for {at_once} jobs with {request}"
                " each; those beyond wait in Ray's queue."
            )
        if work.accelerator == "cpu" and self._settings.gpus:
            self._tell(f"hydra.launcher.gpus={self._settings.gpus:g} has no effect with trainer.accelerator=cpu.")
        if not self._cluster.started and work.log.parent not in self._seen:
            self._look([node for node in nodes if request.fits(node.resources)], work.log.parent)
            self._seen.add(work.log.parent)

    def start(self, work: Work) -> None:
        request = self._request(work, self._cluster.nodes())
        place = next((place for place in self._free if place.request == request), None)
        if place is None:
            # what they hold may be what the new one needs
            self._drop(self._free)
            place = self._new(request)
        else:
            self._free.remove(place)
        self._running[place.actor.run.remote(work)] = _Running(work, place)

    def ended(self, timeout: float) -> list[tuple[int, JobEnd]]:
        if not self._running:
            return []
        import ray

        refs = list(self._running)
        if ray.wait(refs, timeout=timeout)[0]:
            ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        else:
            ready = []
        found = []
        for ref in ready:
            job = self._running.pop(ref)
            try:
                end: JobEnd = ray.get(ref)
                job.place.since = time.monotonic()
                self._free.append(job.place)
            except ray.exceptions.RayError as error:
                end = _lost(job, error)
                self._drop([job.place])
            found.append((job.work.number, end))
        self._drop([place for place in self._free if time.monotonic() - place.since > _KEEP])
        return found

    def stop(self, *, now: bool) -> None:
        for job in self._running.values():
            job.stopped = True
            if _name(job.place) is None:
                self._drop([job.place])
            else:
                job.place.actor.stop.remote(now)

    def close(self) -> None:
        """Ends jobs that are still at work; the connection and free seats stay for the next sweep of this process."""
        self._drop([job.place for job in self._running.values()])
        self._running.clear()

    def shut_down(self) -> None:
        """Gives everything back; nothing can be run afterwards."""
        self.close()
        self._drop(self._free)
        self._cluster.close()

    def _request(self, work: Work, nodes: list[Node]) -> Request:
        return self._settings.request(work, gpus_there=any(node.resources.get("GPU", 0) for node in nodes))

    def _new(self, request: Request) -> _Place:
        import ray

        home = Home(
            folder=str(Path.cwd()),
            path=tuple(own_path()),
            env=passed_on(self._settings.runtime_env.get("env_vars") or {}),
            cpus=request.cpus,
            gpus=request.gpus,
            grace=self._settings.grace,
        )
        seat: Any = ray.remote(Seat)
        actor = seat.options(
            **request.options(),
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=4,
            runtime_env=self._settings.runtime_env,
        ).remote(home)
        return _Place(request, actor, actor.node.remote())

    def _drop(self, places: list[_Place]) -> None:
        import ray

        for place in list(places):
            with suppress(Exception):
                ray.kill(place.actor)
            if place in self._free:
                self._free.remove(place)

    def _look(self, nodes: list[Node], folder: Path) -> None:
        """
        Raises:
            UserError: a node lacks what jobs need; with its address.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from segladder.runs.code import fingerprint
        from segladder.runs.storage import storing

        token = folder / f".seen-{secrets.token_hex(4)}"
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            token.touch()
        look: Any = ray.remote(what_is_missing)
        asked = {
            look.options(
                num_cpus=0,
                max_retries=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False),
                runtime_env=self._settings.runtime_env,
            ).remote(str(Path.cwd()), str(token), fingerprint()): node
            for node in nodes
        }
        try:
            ray.wait(list(asked), num_returns=len(asked), timeout=_LOOK)
            for ref, node in asked.items():
                missing = _answer(ref)
                if missing:
                    raise UserError(f"The node {node.address} of the Ray cluster {missing}.")
        finally:
            token.unlink(missing_ok=True)

    def _tell(self, warning: str) -> None:
        if warning not in self._told:
            self._told.add(warning)
            print(f"Warning: {warning}", flush=True)


def _answer(ref: Any) -> str:
    import ray

    try:
        missing: str = ray.get(ref, timeout=0)
    except ray.exceptions.GetTimeoutError:
        return f"did not answer within {_LOOK:.0f} s"
    except ray.exceptions.RayError as error:
        return f"cannot run jobs ({_last_line(error)}). Install segladder there, the same version as here"
    return missing


def _lost(job: _Running, error: Exception) -> JobEnd:
    """How a job ended whose seat could not say it any more."""
    import ray

    where = _name(job.place)
    if job.stopped and where is None:
        return JobEnd(status="interrupted", error="it was stopped before Ray had found room for it")
    if not isinstance(error, ray.exceptions.RayActorError):
        return JobEnd(status="failed", error=f"Ray could not run it: {_last_line(error)}")
    text = " ".join(str(error).split())
    if where is None:
        return JobEnd(status="failed", error=f"Ray could not start it: {text[:300]}")
    if "node" in text and "died" in text.partition("node")[2][:40]:
        return JobEnd(status="killed", error=f"its node ({where}) was lost")
    memory = "; the node ran out of memory" if "memory monitor" in text or "low memory" in text else ""
    return JobEnd(status="killed", error=f"Ray's process for it on {where} was ended{memory}")


def _name(place: _Place) -> str | None:
    """The node of a seat; None while Ray looks for room."""
    import ray

    if not isinstance(place.name, str):
        with suppress(ray.exceptions.RayError):
            if ray.wait([place.name], timeout=0)[0]:
                place.name = ray.get(place.name)
    return place.name if isinstance(place.name, str) else None


def _all(nodes: list[Node]) -> str:
    told = []
    for node in nodes[:4]:
        cpus, gpus = node.resources.get("CPU", 0), node.resources.get("GPU", 0)
        memory = node.resources.get("memory", 0) / 2**30
        told.append(f"{node.address} has {cpus:g} CPUs, {gpus:g} GPUs and {memory:.0f} GiB")
    more = f", and {len(nodes) - 4} more" if len(nodes) > 4 else ""
    return "; ".join(told) + more


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300].rstrip(".") if lines else type(error).__name__
