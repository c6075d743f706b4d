"""Id maps, as `data=folder` has them: instances/*.png number the objects of an image, labels/*.png say their class."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segladder import masks
from segladder.data.errors import DataError
from segladder.data.formats.annotations import AnnotatedImage, AnnotatedObject, Annotations, Reading, Writing
from segladder.data.formats.image_files import ImageFiles, require_folder
from segladder.data.formats.kept import Kept, kept_entry, read_kept, write_kept
from segladder.data.formats.lost import Loss
from segladder.data.formats.outlines import rle_of
from segladder.data.palette import distinct_colors
from segladder.data.readers.dataset_file import DatasetFile, read_dataset_file

IDS, LABELS, PICTURES = "instances", "labels", "images"
_BACKGROUND = ("background", "_background_", "no object")
_BYTE, _WORD = 255, 65535

_FILLED = Loss("box becomes a filled rectangle", "boxes become filled rectangles", "an id map holds pixels")
_CROWDS = Loss(
    "crowd becomes pixels without class", "crowds become pixels without class", "an id map holds single objects"
)
_HIDDEN = Loss(
    "object loses pixels to smaller ones over it",
    "objects lose pixels to smaller ones over them",
    "an id map holds one object per pixel",
)
_GONE = Loss("object has no pixel of its own and is left out", "objects have no pixel of their own and are left out")
_NO_FLAGS = Loss(
    "object is no longer marked as difficult, truncated or the like",
    "objects are no longer marked as difficult, truncated or the like",
    "an id map has no such marks",
)
_STUFF = Loss(
    "class of no objects is left out", "classes of no objects are left out", "their pixels are in labels/ alone"
)


def read(path: Path, reading: Reading) -> Annotations:
    """A folder with `instances/`, `labels/` and `dataset.json`, as `data=folder` reads its objects.

    Args:
        path: the folder.
        reading: `images`, the folder of images, for the names of their files.

    Raises:
        DataError: no id maps, or nothing that names the classes. While reading: files of unequal sizes, ids on
            classes without objects.
    """
    files = sorted((path / IDS).rglob("*.png"))
    if not files:
        raise DataError(f"'{path}' holds no id maps: '{IDS}/**/*.png' was looked for. Point input at the folder.")
    if not any((path / f"dataset.{suffix}").is_file() for suffix in ("json", "yaml", "yml")):
        raise DataError(f"'{path}' has no dataset.json that names the classes. See docs/data.md for what it says.")
    given = read_dataset_file(path)
    kept = read_kept(path)
    things = [name for name, thing in zip(given.classes, given.things, strict=True) if thing]
    if not things:
        raise DataError(f"'{path / 'dataset.json'}' names no class of objects. Name them in 'things'.")
    reading.lost.count(_STUFF, len(given.classes) - len(things) - (given.classes[0] in _BACKGROUND))
    pictures = require_folder(reading.images, "images") if reading.images else path / PICTURES
    return Annotations(
        categories=tuple(kept.category(name) for name in things),
        count=len(files),
        images=_images(path, files, given, kept, pictures),
        shapes=True,
        pictures=pictures if pictures.is_dir() else None,
    )


def _images(root: Path, files: list[Path], given: DatasetFile, kept: Kept, pictures: Path) -> Iterator[AnnotatedImage]:
    from segladder.data.decoding.id_maps import IdMapReader, read_ids
    from segladder.data.decoding.labels import LabelReader
    from segladder.types import DatasetInfo

    ignore_index = _BYTE if len(given.classes) <= _BYTE else _WORD
    values = LabelReader(
        given.classes, ignore=given.ignore, values=given.values, label_map=given.label_map, ignore_index=ignore_index
    )
    info = DatasetInfo(
        name=root.name, classes=given.classes, palette=given.palette, things=given.things, ignore_index=ignore_index
    )
    reader = IdMapReader(info)
    order = np.cumsum(given.things) - 1
    folder = root / LABELS
    alone = not folder.is_dir() and sum(given.things) == 1
    names = ImageFiles(pictures).names if pictures.is_dir() else {}
    for file in files:
        stem = file.relative_to(root / IDS).with_suffix("").as_posix()
        ids = read_ids(file)
        if alone:
            classes: NDArray[Any] = np.where(ids > 0, given.things.index(True), 0)
        else:
            classes = values.read(folder / f"{stem}.png").numpy()
        if classes.shape != ids.shape:
            raise DataError(
                f"Id map '{file}' is {ids.shape[0]}x{ids.shape[1]} but its label '{folder / f'{stem}.png'}' is"
                f" {classes.shape[0]}x{classes.shape[1]} (height x width). Store both at the image's size."
            )
        found = reader.read(ids, classes, path=file)
        objects = [
            AnnotatedObject(label=int(order[label]), box=(x1, y1, x2, y2), mask=mask)
            for label, mask, (x1, y1, x2, y2) in zip(found.labels, found.masks, found.boxes.tolist(), strict=True)
        ]
        before = kept.images.get(stem)
        yield AnnotatedImage(
            name=before.name if before is not None else names.get(stem, f"{stem}.png"),
            size=found.size,
            objects=objects,
            number=kept.number(stem),
        )


def write(annotations: Annotations, folder: Path, writing: Writing) -> None:
    """`instances/NAME.png` of 16 bits, `labels/NAME.png` with a palette, `dataset.json` and `images.json`.

    Where objects overlap, the smaller one is in front: else a cup on a table would be gone.

    Args:
        annotations: the set.
        folder: an empty one.
        writing: counts what is lost.

    Raises:
        DataError: more objects on an image than 16 bits tell apart.
    """
    background = next(name for name in _BACKGROUND if name not in annotations.names)
    names = (background, *annotations.names)
    void = _BYTE if len(names) <= _BYTE else _WORD
    kept = []
    for image in annotations.images:
        ids, classes = _maps(image, void, writing)
        label = Image.fromarray(classes.astype(np.uint8 if void == _BYTE else np.uint16))
        if void == _BYTE:
            label.putpalette([channel for color in _palette(len(names)) for channel in color])
        for kind, picture in ((IDS, Image.fromarray(ids)), (LABELS, label)):
            path = folder / kind / f"{image.stem}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        kept.append(kept_entry(image))
    content = {"classes": names, "things": annotations.names, "ignore_index": void}
    (folder / "dataset.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_kept(folder, kept, annotations.categories)


def _maps(image: AnnotatedImage, void: int, writing: Writing) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Object and class of each pixel, both `(H, W)`."""
    lost = writing.lost
    single = [one for one in image.objects if not one.crowd]
    crowds = [rle_of(one, image.size) for one in image.objects if one.crowd]
    if len(single) > _WORD:
        raise DataError(f"'{image.name}' has {len(single):,} objects: an id map of 16 bits tells {_WORD:,} apart.")
    lost.count(_CROWDS, len(crowds))
    lost.count(_FILLED, sum(not one.has_shape for one in single))
    lost.count(_NO_FLAGS, sum(bool(one.flags) for one in single))
    rles = [rle_of(one, image.size) for one in single]
    areas = masks.areas(rles)
    order = np.argsort(-areas, kind="stable")
    ids = masks.paint([rles[index] for index in order], (order + 1).tolist(), image.size, fill=0)
    left = np.bincount(ids.reshape(-1), minlength=len(single) + 1)[1:]
    lost.count(_GONE, int((left == 0).sum()))
    lost.count(_HIDDEN, int(((left > 0) & (left < areas)).sum()))
    classes = np.array([0, *(one.label + 1 for one in single)])[ids]
    if crowds:
        classes[(masks.paint(crowds, [1] * len(crowds), image.size, fill=0) > 0) & (ids == 0)] = void
    return ids.astype(np.uint16), classes


def _palette(count: int) -> list[tuple[int, int, int]]:
    """Colours of 256 label values: those of the classes, and white for pixels without class."""
    return [*distinct_colors(count), *[(_BYTE, _BYTE, _BYTE)] * (_BYTE + 1 - count)]
