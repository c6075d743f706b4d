"""`images.json`: what other formats have no room for, kept beside them for the way back.

It is COCO's own file of images without annotations (as `image_info_test2017.json`): names, sizes and numbers of the
images, names and ids of the categories.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from segladder.data.errors import DataError
from segladder.data.formats.annotations import AnnotatedImage, Category, image_name, image_size

NAME = "images.json"


@dataclass(frozen=True)
class KeptImage:
    """One image as it was before."""

    name: str
    size: tuple[int, int]
    number: int | str | None


@dataclass(kw_only=True)
class Kept:
    """What `images.json` says; empty where there is none."""

    images: dict[str, KeptImage] = field(default_factory=dict)
    """By path without suffix."""
    categories: tuple[Category, ...] = ()

    def number(self, stem: str) -> int | str | None:
        """The image's number as it was, a new one for one that was not there; None where nothing is kept."""
        if stem in self.images or not self.images:
            return self.images[stem].number if stem in self.images else None
        numbers = [image.number for image in self.images.values() if isinstance(image.number, int)]
        self.images[stem] = KeptImage(stem, (0, 0), max(numbers, default=0) + 1)
        return self.images[stem].number

    def category(self, name: str) -> Category:
        """The category of that name as it was, else a new one."""
        return next((category for category in self.categories if category.name == name), Category(name=name))


def read_kept(folder: Path) -> Kept:
    """The folder's `images.json`.

    Raises:
        DataError: it cannot be understood.
    """
    path = folder / NAME
    if not path.is_file():
        return Kept()
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        images = {}
        for entry in content["images"]:
            size = image_size(entry["height"], entry["width"])
            name = image_name(entry["file_name"], f"'{path}'")
            if size is None:
                raise ValueError(f"'{name}' has no size")
            images[PurePosixPath(name).with_suffix("").as_posix()] = KeptImage(name, size, entry.get("id"))
        categories = tuple(
            Category(name=str(entry["name"]), number=entry.get("id"), group=entry.get("supercategory"))
            for entry in content["categories"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"'{path}' cannot be read ({str(error) or type(error).__name__}): it keeps image sizes and ids from a"
            " conversion. Take it away, or write it again."
        ) from None
    return Kept(images=images, categories=categories)


def write_kept(folder: Path, images: Sequence[dict[str, Any]], categories: Sequence[Category]) -> None:
    """Writes `images.json` from entries that `kept_entry` made."""
    content = {"images": list(images), "categories": category_entries(categories)}
    (folder / NAME).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def kept_entry(image: AnnotatedImage) -> dict[str, Any]:
    """An image as COCO's files describe it; without an id where it has none."""
    height, width = image.size
    entry: dict[str, Any] = {"file_name": image.name, "height": height, "width": width}
    return entry if image.number is None else {"id": image.number, **entry}


def category_entries(categories: Sequence[Category]) -> list[dict[str, Any]]:
    """Categories as COCO's files describe them; those without a number get the next free ones, from 1."""
    taken = {category.number for category in categories}
    free = (number for number in range(1, 2 * len(categories) + 1) if number not in taken)
    entries: list[dict[str, Any]] = []
    for category in categories:
        number = next(free) if category.number is None else category.number
        entry: dict[str, Any] = {"id": number, "name": category.name}
        entries.append(entry if category.group is None else {**entry, "supercategory": category.group})
    return entries
