"""COCO's results files, the list of detections that any tool can write: `{image_id, category_id, score, …}`."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from segladder import masks
from segladder.data.formats.json_lists import JsonText
from segladder.data.formats.segmentation import mask_of
from segladder.data.progress import with_progress
from segladder.types import DatasetInfo, Instances, Rle, UserError

_SHOWN = 3
_KINDS = {(True, False): "boxes alone", (False, True): "masks alone", (True, True): "boxes and masks"}


def read_results(path: Path, *, info: DatasetInfo, sizes: Mapping[str, tuple[int, int]]) -> dict[str, Instances]:
    """The detections of a results file, by image.

    As pycocotools' `loadRes` has it, an entry's box is its `bbox`, and where it has none the box around its mask.

    Args:
        path: a JSON list of `{image_id, category_id, score}` with `bbox` (x y width height), `segmentation` (run
            lengths or polygons), or both; the same for all.
        info: category ids are its `label_ids`, or class indices where it has none, of the classes that have objects.
        sizes: height and width of every image that may occur, by id; a number's text is its id.

    Returns:
        The images that have detections, in the file's order; `masks` is None where the file holds boxes alone.

    Raises:
        UserError: broken JSON, or an entry that makes no sense, with its number (from 1) and line; detections of
            images that `sizes` does not know.
    """
    numbers = info.label_ids or range(info.num_classes)
    label_of = {number: label for label, number in enumerate(numbers) if info.things[label]}
    found: dict[str, _Gathered] = {}
    strangers: Counter[str] = Counter()
    first: tuple[bool, bool] | None = None
    text = JsonText(path)
    total = text.text.count('"image_id"')
    for number, (at, entry) in enumerate(with_progress(text.entries(), total, "reading detections"), 1):
        try:
            kind = _kind(entry)
            first = kind if first is None else first
            if kind != first:
                raise UserError(
                    f"It has {_KINDS[kind]}, the entries before {_KINDS[first]}. Write all entries alike, in two files"
                    " if need be."
                )
            image_id = _image_id(entry.get("image_id"))
            if image_id not in sizes:
                strangers[image_id] += 1
                continue
            found.setdefault(image_id, _Gathered()).add(entry, label_of, sizes[image_id], info)
        except UserError as error:
            raise UserError(f"{text.place(at)}: entry {number:,}: {error}") from None
    if strangers:
        raise _other_images(path, strangers, sizes)
    return {image_id: gathered.instances(sizes[image_id]) for image_id, gathered in found.items()}


def write_results(path: Path, found: Mapping[str, Instances], info: DatasetInfo) -> None:
    """Writes detections as a results file that every COCO tool reads; it appears whole or not at all.

    Args:
        path: of the file; its folder exists.
        found: by image id; ids that are numbers are written as such.
        info: category ids are its `label_ids`, or class indices where it has none.

    Raises:
        UserError: the disk refuses.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write("[")
            for index, entry in enumerate(_entries(found, info.label_ids or range(info.num_classes))):
                file.write(",\n" if index else "\n")
                file.write(json.dumps(entry, ensure_ascii=False))
            file.write("\n]\n")
        part.replace(path)
    except OSError as error:
        raise UserError(
            f"'{path}' cannot be written: {error.strerror or error}. Free some space, or choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def written_id(image_id: str) -> int | str:
    """An image's id as it stands in a JSON file: a number where its text comes back as it was, so not for 007."""
    return int(image_id) if image_id.isdecimal() and str(int(image_id)) == image_id else image_id


def _entries(found: Mapping[str, Instances], categories: Any) -> Iterator[dict[str, Any]]:
    for image_id, instances in found.items():
        number = written_id(image_id)
        corners = instances.boxes.tolist()
        for index, (x1, y1, x2, y2) in enumerate(corners):
            entry: dict[str, Any] = {
                "image_id": number,
                "category_id": int(categories[int(instances.labels[index])]),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": float(instances.scores[index]),
            }
            if instances.masks is not None:
                mask = instances.masks[index]
                entry["segmentation"] = {"size": list(mask["size"]), "counts": mask["counts"].decode("ascii")}
            yield entry


class _Gathered:
    """The detections of one image."""

    def __init__(self) -> None:
        self.masks: list[Rle] = []
        self.boxes: list[tuple[float, float, float, float]] = []
        self.labels: list[int] = []
        self.scores: list[float] = []

    def add(self, entry: dict[str, Any], label_of: Mapping[int, int], size: tuple[int, int], info: DatasetInfo) -> None:
        """Takes an entry.

        Raises:
            UserError: it makes no sense.
        """
        category, score = entry.get("category_id"), entry.get("score")
        if type(category) is not int or category not in label_of:
            listed = ", ".join(f"{number} {info.classes[label]}" for number, label in list(label_of.items())[:6])
            more = ", …" if len(label_of) > 6 else ""
            raise UserError(f"Its category_id {category!r} is none of '{info.name}': {listed}{more}. Write those ids.")
        if not _is_finite(score):
            raise UserError(f"Its score is {score!r}. Write a finite number, the higher the surer, such as 0 to 1.")
        if "segmentation" in entry:
            self.masks.append(mask_of(entry["segmentation"], size))
        if "bbox" in entry:
            self.boxes.append(_corners(entry["bbox"]))
        self.labels.append(label_of[category])
        self.scores.append(float(score))

    def instances(self, size: tuple[int, int]) -> Instances:
        boxes = np.array(self.boxes, dtype=np.float64).reshape(-1, 4) if self.boxes else masks.boxes(self.masks)
        return Instances(
            masks=self.masks or None,
            boxes=boxes,
            labels=np.array(self.labels, dtype=np.int64),
            scores=np.array(self.scores, dtype=np.float64),
            size=size,
        )


def _kind(entry: Any) -> tuple[bool, bool]:
    """Whether an entry has a box, and whether it has a mask.

    Raises:
        UserError: it has neither.
    """
    if not isinstance(entry, dict):
        raise UserError("It is no object in braces. Write image_id, category_id, score, and bbox or segmentation.")
    kind = "bbox" in entry, "segmentation" in entry
    if kind == (False, False):
        raise UserError("It has neither bbox nor segmentation. Write one of them, or both.")
    return kind


def _image_id(number: Any) -> str:
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise UserError(f"Its image_id is {number!r}. Write the number or the name of an image.")
    return str(number)


def _is_finite(value: Any) -> TypeGuard[float]:
    """Whether it is a number that float64 can hold: JSON's may have any length."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _corners(bbox: Any) -> tuple[float, float, float, float]:
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise UserError(f"Its bbox is {bbox!r}. Write [x, y, width, height] in pixels.")
    for side in bbox:
        if not _is_finite(side):
            raise UserError(f"Its bbox holds {side!r}, which is no number of pixels. Write [x, y, width, height].")
    x, y, width, height = bbox
    if width < 0 or height < 0:
        raise UserError(f"Its bbox is {width:g} wide and {height:g} high. Write [x, y, width, height] in pixels.")
    return x, y, x + width, y + height


def _other_images(path: Path, strangers: Counter[str], sizes: Mapping[str, tuple[int, int]]) -> UserError:
    shown = ", ".join(f"'{name}'" for name in list(strangers)[:_SHOWN])
    more = f" and {len(strangers) - _SHOWN:,} more" if len(strangers) > _SHOWN else ""
    own = next(iter(sizes), None)
    return UserError(
        f"Entries of '{path}' ({strangers.total():,}) are of images that are not in this split ({len(strangers):,}):"
        f" {shown}{more}{f' (one of this split is {own!r})' if own is not None else ''}. Score the file against the"
        " split that it was made for."
    )
