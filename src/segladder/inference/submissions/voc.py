"""PASCAL VOC's submission: palette PNGs in the folder that its server unpacks."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.inference.label_files import write_labels
from segladder.types import DatasetInfo, Instances, UserError


class VocLabels:
    """`results/VOC2012/Segmentation/comp6_SPLIT_cls/NAME.png`, indices 0 to 20 in VOC's colours.

    comp6 is the competition that allows other training data than VOC's, such as pretrained encoders.
    """

    warnings = ()

    def __init__(self, folder: Path, info: DatasetInfo, *, split: str) -> None:
        """
        Args:
            folder: where `results/` goes.
            info: must have VOC's classes.
            split: its published name.

        Raises:
            UserError: it has other classes.
        """
        from segladder.data.readers.voc import CLASSES

        if info.classes != tuple(CLASSES):
            raise UserError(
                f"VOC's submission is of its 21 classes, and '{info.name}' has others ({', '.join(info.classes[:3])},"
                " …). Train on data=voc, or leave format= out."
            )
        self.root = folder
        self.folder = folder / "results" / "VOC2012" / "Segmentation" / f"comp6_{split}_cls"
        self.info = info
        self.count = 0

    def add(self, image_id: str, classes: NDArray[np.integer[Any]], objects: Instances | None) -> None:
        """See `Submission`; pixels of no class are background, as VOC has nothing else for them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        known = np.where(classes == self.info.ignore_index, 0, classes)
        write_labels(self.folder / f"{PurePosixPath(image_id).name}.png", known, self.info)
        self.count += 1

    def finish(self) -> str:
        """See `Submission`."""
        return (
            f"{self.count:,} label files in {self.folder}: pack {self.root / 'results'} into a tar file and hand it in"
            " (comp5 instead of comp6 where nothing but VOC was learnt from)."
        )
