"""What the numbers look like: the best, the worst and some random test images, as PNG and as a W&B table.

Of more of the worst, small pictures are kept beside them, from which a report draws runs side by side.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import DatasetInfo, UserError
from segladder.viz.example_file import NAME, write_examples
from segladder.viz.examples import Example, examples_of, small_example

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung

SECTIONS = ("best", "worst", "random")
COUNT, KEPT = 4, 16
"""Images of each section, and worst ones that are kept, unless asked otherwise."""
MOST_KEPT = 100
RANDOM_KEPT = 4
"""Images drawn by chance that every run keeps."""


class Pictures(Callback):
    """After the test: `pictures/test.png`, a row per image with input, truth, prediction and errors.

    Each rung ranks images in its own way (`Rung.ranking`); the random ones are the same for every run on the same
    split. `pictures/examples.npz` holds the worst and some random ones small, see `segladder.viz.example_file`.
    """

    def __init__(self, *, count: int = COUNT, kept: int = KEPT) -> None:
        """
        Args:
            count: images of each kind, at least 1.
            kept: worst images that are kept for reports, 0 to 100; 0 keeps none at all.

        Raises:
            UserError: `count` or `kept` is outside its range.
        """
        if count < 1:
            raise UserError(
                f"callbacks.pictures.count is {count}; give 1 or more, or callbacks.pictures.enabled=false."
            )
        self.count = count
        self.kept = check_kept(kept)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        task = cast("Rung", pl_module)
        statistics = task.test_metrics.images
        if not trainer.is_global_zero or statistics is None or len(statistics) == 0:
            return
        ids = [str(name) for name in statistics.arrays()["image_id"]]
        samples = trainer.datamodule.test_samples()  # type: ignore[attr-defined]
        folder = Path(trainer.default_root_dir) / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        rows = made_rows(
            lambda index, section, score: task.row(_find(samples, ids[index], index), section=section, score=score),
            task.ranking(),
            ids,
            task.info,
            folder=folder,
            count=self.count,
            kept=self.kept,
        )
        title = f"{task.info.name}, {trainer.datamodule.test_on}"  # type: ignore[attr-defined]
        task.picture(rows, title=title).save(folder / "test.png")
        for logger in trainer.loggers:
            if hasattr(logger, "log_examples"):
                logger.log_examples("test/examples", rows, task.info, step=trainer.global_step)


def check_kept(kept: Any) -> int:
    """`callbacks.pictures.kept`.

    Raises:
        UserError: it is no whole number from 0 to 100.
    """
    if isinstance(kept, bool) or not isinstance(kept, int) or not 0 <= kept <= MOST_KEPT:
        raise UserError(f"callbacks.pictures.kept is {kept!r}; give a whole number from 0 to {MOST_KEPT}.")
    return kept


def made_rows(
    row_of: Callable[[int, str, float], Any],
    ranking: Any,
    ids: Sequence[str],
    info: DatasetInfo,
    *,
    folder: Path,
    count: int = COUNT,
    kept: int = KEPT,
) -> list[Any]:
    """The rows of the picture, each image predicted once; those that are kept are written small into the folder.

    Args:
        row_of: makes a row from an image's index, section and score.
        ranking: each image's score, `(N,)`; NaN where it has nothing to score.
        ids: their names.
        info: the data set's classes.
        folder: gets `examples.npz`.
        count: of each section.
        kept: of the worst.
    """
    chosen = chosen_images(ranking, count, ids)
    rows = {index: row_of(index, section, score) for section, index, score in {one[1]: one for one in chosen}.values()}
    small: list[Example] = []
    for index, worst in kept_images(ranking, kept, ids).items():
        # a row of a large image takes much more than what is kept of it
        row = rows[index] if index in rows else row_of(index, "worst", float(ranking[index]))
        small.append(small_example(row, info, worst=worst))
    if small:
        write_examples(folder / NAME, examples_of(small, info))
    return [replace(rows[index], section=section) for section, index, _ in chosen]


def chosen_images(ranking: Any, count: int, ids: Sequence[str] | None = None) -> list[tuple[str, int, float]]:
    """Section, index and score of the images to show, no image twice within a section.

    Args:
        ranking: each image's score, `(N,)`; NaN where it has nothing to score.
        count: of each section.
        ids: the images' names: with them the random ones are the same in whatever order images were tested.
    """
    order = _worst_first(ranking)
    parts: dict[str, list[int]] = {
        "best": order[::-1][:count],
        "worst": order[:count],
        "random": _drawn(len(ranking), count, ids),
    }
    return [(name, index, float(ranking[index])) for name in SECTIONS for index in parts[name]]


def kept_images(ranking: Any, kept: int, ids: Sequence[str] | None = None) -> dict[int, bool]:
    """Index of each image that is kept -> whether it is one of the worst; none at all where `kept` is 0."""
    if not kept:
        return {}
    worst = dict.fromkeys(_worst_first(ranking)[:kept], True)
    return dict.fromkeys(_drawn(len(ranking), RANDOM_KEPT, ids), False) | worst


def _worst_first(ranking: Any) -> list[int]:
    scored = np.flatnonzero(~np.isnan(ranking))
    order: list[int] = scored[np.argsort(ranking[scored], kind="stable")].tolist()
    return order


def _drawn(images: int, count: int, ids: Sequence[str] | None) -> list[int]:
    drawn = random.Random(0).sample(range(images), min(count, images))
    if ids is None:
        return sorted(drawn)
    by_name = sorted(range(images), key=lambda index: ids[index])
    return sorted(by_name[place] for place in drawn)


def _find(samples: Any, image_id: str, guess: int) -> Any:
    """The sample of that id: at its place in the order of one process, anywhere after several have tested."""
    if guess < len(samples):
        try:
            sample = samples[(0, guess)]
        except UserError:  # it was skipped in the test, too: those behind it have moved up
            sample = None
        if sample is not None and sample["image_id"] == image_id:
            return sample
    ids = samples.image_ids()
    if image_id not in ids:
        raise ValueError(f"No test sample is called '{image_id}'.")
    return samples[(0, ids.index(image_id))]
