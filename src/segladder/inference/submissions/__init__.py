"""Predictions in the form in which each benchmark wants them handed in: `segladder predict … format=NAME`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segladder.types import DatasetInfo, Instances, UserError


class Submission(Protocol):
    """Files that grow image by image."""

    @property
    def warnings(self) -> Sequence[str]:
        """What it cannot say, to be told before the first image."""

    def add(self, image_id: str, classes: NDArray[np.integer[Any]], objects: Instances | None) -> None:
        """Writes one image.

        Args:
            image_id: as the data set has it.
            classes: `(H, W)`, class indices and the ignored value.
            objects: of a network that finds objects.
        """

    def finish(self) -> str:
        """Writes what is left, and says in a sentence what lies where."""


FORMATS = ("cityscapes", "voc", "coco", "coco_panoptic")
"""What `format=` takes."""


def start(
    name: str,
    folder: Path,
    info: DatasetInfo,
    *,
    split: str,
    instances: bool,
    score: float = 0.5,
    overlap: float = 0.5,
) -> Submission:
    """The submission of a format.

    Args:
        name: see `FORMATS`.
        folder: where it goes; it exists.
        info: the data set's classes.
        split: its published name.
        instances: whether the network finds objects.
        score: of `coco_panoptic`, see `partition`.
        overlap: likewise.

    Raises:
        UserError: there is no such format, the classes are not the benchmark's, or the network cannot give it.
    """
    from segladder.inference.submissions.cityscapes import CityscapesInstances, CityscapesLabels
    from segladder.inference.submissions.coco import CocoResults
    from segladder.inference.submissions.coco_panoptic import CocoPanoptic
    from segladder.inference.submissions.voc import VocLabels

    if name == "cityscapes":
        return CityscapesInstances(folder, info) if instances else CityscapesLabels(folder, info)
    if name == "voc":
        return VocLabels(folder, info, split=split)
    if name == "coco":
        if not instances:
            raise UserError(
                "format=coco is a list of objects with masks and scores, and this network names the class of each pixel"
                " alone. Predict with one that finds objects (model=maskrcnn), or leave format= out for label PNGs."
            )
        return CocoResults(folder, info)
    if name == "coco_panoptic":
        return CocoPanoptic(folder, info, score=score, overlap=overlap, instances=instances)
    raise UserError(f"format is '{name}'. Give {', '.join(FORMATS)}, or null for segladder's own files.")
