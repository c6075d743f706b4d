"""Weights that come from elsewhere: which file is meant, and what of it a network can take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segladder.runs.folder import RunFolder, find_runs
from segladder.types import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

_SHOWN = 6
_LEAST, _MOST = 0.1, 0.9
"""Shares of a network's numbers: with fewer taken a start is refused, or told as a warning."""
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


def network_tensors(path: Path, *, key: str) -> dict[str, Tensor]:
    """The tensors of a network by name: of a run's checkpoint, or of a file that holds a plain state dict.

    Args:
        path: the file; tensors alone are read, and no code in it is run.
        key: what named it on the command line, for messages.

    Raises:
        UserError: the file is no checkpoint, or is damaged.
    """
    from segladder.models.state_files import read_state

    tensors = read_state(path, key=key)
    own = {name.removeprefix(_IN_CHECKPOINTS): v for name, v in tensors.items() if name.startswith(_IN_CHECKPOINTS)}
    return own or tensors


def start_from(model: nn.Module, path: Path) -> str:
    """Fills a network with what fits it of another run's weights (fine-tuning).

    Returns:
        A sentence: which tensors were taken and which were not, and why.

    Raises:
        UserError: nothing fits, the checkpoint is of another architecture.
    """
    from segladder.models.adapt import take_matching

    found = take_matching(model, network_tensors(path, key="init_from"))
    own = model.state_dict()
    total = len(own)
    share = sum(own[name].numel() for name in found.taken) / sum(tensor.numel() for tensor in own.values())
    if share < _LEAST:
        raise UserError(
            f"init_from={path}: only {len(found.taken)} of the network's {total} tensors fit, {share:.1%} of its"
            " numbers: the checkpoint is of another architecture. Choose the model and backbone that it was trained"
            " with; an encoder's weights alone go to backbone.weights=PATH."
        )
    told = f"init_from={path}: {len(found.taken)} of the network's {total} tensors are taken"
    if not found.left:
        return f"{told}."
    reasons = [f"{name} ({why})" for name, why in found.left]
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    if share < _MOST:
        told = f"Warning: {told}, {share:.0%} of its numbers"
    return f"{told}; not taken: {', '.join(reasons[:_SHOWN])}{more}. What is not taken starts as drawn."


def load_exactly(model: nn.Module, path: Path) -> None:
    """Fills a network with the weights of its own run's checkpoint: every tensor, and no other.

    Raises:
        UserError: the checkpoint is of another architecture or class count; names the first tensors that differ.
    """
    tensors, own = network_tensors(path, key="checkpoint"), model.state_dict()
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
