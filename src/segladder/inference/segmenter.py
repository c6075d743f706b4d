"""A network with what it must know of its data: raw images in, scores and predictions out; plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from segladder.inference.raw_images import RawImages
from segladder.types import DatasetInfo, Prediction, UserError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from segladder.inference.protocol import Inference
    from segladder.models.auxiliary import WithAuxiliary


class Segmenter(RawImages):
    """A semantic network, the data set whose classes it names, and how it looks at an image.

    What a run trains, what `segladder.load(run)` gives back, and what a notebook calls `predict` on.
    """

    def __init__(
        self,
        model: nn.Module,
        info: DatasetInfo,
        *,
        inference: Inference | None = None,
        memory_format: str = "channels_last",
        compile: bool = False,
    ) -> None:
        """
        Args:
            model: `(B, C, H, W)` normalised float images to `(B, num_classes, H, W)` logits.
            info: classes, channels, mean and std.
            inference: the protocol of `scores` and `predict`; None for one pass over the whole image.
            memory_format: "contiguous" or "channels_last".
            compile: run the network through `torch.compile`.

        Raises:
            UserError: an unknown memory format.
        """
        super().__init__(model, info, memory_format=memory_format)
        if inference is None:
            from segladder.inference.protocol import Inference

            inference = Inference()
        self.inference = inference
        # outside the module tree, so that a compiled network leaves the checkpoint's names as they are
        self._forward: tuple[Callable[[Tensor], Any]] = (torch.compile(self.model) if compile else self.model,)

    def logits(self, images: Tensor) -> Tensor:
        """Logits `(B, num_classes, H, W)` of normalised images; for a network in evaluation mode.

        Raises:
            UserError: the network's answer is no logits, or of another size than the image.
        """
        logits = self._forward[0](images)
        _check_size(logits, images)
        return cast(Tensor, logits)

    def forward(self, raw: Tensor) -> Tensor | WithAuxiliary:
        """What the network says of raw images `(B, C, H, W)` in one pass.

        Returns:
            Logits `(B, num_classes, H, W)`; in training mode `WithAuxiliary` from a network that has such a head.
        """
        said = self._forward[0](self.images(raw))
        _check_size(said if isinstance(said, Tensor) else getattr(said, "logits", said), raw)
        return cast("Tensor | WithAuxiliary", said)

    def scores(self, raw: Tensor) -> Tensor:
        """Logits `(B, num_classes, H, W)` of raw images under the inference protocol, at the images' own size."""
        return self.inference.scores(self, raw)

    @torch.inference_mode()
    def predict(
        self, image: Tensor | np.ndarray[Any, Any] | Image | str | Path, *, probabilities: bool = False
    ) -> Prediction:
        """What the network says of one image, under the inference protocol, in evaluation mode.

        Args:
            image: a tensor `(C, H, W)`, an array `(H, W)` or `(H, W, C)`, a Pillow image or a file's path;
                8-bit, or floats in the data set's own units.
            probabilities: also keep `(C, H, W)` probabilities; without, memory stays bounded for any image that
                the protocol cuts into windows.

        Raises:
            UserError: the image has other channels than the network, or cannot be read.
        """
        from segladder.inference.pictures import as_raw

        raw = as_raw(image, self.info)
        training = self.training
        self.eval()
        try:
            if not probabilities:
                return Prediction(classes=self.inference.classes(self, raw), info=self.info)
            scores = self.scores(raw[None])[0].float()
            return Prediction(classes=scores.argmax(0), info=self.info, probabilities=scores.softmax(0))
        finally:
            self.train(training)


def _check_size(logits: object, images: Tensor) -> None:
    if not isinstance(logits, Tensor):
        raise UserError(
            f"The model gave a {type(logits).__name__}. A model gives logits (B, num_classes, H, W), in training mode"
            " also segladder.models.auxiliary.WithAuxiliary."
        )
    if logits.ndim != 4 or logits.shape[-2:] != images.shape[-2:]:
        raise UserError(
            f"The model gave logits {tuple(logits.shape)} for images {tuple(images.shape)}. It must name the class of"
            " each pixel, (B, num_classes, H, W): resize them to the image at its end."
        )
