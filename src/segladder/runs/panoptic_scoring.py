"""A panoptic JSON file and its PNGs that any tool made, scored against the segments of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.runs.prediction_kind import lists_segments, refuse_other_objects
from segladder.types import DatasetInfo, Segments, UserError

if TYPE_CHECKING:
    from torch import nn

    from segladder.data.samples import Samples
    from segladder.runs.scoring import Scored

_SHOWN = 3


class PanopticFiles:
    """The segments of each image: what `evaluate_predictions` scores of the panoptic rung."""

    kind = "panoptic"

    def __init__(self, path: Path, samples: Samples, info: DatasetInfo, *, split: str) -> None:
        """
        Args:
            path: the JSON file; the PNGs lie in the folder beside it that has its name.
            samples: the split.
            info: the data set's classes; its `label_ids` are the category ids.
            split: what the split is called, for messages.

        Raises:
            UserError: see `PanopticFile`; or images of the split are missing.
        """
        from segladder.data.panoptic.file import PanopticFile
        from segladder.runs.identity import hash_file

        if not hasattr(samples.source, "segments"):
            refuse_other_objects(path)
            raise UserError(
                f"Data set '{info.name}' has no partition into things and stuff to score '{path}' against. Give"
                " data=coco_panoptic or data=cityscapes."
            )
        self.samples = samples
        self.info = info
        self.file = PanopticFile(path, predicted=True)
        self.ids = samples.image_ids()
        self.ids_word = "official"
        self._name_of = {image_id: self._named(image_id) for image_id in self.ids}
        missing = [image_id for image_id, name in self._name_of.items() if name is None]
        if missing:
            shown = ", ".join(f"'{name}'" for name in missing[:_SHOWN])
            raise UserError(
                f"'{path}' has no annotation for {len(missing):,} of the {len(self.ids):,} images of {split}: {shown}"
                f"{' and more' if len(missing) > _SHOWN else ''}. Write one for each, with an empty segments_info where"
                " nothing was found."
            )
        self.label_of = {number: index for index, number in enumerate(info.label_ids or range(info.num_classes))}
        self.hashes = {"json": hash_file(path)}
        self.hashes |= {image_id: hash_file(self._required(image_id)) for image_id in self.ids}
        count = sum(len(self.file.rows[str(name)].ids) for name in self._name_of.values())
        self.words = f"{count:,} segments of '{path}'"
        strangers = sorted(self.file.rows.keys() - {str(name) for name in self._name_of.values()})
        self.warnings = (
            [f"{len(strangers):,} annotations of '{path}' are of no image of {split}, such as '{strangers[0]}'."]
            if strangers
            else []
        )

    def score(self, task: Any, own: Mapping[str, Callable[[], nn.Module]]) -> Scored:
        """Counts every image.

        Args:
            task: of the config: `boundary_tolerance`.
            own: metrics of the user's own.

        Raises:
            UserError: see `PanopticFile.segments`; or an own metric is asked for.
        """
        from segladder.data.progress import with_progress
        from segladder.freed_memory import FreedMemory
        from segladder.metrics.panoptic import PanopticMetrics
        from segladder.runs.scoring import Scored

        if own:
            raise UserError(f"Metric '{next(iter(own))}' has no effect on panoptic files. Leave metric= out.")
        metrics = PanopticMetrics(self.info, boundary_tolerance=task.boundary_tolerance, per_image=True)
        freed = FreedMemory()
        for index, image_id in with_progress(list(enumerate(self.ids)), len(self.ids), "scoring"):
            truth = self.samples.segments(index)
            height, width = truth.id_map.shape
            found = self._segments(image_id, (height, width))
            metrics.update([found], [truth], [image_id])
            freed.give_back()
        totals, per_class = metrics.compute()
        assert metrics.images is not None
        return Scored(scores=totals, per_class=per_class, images=metrics.images)

    def draw(self, path: Path, images: Any, *, title: str) -> str | None:
        """Writes the picture of examples, their classes, and small ones of the worst images beside it.

        Returns:
            Why there is none, where the data have no images here.
        """
        from segladder.data.errors import DataError
        from segladder.masks.segments import class_map
        from segladder.tasks.callbacks.pictures import made_rows
        from segladder.viz import GridRow, class_grid

        def row_of(index: int, section: str, score: float) -> GridRow:
            sample = self.samples.plain(index)
            height, width = sample["semantic"].shape
            found = self._segments(self.ids[index], (height, width))
            return GridRow(
                image=sample["image"].numpy(),
                pred=class_map(found, void=self.info.ignore_index),
                truth=sample["semantic"].numpy(),
                image_id=self.ids[index],
                iou=score,
                section=section,
            )

        try:
            rows = made_rows(row_of, images.ranking(), self.ids, self.info, folder=path.parent)
        except DataError as error:
            return f"No pictures: {error}"
        class_grid(rows, info=self.info, title=f"{title}: classes of the segments").save(path)
        return None

    def _segments(self, image_id: str, size: tuple[int, int]) -> Segments:
        return self.file.segments(str(self._name_of[image_id]), label_of=self.label_of, size=size)

    def _named(self, image_id: str) -> str | None:
        """What the file calls an image: its id, or the last word of it (Cityscapes' files)."""
        return next((name for name in (image_id, image_id.rpartition("/")[2]) if name in self.file.rows), None)

    def _required(self, image_id: str) -> Path:
        path = self.file.map_file(str(self._name_of[image_id]))
        if not path.is_file():
            raise UserError(
                f"The panoptic map '{path}' is not there. The PNGs lie in a folder that is called as the JSON file is,"
                " beside it: unpack them there."
            )
        return path


def is_panoptic_file(path: Path) -> bool:
    """Whether a JSON file is one of panoptic predictions: an object with segments, not a list of detections."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            while (first := file.read(1)).isspace():
                pass
            return first == "{"
    except (OSError, UnicodeDecodeError):
        return False


def refuse_maps(folder: Path, first: Path, *, segments: bool) -> None:
    """Refuses panoptic PNGs given as label files: what their colours mean stands in a JSON file.

    Args:
        folder: of the predictions.
        first: one of its PNGs.
        segments: whether the data set has a partition into segments.

    Raises:
        UserError: they are, with the JSON file that lies beside or in the folder.
    """
    from PIL import Image

    try:
        with Image.open(first) as picture:
            colored = picture.mode in ("RGB", "RGBA")
    except OSError:
        return  # told by whoever reads it
    if not colored:
        return
    named = folder if folder.name not in ("", "..") else folder.resolve()
    beside = [named.with_name(f"{named.name}.json"), *sorted(folder.glob("*.json"))]
    found = next((path for path in beside if lists_segments(path)), None)
    if found is None and not segments:
        return
    if found is None:
        advice = (
            "Give the JSON file that says which segments they are, predictions=FILE.json, and call the folder as it is"
            " called"
        )
    else:
        advice = f"Give the JSON file that says which segments they are: predictions={found}"
        if first.parent.resolve() != found.with_suffix("").resolve():
            advice += f", with the PNGs in '{found.with_suffix('')}'"
    raise UserError(f"'{first}' is in colours, as the PNGs of a panoptic prediction are, and no label file. {advice}.")
