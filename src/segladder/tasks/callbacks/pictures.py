"""What the numbers look like: the best, the worst and some random test images, as PNG and as a W&B table."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import UserError
from segladder.viz import GridRow, picture_grid

if TYPE_CHECKING:
    from segladder.tasks.semantic import SemanticTask

SECTIONS = ("best", "worst", "random")


class Pictures(Callback):
    """After the test: `pictures/test.png`, a row per image with input, truth, prediction and errors.

    Images are ranked by the mean IoU over the classes that occur in them; the random ones are the same for every
    run on the same split.
    """

    def __init__(self, *, count: int = 4) -> None:
        """
        Args:
            count: images of each kind, at least 1.

        Raises:
            UserError: `count` is below 1.
        """
        if count < 1:
            raise UserError(
                f"callbacks.pictures.count is {count}; give 1 or more, or callbacks.pictures.enabled=false."
            )
        self.count = count

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        task = cast("SemanticTask", pl_module)
        statistics = task.test_metrics.images
        if not trainer.is_global_zero or statistics is None or len(statistics) == 0:
            return
        chosen = chosen_images(statistics.miou(), self.count)
        rows = [
            self._row(trainer, task, statistics.arrays()["image_id"], index, section, iou)
            for section, index, iou in chosen
        ]
        info = task.info
        grid = picture_grid(
            rows,
            classes=info.classes,
            palette=info.palette,
            ignore_index=info.ignore_index,
            background=0 if info.classes[0] == "background" else None,
            title=f"{info.name}, {trainer.datamodule.test_on}",  # type: ignore[attr-defined]
            iou_name="mean IoU of the image",
        )
        folder = Path(trainer.default_root_dir) / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        grid.save(folder / "test.png")
        for logger in trainer.loggers:
            if hasattr(logger, "log_examples"):
                logger.log_examples("test/examples", rows, info, step=trainer.global_step)

    def _row(self, trainer: Trainer, task: SemanticTask, ids: Any, index: int, section: str, iou: float) -> GridRow:
        samples = trainer.datamodule.test_samples()  # type: ignore[attr-defined]
        sample = _find(samples, str(ids[index]), index)
        prediction = task.predict(sample["image"])
        return GridRow(
            image=sample["image"].numpy(),
            pred=prediction.numpy(),
            truth=sample["semantic"].numpy(),
            image_id=sample["image_id"],
            iou=iou,
            section=section,
        )


def chosen_images(miou: Any, count: int) -> list[tuple[str, int, float]]:
    """Section, index and IoU of the images to show, no image twice within a section.

    Args:
        miou: each image's mean IoU, `(N,)`; NaN where it has nothing to score.
        count: of each section.
    """
    scored = np.flatnonzero(~np.isnan(miou))
    order = scored[np.argsort(miou[scored], kind="stable")]
    drawn = random.Random(0).sample(range(len(miou)), min(count, len(miou)))
    parts: dict[str, list[int]] = {
        "best": order[::-1][:count].tolist(),
        "worst": order[:count].tolist(),
        "random": sorted(drawn),
    }
    return [(name, index, float(miou[index])) for name in SECTIONS for index in parts[name]]


def _find(samples: Any, image_id: str, guess: int) -> Any:
    """The sample of that id: at its place in the order of one process, anywhere after several have tested."""
    for index in (guess, *range(len(samples))):
        sample = samples[(0, index)]
        if sample["image_id"] == image_id:
            return sample
    raise ValueError(f"No test sample is called '{image_id}'.")
