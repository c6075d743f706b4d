"""Fine-tuning from another network's weights: what fits by name and shape is taken, what does not is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from segladder.models.first_conv import adapt_first_conv
from segladder.models.state_files import seems_to_be
from segladder.types import UserError


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a state dict's tensors, and of a network's that found none."""

    taken: list[str]
    """Names of the network's tensors that were loaded."""
    left: list[tuple[str, str]]
    """Name and reason of each tensor of either side that was not."""


def take_matching(model: nn.Module, state: Mapping[str, Tensor]) -> Taken:
    """Loads the tensors of a state dict that fit a network by name and shape.

    The first convolution is adapted where only the number of input channels differs (see `first_conv`); a last
    convolution for other classes is left as drawn.

    Args:
        model: changed in place.
        state: a state dict of the same architecture, perhaps for other classes or channels.

    Raises:
        UserError: nothing fits.
    """
    own = model.state_dict()
    given = adapt_first_conv(own, state)
    taken = [name for name in own if name in given and given[name].shape == own[name].shape]
    if not any(own[name].ndim for name in taken):
        guess = seems_to_be(state)
        hint = f" Its backbone seems to be {guess}." if guess else ""
        raise UserError(
            f"None of the checkpoint's {len(state)} tensors fits one of the network's {len(own)} by name and shape: it"
            f" is of another architecture.{hint} Choose the model and backbone that it was trained with."
        )
    model.load_state_dict({name: given[name] for name in taken}, strict=False)
    left = []
    for name, tensor in own.items():
        if name not in given:
            left.append((name, "not in the checkpoint"))
        elif given[name].shape != tensor.shape:
            left.append((name, f"{tuple(given[name].shape)} in the checkpoint, {tuple(tensor.shape)} here"))
    left += [(name, "not in this network") for name in state if name not in own]
    return Taken(taken=taken, left=left)
