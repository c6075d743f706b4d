"""Raw images on their way into a network: what every rung's segmenter knows of its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from segladder.types import DatasetInfo, Prediction, UserError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

MEMORY_FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class RawImages(nn.Module):
    """A network, the data set whose classes it names, and how images must look before it sees them."""

    def __init__(self, model: nn.Module, info: DatasetInfo, *, memory_format: str = "channels_last") -> None:
        """
        Args:
            model: takes normalised float images.
            info: classes, channels, mean and std.
            memory_format: "contiguous" or "channels_last".

        Raises:
            UserError: an unknown memory format.
        """
        super().__init__()
        if memory_format not in MEMORY_FORMATS:
            raise UserError(f"task.memory_format is '{memory_format}'; it is one of {', '.join(MEMORY_FORMATS)}.")
        self.info = info
        self.memory_format = MEMORY_FORMATS[memory_format]
        self.model = model.to(memory_format=self.memory_format)
        shape = (1, info.channels, 1, 1)
        self.register_buffer("mean", torch.tensor(info.mean).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(info.std).view(shape), persistent=False)
        self._plain = all(m == 0 for m in info.mean) and all(s == 1 for s in info.std)

    @property
    def device(self) -> torch.device:
        return cast(Tensor, self.mean).device

    def images(self, raw: Tensor) -> Tensor:
        """Raw images `(B, C, H, W)`, uint8 or float, as the network takes them: normalised, on its device."""
        mean, std = cast(Tensor, self.mean), cast(Tensor, self.std)
        raw = raw.to(mean.device)
        scaled = raw.float().div_(255) if raw.dtype == torch.uint8 else raw.float()
        if not self._plain:
            scaled = (scaled - mean.float()) / std.float()
        # the buffers tell the network's own type, which is another one under trainer.precision=bf16-true
        return scaled.to(mean.dtype).contiguous(memory_format=self.memory_format)

    def predict(self, image: Tensor | np.ndarray[Any, Any] | Image | str | Path) -> Prediction:
        """What the network says of one image, in evaluation mode.

        Args:
            image: a tensor `(C, H, W)`, an array `(H, W)` or `(H, W, C)`, a Pillow image or a file's path;
                8-bit, or floats in the data set's own units.
        """
        raise NotImplementedError
