"""Panoptic submissions as COCO and Cityscapes take them: a JSON file of segments, and a PNG of each image beside it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from segladder.data.panoptic.colors import numbers_like, rgb_of_ids
from segladder.inference.coco_results import written_id
from segladder.inference.instance_segmenter import InstancePrediction
from segladder.inference.label_files import save_whole
from segladder.types import DatasetInfo, Instances, Prediction, Segments, UserError

_SHOWN = 3


class CocoPanoptic:
    """`panoptic.json`, `{annotations: [{image_id, file_name, segments_info: [{id, category_id}]}]}`, and `panoptic/`.

    A network that names classes gives a segment for each class; of one that finds objects each is a segment, and pixels
    without an object are black, which is void, or of the class `background` where the first one is called so.
    """

    def __init__(self, folder: Path, info: DatasetInfo, *, score: float, overlap: float, instances: bool) -> None:
        """
        Args:
            folder: where both go.
            info: its `label_ids` are the category ids.
            score: see `partition`.
            overlap: likewise.
            instances: whether the network finds objects.
        """
        from segladder.data.readers.cityscapes_table import CLASSES

        self.path = folder / "panoptic.json"
        self.info = info
        self.score = score
        self.overlap = overlap
        self.warnings = _unsaid(info, instances=instances)
        self._of_cityscapes = info.classes == tuple(name for name, *_ in CLASSES)
        self._annotations: list[dict[str, Any]] = []
        self._count = 0

    def add(self, image_id: str, classes: NDArray[np.integer[Any]], objects: Instances | None) -> None:
        """See `Submission`."""
        if objects is None:
            segments = Prediction(classes=torch.from_numpy(classes), info=self.info).panoptic()
        else:
            segments = InstancePrediction(objects, self.info).panoptic(score=self.score, overlap=self.overlap)
        # Cityscapes' panoptic files call a frame by the last word
        name = PurePosixPath(image_id).name if self._of_cityscapes else image_id
        numbers = numbers_like([self.info.palette[label] for label in segments.labels.tolist()])
        path = self.path.with_suffix("") / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_whole(_picture(segments, numbers), path)
        categories = self.info.label_ids or range(self.info.num_classes)
        listed = [
            {"id": number, "category_id": int(categories[label])}
            for number, label in zip(numbers.tolist(), segments.labels.tolist(), strict=True)
        ]
        self._annotations.append({"image_id": written_id(name), "file_name": f"{name}.png", "segments_info": listed})
        self._count += len(listed)

    def finish(self) -> str:
        """See `Submission`."""
        part = self.path.with_name(f".{self.path.name}")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write('{"annotations": [\n')
                file.write(",\n".join(json.dumps(annotation, ensure_ascii=False) for annotation in self._annotations))
                file.write("\n]}\n")
            part.replace(self.path)
        except OSError as error:
            raise UserError(
                f"'{self.path}' cannot be written: {error.strerror or error}. Free some space, or choose another folder"
                " with output=DIR."
            ) from error
        finally:
            part.unlink(missing_ok=True)
        return (
            f"{self._count:,} segments of {len(self._annotations):,} images in {self.path}, and the PNGs in"
            f" {self.path.with_suffix('')}: zip both and hand them in."
        )


def _picture(segments: Segments, numbers: NDArray[np.int64]) -> Image.Image:
    """The PNG in which each segment has the colour of its number, and void is black."""
    colors = np.zeros((int(segments.ids.max(initial=0)) + 1, 3), dtype=np.uint8)
    colors[segments.ids] = rgb_of_ids(numbers)
    return Image.fromarray(colors[segments.id_map])


def _unsaid(info: DatasetInfo, *, instances: bool) -> list[str]:
    """What the network cannot say of these data: one object from another, or what stuff is where."""
    of_things = not instances
    names = [name for name, thing in zip(info.classes, info.things, strict=True) if thing == of_things]
    if not names or names == ["background"]:
        return []
    listed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
    if of_things:
        return [
            f"This network tells no objects apart: in each image all pixels of {listed} are one segment of their class,"
            " however many objects there are. PQ of things is low for it, that of stuff is not."
        ]
    return [f"This network finds objects alone: {listed} get no segment, and PQ of stuff is 0."]
