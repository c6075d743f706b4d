"""COCO's submission of objects: one results file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.inference.coco_results import write_results
from segladder.types import DatasetInfo, Instances


class CocoResults:
    """`results.json`: a list of `{image_id, category_id, bbox, score, segmentation}`."""

    warnings = ()

    def __init__(self, folder: Path, info: DatasetInfo) -> None:
        """
        Args:
            folder: where the file goes.
            info: its `label_ids` are the category ids.
        """
        self.path = folder / "results.json"
        self.info = info
        self._found: dict[str, Instances] = {}

    def add(self, image_id: str, classes: NDArray[np.integer[Any]], objects: Instances | None) -> None:
        """See `Submission`."""
        assert objects is not None
        self._found[image_id] = objects

    def finish(self) -> str:
        """See `Submission`."""
        write_results(self.path, self._found, self.info)
        count = sum(len(found) for found in self._found.values())
        return f"{count:,} objects of {len(self._found):,} images in {self.path}: zip and hand in."
