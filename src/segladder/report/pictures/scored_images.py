"""The statistics of single test images for pictures: of several runs, in one order of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.per_image import read_arrays
from segladder.report.records.methods import Method
from segladder.report.records.run import Run
from segladder.types import UserError

_BY_IMAGE = ("image_id", "tp", "fp", "fn", "truths")


@dataclass(kw_only=True)
class ScoredImages:
    """What is known of the test images of some methods."""

    ids: list[str]
    arrays: list[list[dict[str, NDArray[Any]]]]
    """Method -> run -> arrays as of `per_image.npz`, all images in the order of `ids`."""
    runs: list[list[Run]] = field(default_factory=list)
    """Method -> the runs that `arrays` are of."""
    missing: list[str] = field(default_factory=list)
    """A sentence for each run of which nothing is known."""


def scored_images(methods: Sequence[Method]) -> ScoredImages:
    """Reads the runs' files; a run whose file is missing, damaged or of other images is told and left out."""
    found = ScoredImages(ids=[], arrays=[])
    for method in methods:
        known: list[dict[str, NDArray[Any]]] = []
        runs: list[Run] = []
        for run in method.runs:
            try:
                arrays = read_arrays(run.folder.per_image)
                if not found.ids:
                    found.ids = [str(name) for name in arrays["image_id"]]
                known.append(_ordered(arrays, found.ids, run))
                runs.append(run)
            except UserError as error:
                found.missing.append(str(error))
        found.arrays.append(known)
        found.runs.append(runs)
    return found


def _ordered(arrays: dict[str, NDArray[Any]], ids: Sequence[str], run: Run) -> dict[str, NDArray[Any]]:
    mine = [str(name) for name in arrays["image_id"]]
    if mine == list(ids):
        return arrays
    if len(mine) != len(ids) or set(mine) != set(ids):
        raise UserError(f"'{run.folder.per_image}' is of other images than those of the other runs.")
    places = {name: index for index, name in enumerate(mine)}
    order = np.array([places[name] for name in ids])
    turned = {name: arrays[name][order] for name in _BY_IMAGE if name in arrays}
    if "det_image" in arrays:
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        turned["det_image"] = back[arrays["det_image"]]
    return arrays | turned
