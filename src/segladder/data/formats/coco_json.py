"""COCO's annotation files: one JSON with images, annotations and categories (Lin et al., ECCV 2014)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from segladder import masks
from segladder.data.errors import DataError
from segladder.data.formats.annotations import (
    FLAGS,
    AnnotatedImage,
    AnnotatedObject,
    Annotations,
    Category,
    Reading,
    Writing,
    box_problem,
    image_name,
    image_size,
)
from segladder.data.formats.image_files import require_folder
from segladder.data.formats.json_lists import JsonText
from segladder.data.formats.kept import NAME as KEPT
from segladder.data.formats.kept import category_entries, kept_entry
from segladder.data.formats.lost import Loss
from segladder.data.formats.outlines import rle_of
from segladder.data.formats.segmentation import box_of, shape_of
from segladder.types import UserError

NAME = "instances.json"

_LISTS = ("images", "annotations", "categories")
_KNOWN = {
    "images": {"id", "file_name", "height", "width", "depth"},
    "annotations": {"id", "image_id", "category_id", "bbox", "segmentation", "area", "iscrowd", *FLAGS},
}
_TWICE = Loss("annotation gets a new id", "annotations get new ids", "the file gives some twice, or none")
_DIGITS = 6


def read(path: Path, reading: Reading) -> Annotations:
    """A file of annotations, or the one in a folder.

    The file's text stays in memory; what it says is decoded image by image.

    Args:
        path: the file or folder.
        reading: `images`, the folder of images, as far as anybody asks for them.

    Raises:
        DataError: no such file, broken JSON, a category or an image twice. While reading: an annotation that makes
            no sense, with its id and line.
    """
    source = _Source(_file(path), reading)
    return Annotations(
        categories=tuple(source.categories),
        count=len(source.images),
        images=source.annotated(),
        shapes=source.shapes,
        pictures=require_folder(reading.images, "images") if reading.images else _pictures(source.text.path),
    )


class _Source:
    """One file on its way in."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self.text = JsonText(path)
        self.reading = reading
        self.categories: list[Category] = []
        self.images: dict[int | str, AnnotatedImage] = {}
        """By their id, without their objects."""
        self.places: dict[Any, list[int]] = {}
        """Where the annotations of each image begin in the text."""
        self.shapes = False
        self._names: set[str] = set()
        others: dict[str, set[str]] = {key: set() for key in _KNOWN}
        numbers: set[Any] = set()
        count = 0
        for key, at, value in self.text.members(_LISTS):
            if key not in _LISTS:
                continue
            if not isinstance(value, dict):
                raise DataError(f"{self.text.place(at)}: an entry of '{key}' is no object in braces. Correct it.")
            if key == "categories":
                self._add_category(value, at)
            elif key == "images":
                self._add_image(value, at)
            else:
                self.places.setdefault(_key(value.get("image_id")), []).append(at)
                self.shapes |= bool(value.get("segmentation"))
                numbers.add(_key(value.get("id")))
                count += 1
            if key in others:
                others[key] |= value.keys() - _KNOWN[key]
        lacking = [key for key in _LISTS if key not in self.text.keys]
        if lacking:
            raise DataError(
                f"'{path}' has no '{lacking[0]}': a file of COCO annotations has images, annotations and categories."
            )
        self.twice = len(numbers) < count or None in numbers
        if self.twice:
            reading.lost.count(_TWICE, count)
        self.label_of = {category.number: label for label, category in enumerate(self.categories)}
        for key, total in (("images", len(self.images)), ("annotations", count)):
            if others[key]:
                reading.lost.count(_other_keys(key, others[key]), total)
        self._refuse_strangers()

    def annotated(self) -> Iterator[AnnotatedImage]:
        for number, image in self.images.items():
            objects = []
            for at in self.places.pop(number, ()):
                entry = self.text.value(at)
                try:
                    objects.append(self._object(entry, image.size))
                except UserError as error:
                    self.reading.lost.faulty(f"{self.text.place(at)}: annotation {entry.get('id')!r}: {error}")
            yield replace(image, objects=objects)

    def _object(self, entry: dict[str, Any], size: tuple[int, int]) -> AnnotatedObject:
        """One annotation.

        Raises:
            UserError: it makes no sense.
        """
        category = _key(entry.get("category_id"))
        if category not in self.label_of:
            raise UserError(f"Its category_id {category!r} is none of 'categories'. Add the category there.")
        polygons, mask = shape_of(entry.get("segmentation"), size)
        box = box_of(entry.get("bbox"), polygons, mask)
        problem = box_problem(box, size)
        if problem:
            raise UserError(f"It {problem}. Correct it.")
        area, number = entry.get("area"), entry.get("id")
        return AnnotatedObject(
            label=self.label_of[category],
            box=box,
            polygons=polygons,
            mask=mask,
            crowd=bool(entry.get("iscrowd")),
            flags={flag: entry[flag] for flag in FLAGS if entry.get(flag)},
            area=float(area) if isinstance(area, int | float) else None,
            number=number if type(number) is int and not self.twice else None,
        )

    def _add_category(self, entry: dict[str, Any], at: int) -> None:
        number, name = entry.get("id"), entry.get("name")
        if type(number) is not int or not isinstance(name, str) or not name.strip():
            raise DataError(f"{self.text.place(at)}: a category needs a whole number 'id' and a 'name'. Correct it.")
        if any(number == category.number or name == category.name for category in self.categories):
            raise DataError(
                f"{self.text.place(at)}: category {number} '{name}' has the id or the name of another one. Give each"
                " its own."
            )
        group = entry.get("supercategory")
        self.categories.append(Category(name=name, number=number, group=group if isinstance(group, str) else None))

    def _add_image(self, entry: dict[str, Any], at: int) -> None:
        number, where = _key(entry.get("id")), self.text.place(at)
        name = image_name(entry.get("file_name"), where)
        size = image_size(entry.get("height"), entry.get("width"))
        if not isinstance(number, int | str):
            raise DataError(f"{where}: image '{name}' has the id {number!r}. Give it a whole number of its own.")
        if size is None:
            raise DataError(f"{where}: image '{name}' needs its 'height' and 'width' in pixels. Write them there.")
        if number in self.images or name in self._names:
            raise DataError(f"{where}: image {number!r}, '{name}', is there twice. Give each its own id and file name.")
        self._names.add(name)
        depth = entry.get("depth")
        self.images[number] = AnnotatedImage(
            name=name, size=size, objects=[], number=number, depth=depth if type(depth) is int else None
        )

    def _refuse_strangers(self) -> None:
        """Annotations of images that the file does not list."""
        for number in [number for number in self.places if number not in self.images]:
            for at in self.places.pop(number):
                entry = self.text.value(at)
                self.reading.lost.faulty(
                    f"{self.text.place(at)}: annotation {entry.get('id')!r} is of image {number!r}, which 'images' does"
                    " not list. Add the image there."
                )


def write(annotations: Annotations, folder: Path, writing: Writing) -> None:
    """`instances.json`: polygons stay polygons, masks become compressed run lengths, coordinates keep 6 digits.

    Args:
        annotations: the set.
        folder: an empty one.
        writing: not needed, COCO's form has room for everything.
    """
    images: list[dict[str, Any]] = []
    written = 0
    categories = category_entries(annotations.categories)
    with (folder / NAME).open("w", encoding="utf-8") as file:
        # annotations first: the one list that is not kept in memory
        file.write('{"annotations": [')
        for image in annotations.images:
            entry = {"id": len(images) + 1, **kept_entry(image)}
            images.append(entry if image.depth is None else {**entry, "depth": image.depth})
            for one in image.objects:
                written += 1
                found = _entry(one, image.size, entry["id"], categories[one.label]["id"])
                found["id"] = written if one.number is None else one.number
                file.write(",\n " if written > 1 else "\n ")
                file.write(json.dumps(found, ensure_ascii=False))
        file.write("\n],\n")
        for key, entries in (("images", images), ("categories", categories)):
            lines = ",\n ".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
            file.write(f'"{key}": [\n {lines}\n]{"," if key == "images" else "}"}\n')


def _entry(one: AnnotatedObject, size: tuple[int, int], image: int | str, category: int) -> dict[str, Any]:
    """An annotation without its id."""
    x1, y1, x2, y2 = one.box
    shape: Any = one.polygons or []
    if one.mask is not None:
        shape = {"size": one.mask["size"], "counts": one.mask["counts"].decode("ascii")}
    area = one.area
    if area is None:
        area = float(masks.areas([rle_of(one, size)])[0]) if one.has_shape else (x2 - x1) * (y2 - y1)
    return {
        "id": 0,
        "image_id": image,
        "category_id": category,
        "bbox": [round(side, _DIGITS) for side in (x1, y1, x2 - x1, y2 - y1)],
        "area": round(area, _DIGITS),
        "iscrowd": int(one.crowd),
        "segmentation": shape,
        **one.flags,
    }


def _key(number: Any) -> int | str | None:
    """An id as it can be looked up; None for what is no id."""
    return number if isinstance(number, int | str) and not isinstance(number, bool) else None


def _other_keys(what: str, keys: set[str]) -> Loss:
    listed = f"{', '.join(sorted(keys)[:6])}{', …' if len(keys) > 6 else ''}"
    one = {"images": "image's other keys are left out", "annotations": "annotation's other keys are left out"}[what]
    return Loss(one, one.replace("'s", "s'", 1), listed)


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    for folder in (path, path / "annotations"):
        found = [file for file in sorted(folder.glob("*.json")) if file.name not in (KEPT, "dataset.json")]
        if folder / NAME in found:
            return folder / NAME
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(
                f"'{folder}' holds several JSON files, such as '{found[0].name}' and '{found[1].name}'. Name the file:"
                f" input={found[0]}."
            )
    raise DataError(f"'{path}' holds no JSON file. Name the file of COCO annotations.")


def _pictures(path: Path) -> Path | None:
    """The folder of images as COCO lays it out: train2017/ for annotations/instances_train2017.json."""
    names = ("images", path.stem.rpartition("_")[2])
    folders = [folder / name for folder in (path.parent, path.parent.parent) for name in names]
    return next((folder for folder in folders if folder.is_dir()), None)
