"""A network that finds objects with what it must know of its data: raw images in, instances out; plain PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from segladder.inference.raw_images import RawImages
from segladder.masks import paint_found, partition, paste
from segladder.types import DatasetInfo, Instances, Prediction, Segments, UserError

if TYPE_CHECKING:
    from PIL.Image import Image

    from segladder.inference.protocol import Inference
    from segladder.models.detections import MaskRCNNTraining

_AT_ONCE = 8
"""Images that are looked at together: each brings up to a thousand proposals, 50 MB of features."""

MASK_THRESHOLD = 0.5
"""A pixel belongs to an object where the mask head says so with more than this."""


class InstancePrediction(Prediction):
    """The objects found in one image, readable as such or as a class for each pixel."""

    def __init__(self, found: Instances, info: DatasetInfo, *, semantic_score: float = 0.5) -> None:
        """
        Args:
            found: the objects, any score.
            info: the data set whose classes they are of.
            semantic_score: least score of an object that the semantic readout paints.
        """
        self.found = found
        self.info = info
        self.semantic_score = semantic_score
        self.probabilities = None

    def semantic(self) -> Tensor:
        """Class of each pixel, `(H, W)` int64: objects that are sure enough, better scores over worse.

        Where none is, it is the background, in data sets whose first class is called so; else `ignore_index`.
        """
        rest = 0 if self.info.classes[0] == "background" else self.info.ignore_index
        return torch.from_numpy(paint_found(self.found, score=self.semantic_score, fill=rest)).long()

    def instances(self) -> Instances:
        """Masks, labels, scores and boxes, best score first."""
        return self.found

    def panoptic(self, *, score: float = 0.5, overlap: float = 0.5) -> Segments:
        """A segment for each object that keeps enough of its pixels, see `partition`; else as `semantic` has it.

        Args:
            score: least score of an object that becomes a segment.
            overlap: one of which better ones cover more than this share is left out.
        """
        rest = 0 if self.info.classes[0] == "background" else None
        return partition(self.found, score=score, overlap=overlap, rest=rest)


class InstanceSegmenter(RawImages):
    """An instance network and the data set whose classes it names.

    The network counts object classes from 1 (0 is "no object"); here they are indices into `DatasetInfo.classes`.
    """

    def __init__(
        self,
        model: nn.Module,
        info: DatasetInfo,
        *,
        inference: Inference | None = None,
        memory_format: str = "channels_last",
        semantic_score: float = 0.5,
    ) -> None:
        """
        Args:
            model: in evaluation mode normalised images to a list of `Detections`; in training mode images and targets
                to `MaskRCNNTraining`.
            info: classes, channels, mean and std.
            inference: must be one pass over the whole image.
            memory_format: "contiguous" or "channels_last".
            semantic_score: least score of an object that the semantic readout paints.

        Raises:
            UserError: an unknown memory format, another protocol, or data without classes of objects.
        """
        super().__init__(model, info, memory_format=memory_format)
        if inference is not None and not inference.plain:
            asked = [
                name
                for name, given in (
                    ("size", inference.size is not None),
                    ("window", inference.window is not None),
                    ("flip and scales", not inference.views.plain),
                )
                if given
            ]
            raise UserError(
                f"inference asks for {' and '.join(asked)}, but a network that finds objects looks once at the whole"
                " image: use inference=whole alone. (model.min_size and model.max_size resize images on their way in.)"
            )
        self.things = [index for index, thing in enumerate(info.things) if thing]
        if not self.things:
            raise UserError(f"Data set '{info.name}' has no class of objects, so there are no instances to find.")
        self.semantic_score = semantic_score

    def network_labels(self, labels: Tensor) -> Tensor:
        """Indices into `DatasetInfo.classes` as the network counts them, from 1."""
        table = torch.zeros(self.info.num_classes, dtype=torch.int64, device=labels.device)
        table[self.things] = torch.arange(1, len(self.things) + 1, device=labels.device)
        return table[labels]

    def prepared(self, raw: Tensor | Sequence[Tensor]) -> Tensor | list[Tensor]:
        """Raw images, stacked or of unequal sizes, as the network takes them."""
        if isinstance(raw, Tensor):
            return self.images(raw)
        return [self.images(one[None])[0] for one in raw]

    def forward(self, raw: Tensor | Sequence[Tensor], targets: Sequence[dict[str, Tensor]]) -> MaskRCNNTraining:
        """What the network learns from a batch, in training mode.

        Args:
            raw: images `(B, C, H, W)`, or B of `(C, H, W)`.
            targets: for each, without crowds, `boxes` `(N, 4)`, `masks` `(N, H, W)` bool and `labels` `(N,)`, indices
                into `DatasetInfo.classes`.
        """
        counted = [{**target, "labels": self.network_labels(target["labels"])} for target in targets]
        said: Any = self.model(self.prepared(raw), counted)
        return cast("MaskRCNNTraining", said)

    def detect(self, raw: Tensor | Sequence[Tensor]) -> list[Instances]:
        """The objects of each raw image, best score first, in evaluation mode.

        Raises:
            UserError: the network answers something else than detections.
        """
        if len(raw) > _AT_ONCE:
            return [one for at in range(0, len(raw), _AT_ONCE) for one in self.detect(raw[at : at + _AT_ONCE])]
        sizes = [(int(one.shape[-2]), int(one.shape[-1])) for one in raw]
        said: Any = self.model(self.prepared(raw))
        if not isinstance(said, list) or any(not hasattr(one, "masks") for one in said):
            raise UserError(
                f"The model gave a {type(said).__name__}. In evaluation mode an instance model gives a list of"
                " segladder.models.Detections, one per image."
            )
        things = np.array([-1, *self.things], dtype=np.int64)
        found = []
        for one, size in zip(said, sizes, strict=True):
            boxes = one.boxes.detach().float().cpu()
            found.append(
                Instances(
                    masks=paste(one.masks.detach().float().cpu(), boxes, size, threshold=MASK_THRESHOLD),
                    boxes=boxes.numpy().astype(np.float64),
                    labels=things[one.labels.detach().cpu().numpy()],
                    scores=one.scores.detach().float().cpu().numpy().astype(np.float64),
                    size=size,
                )
            )
        return found

    @torch.inference_mode()
    def predict(self, image: Tensor | np.ndarray[Any, Any] | Image | str | Path) -> InstancePrediction:
        """The objects of one image, in evaluation mode.

        Args:
            image: a tensor `(C, H, W)`, an array `(H, W)` or `(H, W, C)`, a Pillow image or a file's path;
                8-bit, or floats in the data set's own units.

        Raises:
            UserError: the image has other channels than the network, or cannot be read.
        """
        from segladder.inference.pictures import as_raw

        raw = as_raw(image, self.info)
        training = self.training
        self.eval()
        try:
            [found] = self.detect(raw[None])
        finally:
            self.train(training)
        return InstancePrediction(found, self.info, semantic_score=self.semantic_score)
