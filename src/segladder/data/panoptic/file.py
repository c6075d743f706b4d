"""COCO's panoptic JSON as compact rows: which segments each image has, and where their map lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.errors import DataError
from segladder.data.formats.annotations import image_name, image_size
from segladder.data.formats.json_lists import JsonText
from segladder.data.panoptic.colors import MOST, ids_of_rgb
from segladder.data.progress import with_progress
from segladder.masks.segments import pixels_of_ids
from segladder.types import Segments

_LISTS = ("images", "annotations", "categories")


@dataclass(frozen=True)
class PanopticImage:
    """An entry of `images`."""

    number: int | str
    name: str
    """Path below the folder of images."""
    size: tuple[int, int]
    """Height and width in pixels."""


@dataclass(frozen=True)
class PanopticCategory:
    """An entry of `categories`."""

    name: str
    thing: bool
    color: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """An entry of `annotations`: the N segments of one image."""

    file: str
    """The PNG's path below their folder."""
    ids: NDArray[np.int64]
    """`(N,)`, rising."""
    categories: NDArray[np.int64]
    """`(N,)`."""
    iscrowd: NDArray[np.bool_]
    """`(N,)`."""


class PanopticFile:
    """One file of images, annotations and categories, or of predictions, which may have annotations alone.

    Attributes:
        images: by the file's order; empty where it lists none.
        categories: id -> category, in the file's order.
        rows: image id as text -> its segments.
    """

    def __init__(self, path: Path, *, predicted: bool = False) -> None:
        """
        Args:
            path: the JSON file.
            predicted: it needs no images and categories.

        Raises:
            DataError: broken JSON, no such file, or an entry that makes no sense, with its line.
        """
        self.path = path
        self.images: list[PanopticImage] = []
        self.categories: dict[int, PanopticCategory] = {}
        self.rows: dict[str, SegmentRows] = {}
        text = JsonText(path)
        total = text.text.count('"file_name"')
        for key, at, entry in with_progress(text.members(_LISTS), total, f"reading {path.name}"):
            if key not in _LISTS:
                continue
            if not isinstance(entry, dict):
                raise DataError(f"{text.place(at)}: an entry of '{key}' is no object in braces. Correct it.")
            try:
                {"images": self._add_image, "categories": self._add_category, "annotations": self._add_rows}[key](entry)
            except DataError as error:
                raise DataError(f"{text.place(at)}: {error}") from None
        missing = [key for key in (("annotations",) if predicted else _LISTS) if key not in text.keys]
        if missing:
            raise DataError(
                f"'{path}' has no '{missing[0]}': a panoptic file has images, annotations with segments_info, and"
                " categories. Name such a file."
            )

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def map_file(self, image_id: str) -> Path:
        """The PNG of an image, in the folder beside the JSON file that has its name."""
        return self.path.with_suffix("") / self.rows[image_id].file

    def segments(self, image_id: str, *, label_of: Mapping[int, int], size: tuple[int, int] | None = None) -> Segments:
        """The segments of one image.

        Args:
            image_id: as text.
            label_of: category id -> class index.
            size: height and width that the map must have, where known.

        Raises:
            DataError: the map is missing, undecodable, or of another size; or it holds numbers that the file does not
                list, or the reverse.
        """
        rows, path = self.rows[image_id], self.map_file(image_id)
        id_map = read_map(path)
        if size is not None and id_map.shape != size:
            raise DataError(
                f"The panoptic map '{path}' is {id_map.shape[0]}x{id_map.shape[1]}, but image {image_id} is"
                f" {size[0]}x{size[1]} (height x width). Write the map at the image's size, without resizing it."
            )
        present, pixels = pixels_of_ids(id_map)
        there = present != 0
        present, pixels = present[there], pixels[there]
        unlisted = np.setdiff1d(present, rows.ids)
        if len(unlisted):
            count = int(pixels[present == unlisted[0]][0])
            raise DataError(
                f"'{path}' holds segment {int(unlisted[0])} ({count:,} pixels){_more(len(unlisted))}, which"
                f" '{self.path}' does not list for image {image_id}. List it in segments_info, or paint it black (no"
                " segment). Was the PNG resized or stored with a palette?"
            )
        unseen = np.setdiff1d(rows.ids, present)
        if len(unseen):
            raise DataError(
                f"'{self.path}' lists segment {int(unseen[0])} of image {image_id}{_more(len(unseen))}, which has no"
                f" pixel in '{path}'. Take it out of segments_info, or write the PNG anew."
            )
        unknown = [int(number) for number in rows.categories if int(number) not in label_of]
        if unknown:
            raise DataError(
                f"'{self.path}': image {image_id} has a segment of category {unknown[0]}, which is none of the data"
                " set's. Write its category ids."
            )
        return Segments(
            id_map=id_map,
            ids=rows.ids,
            labels=np.array([label_of[int(number)] for number in rows.categories], dtype=np.int64),
            iscrowd=rows.iscrowd,
            areas=pixels,
        )

    def _add_image(self, entry: dict[str, Any]) -> None:
        number = _number(entry.get("id"), "an image", "id")
        name = image_name(entry.get("file_name"), f"image {number}")
        size = image_size(entry.get("height"), entry.get("width"))
        if size is None:
            raise DataError(f"Image {number} needs its 'height' and 'width' in pixels. Write them there.")
        self.images.append(PanopticImage(number, name, size))

    def _add_category(self, entry: dict[str, Any]) -> None:
        number, name, thing = entry.get("id"), entry.get("name"), entry.get("isthing")
        if type(number) is not int or not isinstance(name, str) or thing not in (0, 1):
            raise DataError("A category needs a whole number 'id', a 'name', and 'isthing' 0 or 1. Correct it.")
        if number in self.categories or name in {one.name for one in self.categories.values()}:
            raise DataError(f"Category {number}, '{name}', has the id or the name of another one. Give each its own.")
        color = entry.get("color")
        known = isinstance(color, list) and len(color) == 3 and all(type(c) is int and 0 <= c <= 255 for c in color)
        self.categories[number] = PanopticCategory(name, bool(thing), tuple(color) if known and color else None)

    def _add_rows(self, entry: dict[str, Any]) -> None:
        image_id = str(_number(entry.get("image_id"), "an annotation", "image_id"))
        name, listed = entry.get("file_name"), entry.get("segments_info")
        if name is None and listed is None and "category_id" in entry:
            raise DataError(
                f"Image {image_id} has an annotation of one object, so this is a file of instances. Read it with"
                " data=coco, or name the panoptic file, whose annotations hold 'segments_info'."
            )
        if not isinstance(name, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataError(f"Image {image_id} has the file_name {name!r}. Write the name of its PNG.")
        if not isinstance(listed, list):
            raise DataError(f"Image {image_id} has no list 'segments_info'. Write one, empty where nothing is.")
        if image_id in self.rows:
            raise DataError(f"Image {image_id} has two annotations. Give each image one.")
        ids, categories, crowds = [], [], []
        for one in listed:
            number, category, crowd = (
                (one.get("id"), one.get("category_id"), one.get("iscrowd", 0)) if isinstance(one, dict) else (None,) * 3
            )
            if type(number) is not int or not 0 < number <= MOST:
                raise DataError(
                    f"Image {image_id} has a segment with the id {number!r}. Write R + 256 G + 256² B of its colour, 1"
                    f" to {MOST:,}."
                )
            if type(category) is not int or crowd not in (0, 1):
                raise DataError(
                    f"Segment {number} of image {image_id} has category_id {category!r} and iscrowd {crowd!r}. Write a"
                    " category's id, and 0 or 1."
                )
            ids.append(number)
            categories.append(category)
            crowds.append(crowd)
        numbers = np.array(ids, dtype=np.int64)
        order = np.argsort(numbers, kind="stable")
        twice = numbers[order][1:][np.diff(numbers[order]) == 0]
        if len(twice):
            raise DataError(f"Image {image_id} lists segment {int(twice[0])} twice. Give each a number of its own.")
        self.rows[image_id] = SegmentRows(
            file=name,
            ids=numbers[order],
            categories=np.array(categories, dtype=np.int64)[order],
            iscrowd=np.array(crowds, dtype=bool)[order],
        )


def read_map(path: Path) -> NDArray[np.int32]:
    """The number of each pixel's segment, `(H, W)` int32, 0 where there is none.

    Raises:
        DataError: missing, undecodable, or no picture of three 8-bit channels.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.mode not in ("RGB", "RGBA"):
                raise DataError(
                    f"The panoptic map '{path}' is of mode {picture.mode}. Its colours are numbers of segments,"
                    " R + 256 G + 256² B: store it as RGB PNG of 8 bits a channel."
                )
            return ids_of_rgb(np.asarray(picture)[..., :3])
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(
            f"The panoptic map '{path}' is not there. The PNGs lie in a folder that is called as the JSON file is,"
            " beside it: unpack them there."
        ) from None
    except Exception as error:  # Pillow raises whatever it likes on broken files
        raise DataError(f"The panoptic map '{path}' cannot be decoded ({error}). Fetch it again.") from None


def _number(value: Any, what: str, key: str) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DataError(f"{what[:1].upper()}{what[1:]} has the {key} {value!r}. Write a number or a name.")
    return value


def _more(count: int) -> str:
    return f" and {count - 1} more" if count > 1 else ""
