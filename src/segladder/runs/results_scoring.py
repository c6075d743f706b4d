"""Objects that any tool found, a COCO results file or Cityscapes' text files, scored against those of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segladder.types import DatasetInfo, Instances, UserError

if TYPE_CHECKING:
    from torch import nn

    from segladder.data.samples import Samples
    from segladder.runs.scoring import Scored


class ResultsFile:
    """The detections of a results file or folder, by image: what `evaluate_predictions` scores of the instance rung."""

    kind = "instance"

    def __init__(self, path: Path, samples: Samples, info: DatasetInfo, *, split: str) -> None:
        """
        Args:
            path: a list of `{image_id, category_id, score}` with `segmentation`, `bbox` or both; or a folder of
                Cityscapes' text files and masks.
            samples: the split in its instance view.
            info: the data set's classes; its `label_ids` are the category ids.
            split: what the split is called, for messages.

        Raises:
            UserError: see `read_results` and `read_instances`.
        """
        from segladder.inference.coco_results import read_results
        from segladder.inference.submissions.cityscapes import read_instances
        from segladder.runs.identity import hash_file

        self.path = path
        self.samples = samples
        self.info = info
        self.ids = samples.image_ids()
        sizes = {image_id: samples.objects(index).size for index, image_id in enumerate(self.ids)}
        folder = path.is_dir()
        self.found = (read_instances if folder else read_results)(path, info=info, sizes=sizes)
        self.boxes_alone = any(found.masks is None for found in self.found.values())
        files = sorted(file for file in path.rglob("*") if file.is_file()) if folder else []
        self.hashes = {file.relative_to(path).as_posix(): hash_file(file) for file in files}
        self.hashes = self.hashes or {"results": hash_file(path)}
        self.ids_word = "official"
        count = sum(len(found) for found in self.found.values())
        self.words = f"{count:,} {'boxes' if self.boxes_alone else 'masks'} of '{path}'"
        self.warnings = []
        without = [image_id for image_id in self.ids if image_id not in self.found]
        if without:
            self.warnings.append(
                f"{len(without):,} of the {len(self.ids):,} images of {split} have no detection (such as"
                f" '{without[0]}'): their objects count as missed."
            )

        self.warnings += self._odd(path)

    def _odd(self, path: Path) -> list[str]:
        """What the official tool counts as false alarms without a word: boxes of nothing, detections given twice."""
        told = []
        flat, outside, twice = [], [], []
        for image_id, found in self.found.items():
            (height, width), (x1, y1, x2, y2) = found.size, found.boxes.T
            flat += [image_id] * int(((x2 <= x1) | (y2 <= y1)).sum())
            outside += [image_id] * int(((x2 <= 0) | (y2 <= 0) | (x1 >= width) | (y1 >= height)).sum())
            rows = np.column_stack([found.boxes, found.labels, found.scores])
            twice += [image_id] * (len(rows) - len(np.unique(rows, axis=0)))
        for images, what in (
            (flat, "have boxes of zero area"),
            (outside, "lie outside their image"),
            (twice, "repeat another one exactly"),
        ):
            if images:
                told.append(
                    f"{len(images):,} detections of '{path}' {what} (image '{images[0]}' has one): they count as false"
                    " alarms."
                )
        scores = np.concatenate([np.zeros(0), *(found.scores for found in self.found.values())])
        if len(scores) and not 0 <= scores.min() <= scores.max() <= 1:
            told.append(
                f"Scores of '{path}' go from {scores.min():.4g} to {scores.max():.4g}. AP goes by their order alone;"
                " mIoU and other class scores take objects from task.semantic_score=0.5 on, pictures from 0.5."
            )
        return told

    def score(self, task: Any, own: Mapping[str, Callable[[], nn.Module]]) -> Scored:
        """Counts every image.

        Args:
            task: of the config: `max_detections`, `boundary_tolerance`, `semantic_score`.
            own: metrics of the user's own, of the semantic readout.

        Raises:
            UserError: an own metric, which needs masks, where there are boxes alone.
        """
        from segladder.data.progress import with_progress
        from segladder.freed_memory import FreedMemory
        from segladder.metrics import InstanceMetrics
        from segladder.runs.scoring import Scored

        if own and self.boxes_alone:
            raise UserError(
                f"Metric '{next(iter(own))}' scores pixels, but '{self.path}' holds boxes alone. Leave metric= out."
            )
        metrics = InstanceMetrics(
            self.info,
            max_detections=task.max_detections,
            boundary_tolerance=task.boundary_tolerance,
            semantic_score=task.semantic_score,
            per_image=True,
            own=own,
        )
        freed = FreedMemory()
        for index, image_id in with_progress(list(enumerate(self.ids)), len(self.ids), "scoring"):
            truth = self.samples.objects(index)
            semantic = None if self.boxes_alone else [self.samples.semantic(index)]
            metrics.update([self._of(image_id, truth.size)], [truth], [image_id], semantic)
            freed.give_back()
        totals, per_class = metrics.compute()
        assert metrics.images is not None
        return Scored(scores=totals, per_class=per_class, images=metrics.images)

    def draw(self, path: Path, images: Any, *, title: str) -> str | None:
        """Writes the picture of examples, and small ones of the worst images beside it.

        Returns:
            Why there is none, where the data have no images here.
        """
        from segladder.data.errors import DataError
        from segladder.tasks.callbacks.pictures import made_rows
        from segladder.viz import InstanceRow, instance_grid

        def row_of(index: int, section: str, score: float) -> InstanceRow:
            sample = self.samples.plain(index)
            return InstanceRow(
                image=sample["image"].numpy(),
                found=self._of(self.ids[index], sample["objects"].size),
                truth=sample["objects"],
                image_id=self.ids[index],
                score=score,
                section=section,
            )

        try:
            rows = made_rows(row_of, images.ranking(), self.ids, self.info, folder=path.parent)
        except DataError as error:
            return f"No pictures: {error}"
        instance_grid(rows, info=self.info, title=title).save(path)
        return None

    def _of(self, image_id: str, size: tuple[int, int]) -> Instances:
        if image_id in self.found:
            return self.found[image_id]
        return Instances(
            masks=None if self.boxes_alone else [],
            boxes=np.zeros((0, 4)),
            labels=np.zeros(0, dtype=np.int64),
            scores=np.zeros(0),
            size=size,
        )
