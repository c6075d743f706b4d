"""State dicts from files: read without running code, fitted to an encoder by name and shape, or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segladder.models.first_conv import adapt_first_conv
from segladder.types import UserError

CLASSIFIERS = ("fc.", "classifier.", "head.", "head_dist.", "conv_head.", "norm_head.", "bn2.", "norm.")
"""Beginnings of the names of what a published classifier has behind its features."""

_WRAPPERS = ("state_dict", "model", "model_state_dict")
_PREFIXES = (
    "",
    "net.",
    "backbone.net.",
    "backbone.",
    "encoder.",
    "features.",
    "segmenter.model.backbone.net.",
    "net.encoder.",
    "segmenter.model.net.encoder.",
)


def read_state(path: str | Path, *, key: str) -> dict[str, Tensor]:
    """The tensors of a file that `torch.save` or safetensors wrote.

    Args:
        path: a state dict, or a checkpoint that holds one as `state_dict` or `model`.
        key: the setting that named it, for messages.

    Raises:
        UserError: it is not there, cannot be read, or holds something else.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise UserError(f"{key} '{path}' is no file. Give the path of a state dict, or {key}=null to go without.")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            found: Any = load_file(str(file))
        else:
            found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # both readers raise whatever comes their way in what is no such file
        raise UserError(
            f"{key} '{path}' cannot be read as tensors alone ({_first_line(error)}): it is damaged, cut short or"
            " something else. Save a state dict with torch.save(model.state_dict(), …), or name a run's checkpoint."
        ) from error
    for name in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping) or not any(isinstance(value, Tensor) for value in found.values()):
        raise UserError(f"{key} '{path}' holds no state dict, but {type(found).__name__}. Save model.state_dict().")
    state = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
    if all(name.startswith("module.") for name in state):
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return state


def load_encoder(net: nn.Module, state: Mapping[str, Tensor], *, name: str, source: str) -> None:
    """Loads an encoder's published or saved weights; its first convolution takes any number of channels.

    Args:
        net: the encoder.
        state: its state dict as a classifier, as an encoder, or as a part of a segmenter.
        name: what messages call the encoder.
        source: what they call the state dict.

    Raises:
        UserError: it is another encoder's.
    """
    own = net.state_dict()
    found = _best_names(own, state)
    fitted = adapt_first_conv(own, found)
    missing = [key for key in own if key not in fitted and not key.endswith("num_batches_tracked")]
    unknown = [key for key in fitted if key not in own and not key.removeprefix("model.").startswith(CLASSIFIERS)]
    unlike = [key for key in own if key in fitted and own[key].shape != fitted[key].shape]
    if missing or unknown or unlike:
        raise UserError(_misfit(own, fitted, missing, unknown, unlike, name=name, source=source))
    net.load_state_dict({key: value for key, value in fitted.items() if key in own}, strict=False)


def seems_to_be(state: Mapping[str, Tensor]) -> str | None:
    """The encoder whose state dict this looks like; None where it looks like none that is known."""
    names = list(state)

    def has(part: str) -> bool:
        return any(part in name for name in names)

    if has("layer4.0."):
        blocks = {name.split("layer3.")[1].split(".")[0] for name in names if "layer3." in name}
        wide = has("layer1.0.conv3.")
        known = {(2, False): "resnet18", (6, False): "resnet34", (6, True): "resnet50", (23, True): "resnet101"}
        return known.get((len(blocks), wide), f"a ResNet with {len(blocks)} blocks in its third stage")
    for part, name in (
        ("patch_embed1.", "a mix transformer (mit)"),
        ("relative_position_bias_table", "a Swin transformer"),
        ("conv_dw.weight", "a ConvNeXt" if has("mlp.fc1") else "an EfficientNet or MobileNetV3 of timm"),
        ("16.0.weight", "torchvision's mobilenet_v3"),
        ("blocks.11.attn.", "a vision transformer"),
    ):
        if has(part):
            return name
    return None


def _best_names(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state` under the names of the encoder, by the renaming that finds most of them."""
    best: dict[str, Tensor] = dict(state)
    most = -1
    for rename in _renamings(state):
        renamed = {new: value for old, value in state.items() if (new := rename(old)) is not None}
        hits = sum(name in own for name in renamed)
        if hits > most:
            best, most = renamed, hits
    return best


def _renamings(state: Mapping[str, Tensor]) -> Sequence[Callable[[str], str | None]]:
    """Ways to read names: a part of a whole, timm's flattened stages, and one module more around it."""
    found: list[Callable[[str], str | None]] = []
    for prefix in _PREFIXES:
        if not any(name.startswith(prefix) for name in state):
            continue

        def cut(name: str, prefix: str = prefix) -> str | None:
            return name.removeprefix(prefix) if name.startswith(prefix) else None

        def flat(name: str, prefix: str = prefix) -> str | None:
            inner = cut(name, prefix)
            # stages.0.blocks… of a classifier is stages_0.blocks… in timm's feature extractor
            head, dot, rest = (inner or "").partition(".")
            return f"{head}_{rest}" if dot and rest[:1].isdigit() else inner

        def inside(name: str, prefix: str = prefix) -> str | None:
            inner = cut(name, prefix)
            return None if inner is None else f"model.{inner}"

        def flat_inside(name: str, prefix: str = prefix) -> str | None:
            inner = flat(name, prefix)
            return None if inner is None else f"model.{inner}"

        found += [cut, flat, inside, flat_inside]
    return found


def _misfit(
    own: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    missing: Sequence[str],
    unknown: Sequence[str],
    unlike: Sequence[str],
    *,
    name: str,
    source: str,
) -> str:
    parts = []
    if missing:
        parts.append(f"'{missing[0]}'{_and_more(missing)} is missing")
    if unknown:
        parts.append(f"'{unknown[0]}'{_and_more(unknown)} is not in the encoder")
    if unlike:
        first = unlike[0]
        parts.append(f"'{first}'{_and_more(unlike)} is {tuple(given[first].shape)} and not {tuple(own[first].shape)}")
    guess = seems_to_be(given)
    hint = f" It seems to be of {guess}." if guess and guess != name else ""
    return f"{source} does not fit {name}: {', '.join(parts)}.{hint} Choose the backbone that the weights are of."


def _and_more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _first_line(error: Exception) -> str:
    said = (str(error).strip().splitlines() or [""])[0].partition(". ")[0].rstrip(".")
    # torch goes on to say how to run the code in it
    if said.startswith("Weights only load failed"):
        return "it holds no tensors, or more than those"
    return said or "it is no such file"
