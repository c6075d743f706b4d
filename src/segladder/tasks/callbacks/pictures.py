"""What the numbers look like: the best, the worst and some random test images, as PNG and as a W&B table."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung

SECTIONS = ("best", "worst", "random")


class Pictures(Callback):
    """After the test: `pictures/test.png`, a row per image with input, truth, prediction and errors.

    Each rung ranks images in its own way (`Rung.ranking`); the random ones are the same for every run on the same
    split.
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
        task = cast("Rung", pl_module)
        statistics = task.test_metrics.images
        if not trainer.is_global_zero or statistics is None or len(statistics) == 0:
            return
        ids = statistics.arrays()["image_id"]
        samples = trainer.datamodule.test_samples()  # type: ignore[attr-defined]
        rows = [
            task.row(_find(samples, str(ids[index]), index), section=section, score=score)
            for section, index, score in chosen_images(task.ranking(), self.count)
        ]
        title = f"{task.info.name}, {trainer.datamodule.test_on}"  # type: ignore[attr-defined]
        folder = Path(trainer.default_root_dir) / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        task.picture(rows, title=title).save(folder / "test.png")
        for logger in trainer.loggers:
            if hasattr(logger, "log_examples"):
                logger.log_examples("test/examples", rows, task.info, step=trainer.global_step)


def chosen_images(ranking: Any, count: int) -> list[tuple[str, int, float]]:
    """Section, index and score of the images to show, no image twice within a section.

    Args:
        ranking: each image's score, `(N,)`; NaN where it has nothing to score.
        count: of each section.
    """
    scored = np.flatnonzero(~np.isnan(ranking))
    order = scored[np.argsort(ranking[scored], kind="stable")]
    drawn = random.Random(0).sample(range(len(ranking)), min(count, len(ranking)))
    parts: dict[str, list[int]] = {
        "best": order[::-1][:count].tolist(),
        "worst": order[:count].tolist(),
        "random": sorted(drawn),
    }
    return [(name, index, float(ranking[index])) for name in SECTIONS for index in parts[name]]


def _find(samples: Any, image_id: str, guess: int) -> Any:
    """The sample of that id: at its place in the order of one process, anywhere after several have tested."""
    for index in (guess, *range(len(samples))):
        try:
            sample = samples[(0, index)]
        except UserError:  # it was skipped in the test, too
            continue
        if sample["image_id"] == image_id:
            return sample
    raise ValueError(f"No test sample is called '{image_id}'.")
