"""Label PNGs that any tool made, scored against the labels of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.runs.prediction_files import Predictions, find_predictions, listed
from segladder.runs.scoring import Scored
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from torch import nn

    from segladder.data.module import SegmentationDataModule
    from segladder.data.samples import Samples
    from segladder.inference.label_files import Ids
    from segladder.metrics import PerImage


class LabelFiles:
    """A label PNG for each image: what `evaluate_predictions` scores of the semantic rung."""

    kind = "semantic"

    def __init__(
        self, folder: Path, samples: Samples, datamodule: SegmentationDataModule, *, ids: Ids | None, split: str
    ) -> None:
        """
        Args:
            folder: see `find_predictions`.
            samples: the split.
            datamodule: knows the classes.
            ids: as typed.
            split: what the split is called, for messages.

        Raises:
            UserError: see `find_predictions`.
        """
        from segladder.runs.identity import hash_file

        self.info = datamodule.info
        self.samples = samples
        self.predictions, extra = find_predictions(folder, samples, datamodule, ids=ids)
        self.hashes = {image_id: hash_file(path) for image_id, path in self.predictions.files.items()}
        self.ids_word = self.predictions.ids
        self.words = f"{len(self.hashes)} label files of '{folder}' ({self.ids_word} ids)"
        self.warnings = (
            [f"{listed(extra)} belong{'s' if len(extra) == 1 else ''} to no image of {split}."] if extra else []
        )

    def score(self, task: Any, own: Mapping[str, Callable[[], nn.Module]]) -> Scored:
        """Counts every file.

        Args:
            task: of the config: `boundary_tolerance`.
            own: metrics of the user's own.

        Raises:
            UserError: see `score`.
        """
        return score(self.predictions, self.samples, self.info, boundary_tolerance=task.boundary_tolerance, own=own)

    def draw(self, path: Path, images: PerImage, *, title: str) -> str | None:
        """Writes the picture of examples, and small ones of the worst images beside it.

        Returns:
            Why there is none, where the data have no images here.
        """
        from segladder.data.errors import DataError
        from segladder.tasks.callbacks.pictures import made_rows
        from segladder.viz import GridRow, class_grid

        info = self.info
        ids = list(self.predictions.files)

        def row_of(index: int, section: str, iou: float) -> GridRow:
            sample = self.samples.plain(index)
            return GridRow(
                image=sample["image"].numpy(),
                pred=self.predictions.read(ids[index], info),
                truth=sample["semantic"].numpy(),
                image_id=ids[index],
                iou=iou,
                section=section,
            )

        try:
            rows = made_rows(row_of, images.miou(), ids, info, folder=path.parent)
        except DataError as error:
            return f"No pictures: {error}"
        class_grid(rows, info=info, title=title).save(path)
        return None


def score(
    predictions: Predictions,
    samples: Samples,
    info: DatasetInfo,
    *,
    boundary_tolerance: float = 2,
    own: Mapping[str, Callable[[], nn.Module]] | None = None,
) -> Scored:
    """Counts every file against its label.

    A pixel without predicted class is wrong where the label is not ignored: missed for its true class, and a false
    one of none, as cityscapesScripts counts it.

    A metric of the user's own sees such a pixel as the class after the last.

    Raises:
        UserError: a file has another size than its label, or holds a value that is no id.
    """
    import numpy as np
    import torch

    from segladder.data.progress import with_progress
    from segladder.freed_memory import FreedMemory
    from segladder.metrics import SemanticMetrics

    metrics = SemanticMetrics(info, boundary_tolerance=boundary_tolerance, per_image=True, none=True, own=own)
    freed = FreedMemory()
    files = with_progress(predictions.files.items(), len(predictions.files), "scoring")
    for index, (image_id, path) in enumerate(files):
        labels = predictions.read(image_id, info)
        truth = samples.semantic(index)
        if labels.shape != tuple(truth.shape):
            raise UserError(
                f"Label file '{path}' is {labels.shape[0]}x{labels.shape[1]}, but the label of image '{image_id}' is"
                f" {truth.shape[0]}x{truth.shape[1]} (height x width). Predict at the label's size: nothing is resized"
                " here."
            )
        classes = torch.from_numpy(np.where(labels == info.ignore_index, info.num_classes, labels).astype(np.int32))
        ids = samples.object_ids(index)
        metrics.update(classes[None], truth[None], [image_id], object_ids=None if ids is None else [ids])
        freed.give_back()
    totals, per_class = metrics.compute()
    assert metrics.images is not None
    return Scored(scores=totals, per_class=per_class, images=metrics.images)
