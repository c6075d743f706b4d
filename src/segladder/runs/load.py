"""A trained run back as a network: from its folder alone, without its data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.models.filled_later import filled_later
from segladder.runs.folder import RunFolder, find_runs
from segladder.runs.record import Record, read
from segladder.runs.weights import find_checkpoint, load_exactly
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    import torch

    from segladder.inference.instance_segmenter import InstanceSegmenter
    from segladder.inference.segmenter import Segmenter

CHECKPOINTS = ("best", "last")
READOUT = {"memory_format": "channels_last", "semantic_score": 0.5}
"""Settings of a task that a prediction depends on, and what they are where a task has none."""

_SHOWN = 3


@dataclass(frozen=True)
class FoundRun:
    """A run that can be loaded."""

    folder: RunFolder
    record: Record
    checkpoint: Path
    told: str | None = None
    """That the last weights stand in for the best ones, which nobody asked for by name and the run has not."""

    @property
    def info(self) -> DatasetInfo:
        """What the run knew of its data.

        Raises:
            UserError: the record does not say.
        """
        return info_of(self.record)


def load(
    run: str | Path,
    *,
    checkpoint: str | None = None,
    device: str | torch.device | None = None,
    plugins: Sequence[str] = (),
) -> Segmenter | InstanceSegmenter:
    """A trained run as a network that predicts: `segladder.load(run).predict(image)`.

    The data need not be there, and no pretrained weights are fetched: the checkpoint has everything.

    Args:
        run: a run folder, a file in it, or one of its checkpoints.
        checkpoint: `best` by the run's monitored metric, or `last`; None for the best, or with a warning the last where
            the run has no best, because it never validated.
        device: where the network goes; None for a GPU where there is one.
        plugins: the user's own packages that the run's model comes from, trusted like code.

    Returns:
        The network in evaluation mode, with classes, channels and the run's own inference protocol; an
        `InstanceSegmenter` where it finds objects.

    Raises:
        UserError: there is no such run or checkpoint, it does not fit the configuration, or the configuration would
            build something else than known classes.
    """
    from omegaconf import OmegaConf

    from segladder.config.plugins import import_plugins
    from segladder.config.saved import read_config
    from segladder.config.trust import check_targets

    found = find_run(run, checkpoint=checkpoint)
    if found.told:
        warnings.warn(found.told, stacklevel=2)
    saved = read_config(found.folder.config)
    import_plugins(plugins)
    parts = {key: saved[key] for key in ("model", "inference", "task") if saved.get(key) is not None}
    parts["task"] = readout(parts.get("task"))
    check_targets(parts, plugins)
    cfg = OmegaConf.create(parts)
    return build_segmenter(cfg, found.info, checkpoint=found.checkpoint, device=device)


def find_run(run: str | Path, *, checkpoint: str | None = None) -> FoundRun:
    """The run that a path means, and the checkpoint of it.

    Args:
        run: a run folder, its `result.json` or `config.yaml`, or a checkpoint file in its `checkpoints/`.
        checkpoint: `best` or `last`; None for the best, or the last where there is none. A checkpoint file stands
            for itself.

    Raises:
        UserError: nothing is there, it is no run, several runs, or a run that saved no checkpoint.
    """
    if checkpoint not in (None, *CHECKPOINTS):
        raise UserError(f"checkpoint={checkpoint} is neither best nor last. Give one of them, or run=FILE.ckpt.")
    path = Path(run).expanduser()
    if not path.exists():
        raise UserError(f"run={run} is not there. Give a run folder, which holds a result.json, or a checkpoint in it.")
    if path.is_file():
        owner = next(
            (parent for parent in list(path.resolve().parents)[:2] if (parent / "result.json").is_file()), None
        )
        if owner is None:
            raise UserError(
                f"run={run} lies in no run folder, so nothing says which network and classes it belongs to. Keep it"
                " beside its config.yaml and result.json, in their folder checkpoints/."
            )
        folder = RunFolder(owner)
    else:
        folder = RunFolder(path)
        _require_run(folder)
    record = read(folder.result)
    if record.parent is not None or not (folder.best.is_file() or folder.last.is_file() or path.is_file()):
        raise _without_checkpoint(folder, record)
    told = None
    if checkpoint is None and not folder.best.is_file() and (path.is_dir() or path.suffix in (".json", ".yaml")):
        checkpoint = "last"
        told = (
            f"run={run} has no 'best.ckpt' (it never validated, or the file was removed): its last weights are used,"
            " 'last.ckpt'. checkpoint=last says so without this warning."
        )
    return FoundRun(folder, record, find_checkpoint(path, key="run", which=checkpoint or "best"), told)


def info_of(record: Record) -> DatasetInfo:
    """The data set that a run was trained on, from its record.

    Raises:
        UserError: the record does not say, or says nonsense.
    """
    known = {field.name for field in fields(DatasetInfo)}
    plain: Any = record.data.get("info")
    if not isinstance(plain, Mapping):
        raise UserError(
            f"The record '{record.path}' does not say what the run's classes are (data.info): an older version or"
            " another tool wrote it. Train it again with this version."
        )
    try:
        return DatasetInfo(**{key: _as_tuples(value) for key, value in plain.items() if key in known})
    except TypeError as error:
        raise UserError(f"The record '{record.path}' is damaged at data.info: {error}. Restore it.") from error


def build_segmenter(
    cfg: Any, info: DatasetInfo, *, checkpoint: Path | None, device: str | torch.device | None = None
) -> Segmenter | InstanceSegmenter:
    """The network of `cfg.model` under the protocol of `cfg.inference`, in evaluation mode.

    Args:
        cfg: `model`, `inference`, and of `task` what `readout` leaves, of known classes.
        info: what the network was trained on.
        checkpoint: its weights; None where `cfg.model.weights` brings them.
        device: see `load`.

    Raises:
        UserError: as `load`.
    """

    from segladder.config.assemble import build_model, finds_objects
    from segladder.config.build import build

    if checkpoint is None:
        model = build_model(cfg, info)
    else:
        with filled_later():
            model = build_model(cfg, info)
        load_exactly(model, checkpoint)
    inference = build(cfg["inference"]) if cfg.get("inference") else None
    settings = {**READOUT, **(cfg.get("task") or {})}
    memory_format = settings["memory_format"]
    segmenter: Segmenter | InstanceSegmenter
    if finds_objects(cfg["model"]):
        from segladder.inference.instance_segmenter import InstanceSegmenter

        segmenter = InstanceSegmenter(
            model, info, inference=inference, memory_format=memory_format, semantic_score=settings["semantic_score"]
        )
    else:
        from segladder.inference.segmenter import Segmenter

        segmenter = Segmenter(model, info, inference=inference, memory_format=memory_format)
    return segmenter.to(chosen_device(device)).eval()


def readout(task: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a prediction needs of a saved task: not its class, which would bring Lightning, seconds of imports."""
    return {key: (task or {}).get(key, default) for key, default in READOUT.items()}


def chosen_device(device: str | torch.device | None = None) -> torch.device:
    """The device that a word means; None and `auto` take a GPU where there is one.

    Raises:
        UserError: there is no such device here.
    """
    import torch

    mps = torch.backends.mps.is_available()
    if device is None or device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        wanted = torch.device(device)
    except RuntimeError:
        raise UserError(f"device={device} is no device. Give auto, cpu, cuda, cuda:1 or mps.") from None
    missing = (
        (wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count())
        or (wanted.type == "mps" and not mps)
        or wanted.type not in ("cpu", "cuda", "mps")
    )
    if missing:
        raise UserError(f"device={device} is not there on this machine. Give auto or cpu.")
    return wanted


def _require_run(folder: RunFolder) -> None:
    if folder.result.is_file():
        return
    runs = list(find_runs(folder.path))
    if runs:
        shown = ", ".join(f"'{run.path}'" for run in runs[:_SHOWN])
        more = ", …" if len(runs) > _SHOWN else ""
        count = "one run" if len(runs) == 1 else f"{len(runs)} runs"
        raise UserError(f"run={folder.path} is a folder that holds {count}: {shown}{more}. Name one.")
    raise UserError(f"run={folder.path} is no run folder: it has no result.json. Give the folder of one run.")


def _without_checkpoint(folder: RunFolder, record: Record) -> UserError:
    if record.parent is not None or (record.checkpoints == {} and record.status == "finished"):
        return UserError(
            f"run={folder.path} holds scores alone, no network: it is the record of an evaluation. Name the run that"
            " was trained."
        )
    why = f" ({record.error['message']})" if record.error and record.error.get("message") else ""
    return UserError(
        f"run={folder.path} has no checkpoint: the run is {record.effective_status()}{why} and ended before it saved"
        " one. Run it again, or name another."
    )


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(entry) for entry in value) if isinstance(value, list) else value
