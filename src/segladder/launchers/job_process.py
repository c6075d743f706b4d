"""What happens in the process of one job, on whatever machine: unpack it, run it, say how it ended."""

from __future__ import annotations

import multiprocessing
import sys
import traceback
from typing import TYPE_CHECKING, Any

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from omegaconf import open_dict

from segladder.launchers.work import JobEnd
from segladder.runs.ranks.team import PeerLostError
from segladder.runs.resume import BusyRunError
from segladder.types import Interrupted, UserError

if TYPE_CHECKING:
    from hydra.types import TaskFunction
    from omegaconf import DictConfig


def pack(task: TaskFunction, job: DictConfig) -> bytes:
    """A job as bytes that any process with this environment and the same folders can run.

    Args:
        task: the command's function.
        job: the composed configuration with its `hydra` node.
    """
    # what `run_app` wraps around the task explains errors to the person at the launcher's terminal
    plain = getattr(task, "__wrapped__", task)
    return bytes(cloudpickle.dumps((plain, job, Singleton.get_state(), list(sys.argv[:1]))))


def run_payload(payload: bytes) -> JobEnd:
    """Runs what `pack` packed, in this process, which should do nothing else before or after.

    Never raises: whatever ends the job is in what it returns.
    """
    # workers of a DataLoader are then forked as usual, not started from a fork server with all imports anew
    multiprocessing.set_start_method(None, force=True)
    task, job, singletons, program = cloudpickle.loads(payload)
    Singleton.set_state(singletons)
    HydraConfig.instance().set_config(job)
    sys.argv = [*program, *job.hydra.overrides.task]
    with open_dict(job):
        del job["hydra"]
    return _end_of(task, job)


def _end_of(task: TaskFunction, job: DictConfig) -> JobEnd:
    try:
        value: Any = task(job)
    except (Interrupted, KeyboardInterrupt) as error:
        return JobEnd(status="interrupted", error=str(error) or "stopped before its state could be saved")
    except BusyRunError as error:
        return JobEnd(status="busy", error=str(error))
    except PeerLostError as error:
        return JobEnd(status="killed" if error.status == "interrupted" else "failed", error=str(error))
    except UserError as error:
        return JobEnd(status="failed", error=str(error))
    except SystemExit as error:
        return JobEnd(status="failed", error=f"it left with exit code {error.code}")
    except Exception as error:
        # the run's record and log hold it, too; a sweep goes on
        traceback.print_exc()
        return JobEnd(status="failed", error=f"{type(error).__name__}: {error}")
    return JobEnd(status=getattr(value, "status", "finished"), value=value)
