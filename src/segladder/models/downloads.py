"""Published weights through their libraries' own loaders: said when one is fetched, and a sentence when it cannot be.

Nothing here runs unless the user asked for published weights. What is cached is read without asking the network.
"""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from torch import Tensor

from segladder.types import UserError


def from_torchvision(weights: Any, *, key: str) -> dict[str, Tensor]:
    """The state dict behind an entry of torchvision's lists of weights, from its cache or the network.

    torch says itself in a line when it downloads.

    Args:
        weights: such as `torchvision.models.ResNet50_Weights.IMAGENET1K_V1`.
        key: the setting that asked for it, for messages.

    Raises:
        UserError: it is neither cached nor can it be fetched, or the cached file is damaged.
    """
    import torch

    url = str(weights.url)
    place = Path(torch.hub.get_dir()) / "checkpoints"
    name = url.rpartition("/")[2]
    with _fetching(name, urlsplit(url).netloc, place, cached=(place / name).is_file(), key=key):
        state: dict[str, Tensor] = weights.get_state_dict(
            progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True
        )
    return state


def from_hub(repository: str, *, key: str, filename: str = "model.safetensors", revision: str | None = None) -> str:
    """The path of a file of the Hugging Face hub, where timm and smp keep their weights, in the hub's cache.

    Args:
        repository: `owner/name` on the hub.
        key: the setting that asked for it, for messages.
        filename: the file in it.
        revision: which version of it; None: the newest.

    Raises:
        UserError: the file is neither cached nor can it be fetched.
    """
    import huggingface_hub
    from huggingface_hub import constants

    cached = huggingface_hub.try_to_load_from_cache(repository, filename, revision=revision)
    if isinstance(cached, str):
        return cached
    host = urlsplit(constants.ENDPOINT).netloc
    place = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    print(f"Downloading {repository}/{filename} from {host} to {place}", file=sys.stderr, flush=True)
    with _fetching(f"{repository}/{filename}", host, place, cached=False, key=key):
        return str(huggingface_hub.hf_hub_download(repository, filename, revision=revision))


@contextmanager
def _fetching(file: str, host: str, place: Path, *, cached: bool, key: str) -> Iterator[None]:
    try:
        yield
    # RuntimeError: torch's, for a download whose hash is wrong, and for an archive that is cut off
    except (OSError, http.client.HTTPException, RuntimeError, EOFError) as error:
        if cached:
            raise UserError(
                f"{key}: '{place / file}' cannot be read ({_root(error)}). Delete it and start again."
            ) from error
        raise UserError(
            f"{key} wants {file} from {host}, which cannot be fetched ({_root(error)}), and is not cached in '{place}'."
            f" Go without by {key}=null, or give a state dict that you have: {key}=/path/to/file."
        ) from error


def _root(error: BaseException) -> str:
    """The first line of what went wrong first."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        error, cause = cause, cause.__cause__ or cause.__context__
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
