"""What is known of jobs before they start, found out in a process that has the heavy imports done."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from omegaconf import DictConfig, OmegaConf

from segladder.launchers.plan import Plan
from segladder.launchers.server import fork_server
from segladder.runs.facts import Facts
from segladder.types import UserError


class Inspection:
    """A process that finds out the facts of some jobs."""

    def __init__(self, facts: Callable[[DictConfig], Facts] | None, plans: Sequence[Plan]) -> None:
        self._plans = plans
        self._pipe, theirs = fork_server().Pipe(duplex=False)
        payload = cloudpickle.dumps((facts, [plan.config for plan in plans], Singleton.get_state()))
        self._process = fork_server().Process(target=_inspector, args=(payload, theirs))
        self._process.start()
        theirs.close()

    def read(self, faults: dict[int, str]) -> None:
        """Takes its findings, faults by the numbers of jobs."""
        try:
            for plan in self._plans:
                found = self._pipe.recv()
                if isinstance(found, str):
                    faults[plan.number] = found
                else:
                    plan.facts = found
        except EOFError:
            self._process.join()
            raise UserError(
                f"The process that checks the jobs was ended (exit code {self._process.exitcode})."
                " If memory ran out, free some and start the same command again."
            ) from None
        self._pipe.close()
        self._process.join()


def _inspector(payload: bytes, pipe: Connection) -> None:
    facts, configs, singletons = cloudpickle.loads(payload)
    for config in configs:
        Singleton.set_state(copy.deepcopy(singletons))
        HydraConfig.instance().set_config(config)
        job = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        try:
            found = facts(job)
        except UserError as error:
            found = str(error)
        except Exception as error:
            found = "".join(traceback.format_exception(error))
        pipe.send(found)
    pipe.close()
