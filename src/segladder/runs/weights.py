"""Weights that come from elsewhere: which file is meant, and what of it a network can take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.runs.folder import RunFolder, find_runs
from segladder.types import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

_SHOWN = 6
_IN_CHECKPOINTS = "segmenter.model."
"""What the names of a network's tensors begin with in a run's checkpoint."""


def find_checkpoint(path: str | Path, *, key: str, which: str = "best") -> Path:
    """The checkpoint file that a word on the command line means.

    Args:
        path: a checkpoint file, or a run folder.
        key: what the word was given for, in messages.
        which: `best` or `last`, of a run folder.

    Raises:
        UserError: there is no such file or folder, or the run left no checkpoint.
    """
    path = Path(path).expanduser()
    if path.is_file() and path.name not in ("result.json", "config.yaml"):
        return path
    folder = RunFolder(path.parent if path.is_file() else path)
    if not folder.path.is_dir():
        raise UserError(f"{key}={path} is not there. Give a run folder, or a checkpoint file.")
    if not folder.result.is_file():
        runs = [str(run.path) for run in find_runs(folder.path)]
        found = f" It holds {len(runs)} runs, such as '{runs[0]}': name one." if runs else ""
        raise UserError(f"{key}={path} is no run folder: it has no result.json.{found}")
    wanted = folder.best if which == "best" else folder.last
    if not wanted.is_file():
        there = next((file for file in (folder.last, folder.best) if file.is_file()), None)
        other = f" There is '{there}': name that file." if there else " The run ended before it saved one."
        raise UserError(f"{key}={path} has no checkpoint '{wanted.name}'.{other}")
    return wanted


def network_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a network by name: of a run's checkpoint, or of a file that holds a plain state dict.

    Tensors only are read; no code in the file is run.

    Raises:
        UserError: the file is no checkpoint, or is damaged.
    """
    import torch

    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever comes its way in what is no pickle
        said = " ".join(str(error).split())[:120]
        raise UserError(
            f"'{path}' cannot be read as a checkpoint ({said or type(error).__name__}): it is damaged, cut short or"
            " something else. Give a .ckpt of a run, or a file of tensors alone."
        ) from error
    for entry in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(entry), Mapping):
            content = content[entry]
    tensors = {str(name): value for name, value in dict(content).items() if isinstance(value, torch.Tensor)}
    own = {name.removeprefix(_IN_CHECKPOINTS): v for name, v in tensors.items() if name.startswith(_IN_CHECKPOINTS)}
    if not (own or tensors):
        raise UserError(f"'{path}' holds no tensors. Give a .ckpt of a run, or a file of tensors alone.")
    return own or tensors


def start_from(model: nn.Module, path: Path) -> str:
    """Fills a network with what fits it of another run's weights (fine-tuning).

    Returns:
        A sentence: which tensors were taken and which were not, and why.

    Raises:
        UserError: nothing fits, the checkpoint is of another architecture.
    """
    from segladder.models.adapt import take_matching

    found = take_matching(model, network_tensors(path))
    total = len(model.state_dict())
    told = f"init_from={path}: {len(found.taken)} of the network's {total} tensors are taken"
    if not found.left:
        return f"{told}."
    reasons = [f"{name} ({why})" for name, why in found.left]
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return f"{told}; not taken: {', '.join(reasons[:_SHOWN])}{more}. What is not taken starts as drawn."


def load_exactly(model: nn.Module, path: Path) -> None:
    """Fills a network with the weights of its own run's checkpoint: every tensor, and no other.

    Raises:
        UserError: the checkpoint is of another architecture or class count; names the first tensors that differ.
    """
    tensors, own = network_tensors(path), model.state_dict()
    differing = [
        f"'{name}' is {tuple(tensors[name].shape)} there and {tuple(own[name].shape)} here"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    differing += [f"'{name}' is missing there" for name in own if name not in tensors]
    differing += [f"'{name}' is unknown here" for name in tensors if name not in own]
    if differing:
        more = f"; {len(differing) - 3} more differences" if len(differing) > 3 else ""
        raise UserError(
            f"The checkpoint '{path}' is of another network than the configuration's: {'; '.join(differing[:3])}{more}."
            " Name the checkpoint's own run, or fine-tune from it: segladder train init_from=CHECKPOINT."
        )
    model.load_state_dict(tensors)
