"""Whatever ends a run, its record says how, and a user's mistake ends in a sentence."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segladder.config.secrets import scrub
from segladder.runs.folder import RunFolder
from segladder.runs.ranks.team import PeerLostError
from segladder.runs.record import Record, Status, read, write
from segladder.types import Interrupted, UserError


@contextmanager
def recorded(folder: RunFolder) -> Iterator[None]:
    """Within it, an error or an interrupt is written into the run's record and log before it goes on its way.

    Raises:
        UserError: in place of errors of torch that a user can mend.
        KeyboardInterrupt: in place of the SystemExit that Lightning makes of a second Ctrl-C.
    """
    try:
        yield
    except (Interrupted, KeyboardInterrupt, SystemExit) as error:
        _close(folder, "interrupted", error)
        if isinstance(error, SystemExit):
            raise KeyboardInterrupt from error
        raise
    except PeerLostError as error:
        close_lost(folder, error)
        raise
    except Exception as error:
        told = _told(error)
        with open(folder.log, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(scrub("".join(traceback.format_exception(error))))
        _close(folder, "failed", told)
        if told is error:
            raise
        raise told from error


def close_lost(folder: RunFolder, error: PeerLostError) -> None:
    """Writes down that the run has ended because one of its processes is gone, and what that one wrote last."""
    _close(folder, error.status, error)
    if error.wrote:
        record = read(folder.result)
        record.error = (record.error or {}) | {"log": error.wrote.splitlines()}
        write(record, folder.result)


def note_checkpoints(record: Record, folder: RunFolder) -> None:
    """Writes down which checkpoints there are."""
    record.checkpoints = {
        kind: f"checkpoints/{kind}.ckpt" for kind in ("best", "last") if getattr(folder, kind).is_file()
    }


def _close(folder: RunFolder, status: Status, error: BaseException) -> None:
    record = read(folder.result)
    record.status = status
    record.error = {"type": type(error).__name__, "message": scrub(str(error))}
    note_checkpoints(record, folder)
    write(record, folder.result)


def _by_lightning(error: BaseException) -> bool:
    """Whether Lightning itself raised it, about its settings, and not something that it called."""
    innermost = list(traceback.walk_tb(error.__traceback__))[-1][0]
    return any(part in ("pytorch_lightning", "lightning_fabric") for part in Path(innermost.f_code.co_filename).parts)


def _told(error: Exception) -> Exception:
    import torch
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    complaint = isinstance(error, ValueError | TypeError | RuntimeError | ZeroDivisionError) and _by_lightning(error)
    if (complaint or isinstance(error, MisconfigurationException)) and not isinstance(error, UserError):
        return UserError(f"Lightning cannot run these settings: {' '.join(str(error).split())}")
    if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return UserError(
            "The device ran out of memory. Lower data.batch_size, crop smaller (augment.crop),"
            " or use trainer.precision=bf16-mixed."
        )
    return error
