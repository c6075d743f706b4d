"""Label PNGs that any tool made, scored against the labels of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.runs.prediction_files import find_predictions, listed

if TYPE_CHECKING:
    from torch import nn

    from segladder.data.module import SegmentationDataModule
    from segladder.data.samples import Samples
    from segladder.inference.label_files import Ids
    from segladder.metrics import PerImage
    from segladder.runs.scoring import Scored


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
        from segladder.runs.predictions import score

        return score(self.predictions, self.samples, self.info, boundary_tolerance=task.boundary_tolerance, own=own)

    def draw(self, path: Path, images: PerImage, *, title: str) -> None:
        """Writes the picture of examples."""
        from segladder.tasks.callbacks.pictures import chosen_images
        from segladder.viz import GridRow, picture_grid

        info = self.info
        ids = list(self.predictions.files)
        rows = []
        for section, index, iou in chosen_images(images.miou(), 4):
            sample = self.samples.plain(index)
            row = GridRow(
                image=sample["image"].numpy(),
                pred=self.predictions.read(ids[index], info),
                truth=sample["semantic"].numpy(),
                image_id=ids[index],
                iou=iou,
                section=section,
            )
            rows.append(row)
        grid = picture_grid(
            rows,
            classes=info.classes,
            palette=info.palette,
            ignore_index=info.ignore_index,
            background=0 if info.classes[0] == "background" else None,
            title=title,
            iou_name="mean IoU of the image",
        )
        grid.save(path)
