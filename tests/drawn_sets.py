"""Tiny data sets in their genuine layouts, drawn by code: `from drawn_sets import draw_voc`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

VOC_SIZES = ((48, 40), (40, 56), (52, 44))
"""Heights and widths, in turn."""

CITY_SIZE = (48, 96)
"""Height and width of a drawn street."""

CITIES = {"train": ("aachen", "ulm"), "val": ("frankfurt",), "test": ("berlin",)}


def draw_voc(root: Path, *, train: int = 8, val: int = 3, test: int = 2) -> Path:
    """VOC2012 with palette PNGs, borders of 255 and unequal sizes; `train_aug` adds 4 images to `train`.

    Labelled images hold two objects of one class, the halves of a square.

    The red of an image is 10 times its class (20 at a border), as far as JPEG keeps it. `test` has images alone.

    Returns:
        `root`, which holds JPEGImages/ and the rest.
    """
    names: dict[str, list[str]] = {}
    total = 0
    for split, count in (("train", train), ("val", val), ("test", test), ("extra", 4)):
        names[split] = [f"2008_{total + index:06d}" for index in range(count)]
        total += count
    for number, name in enumerate(name for listed in names.values() for name in listed):
        label = voc_label(number)
        image = np.zeros((*label.shape, 3), dtype=np.uint8)
        image[..., 0] = np.where(label == 255, 20, label * 10)
        _save(root / "JPEGImages" / f"{name}.jpg", Image.fromarray(image), quality=95)
        if name in names["train"] + names["val"]:
            _save(root / "SegmentationClass" / f"{name}.png", with_voc_palette(label))
            _save(root / "SegmentationObject" / f"{name}.png", with_voc_palette(voc_ids(number)))
        if name in names["train"] + names["extra"]:
            # SBD knows no borders, and its PNGs have no palette
            _save(root / "SegmentationClassAug" / f"{name}.png", Image.fromarray(np.where(label == 255, 0, label)))
    lists = {"train": names["train"], "val": names["val"], "test": names["test"]}
    lists["trainval"] = lists["train"] + lists["val"]
    for split, listed in lists.items():
        _write(root / "ImageSets" / "Segmentation" / f"{split}.txt", "\n".join(listed) + "\n")
    pairs = [f"/JPEGImages/{name}.jpg /SegmentationClassAug/{name}.png" for name in names["train"] + names["extra"]]
    _write(root / "ImageSets" / "Segmentation" / "train_aug.txt", "\n".join(pairs) + "\n")
    return root


def voc_label(number: int) -> NDArray[np.uint8]:
    """The classes of the drawn image of that number, `(H, W)`: one object with a border on background."""
    height, width = VOC_SIZES[number % len(VOC_SIZES)]
    label = np.zeros((height, width), dtype=np.uint8)
    label[8:32, 8:32] = 255
    label[10:30, 10:30] = number % 20 + 1
    return label


def voc_ids(number: int) -> NDArray[np.uint8]:
    """The objects of the drawn image of that number, `(H, W)`: 1 and 2, side by side, in a border of 255."""
    label = voc_label(number)
    return np.where((label == 0) | (label == 255), label, 1 + (np.arange(label.shape[1]) >= 20)).astype(np.uint8)


def with_voc_palette(label: NDArray[np.uint8]) -> Image.Image:
    """The class map as a picture of mode P with VOC's colours, written down from the development kit's own code."""
    colors = np.zeros((256, 3), dtype=np.uint8)
    for index in range(256):
        rest, shift = index, 7
        while rest:
            for channel in range(3):
                colors[index, channel] |= ((rest >> channel) & 1) << shift
            rest, shift = rest >> 3, shift - 1
    picture = Image.fromarray(label)
    picture.putpalette(colors.reshape(-1).tolist())
    return picture


def draw_sbd(root: Path) -> Path:
    """SBD's folder `dataset` for `draw_voc`: it labels images 4 to 10 and 13 to 16, in lists other than VOC's."""
    for number in (*range(4, 11), *range(13, 17)):
        write_sbd(root, number)
    for split, numbers in (("train", (4, 5, 9, 13, 14)), ("val", (6, 7, 8, 10, 15, 16))):
        _write(root / f"{split}.txt", "".join(f"2008_{number:06d}\n" for number in numbers))
    return root


def sbd_maps(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Classes and objects of the drawn image of that number as SBD has them: without borders, `(H, W)` each."""
    label, ids = voc_label(number), voc_ids(number)
    return np.where(label == 255, 0, label).astype(np.uint8), np.where(ids == 255, 0, ids).astype(np.uint8)


def write_sbd(
    root: Path,
    number: int,
    *,
    classes: NDArray[Any] | None = None,
    objects: NDArray[Any] | None = None,
    categories: NDArray[np.uint8] | None = None,
) -> None:
    """The two MATLAB files of an image, with the fields that SBD's have."""
    drawn = sbd_maps(number)
    kinds = np.full((2, 1), number % 20 + 1, dtype=np.uint8)
    edges = np.empty((20, 1), dtype=object)
    edges[:] = [[np.zeros((2, 2))]] * 20
    cls = {
        "Boundaries": edges,
        "Segmentation": drawn[0] if classes is None else classes,
        "CategoriesPresent": kinds[:1],
    }
    inst = {
        "Boundaries": edges[:2],
        "Segmentation": drawn[1] if objects is None else objects,
        "Categories": kinds if categories is None else categories,
    }
    for folder, key, value in (("cls", "GTcls", cls), ("inst", "GTinst", inst)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        savemat(root / folder / f"2008_{number:06d}.mat", {key: value}, do_compression=True)


def draw_cityscapes(root: Path, *, per_city: int = 4) -> Path:
    """leftImg8bit and gtFine with labelIds and instanceIds of every kind; those of `test` say nothing, as published.

    The red of an image is 5 times its label id.

    Returns:
        `root`, which holds leftImg8bit/ and gtFine/.
    """
    for split, cities in CITIES.items():
        for city in cities:
            for number in range(per_city):
                ids = city_ids(number)
                image = np.zeros((*ids.shape, 3), dtype=np.uint8)
                image[..., 0] = ids * 5
                stem = f"{city}_{number:06d}_000019"
                _save(root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png", Image.fromarray(image))
                objects = city_objects(number)
                if split == "test":
                    ids = np.where(np.arange(ids.shape[0])[:, None] < 40, 3, 1) * np.ones_like(ids)
                    objects = ids.astype(np.uint16)
                folder = root / "gtFine" / split / city
                _save(folder / f"{stem}_gtFine_labelIds.png", Image.fromarray(ids.astype(np.uint8)))
                _save(folder / f"{stem}_gtFine_instanceIds.png", Image.fromarray(objects))
                _save(folder / f"{stem}_gtFine_color.png", Image.fromarray(image))
    return root


def city_ids(number: int) -> NDArray[np.uint8]:
    """The label ids of the drawn street of that number, `(H, W)`: all ids from 0 to 33 in a grid, shifted."""
    height, width = CITY_SIZE
    grid = (np.arange(12).reshape(3, 4) + 12 * (number % 3)) % 34
    ids = np.kron(grid, np.ones((height // 3, width // 4), dtype=int))
    ids[-4:] = 1  # the car that carries the camera
    return ids.astype(np.uint8)


def city_objects(number: int) -> NDArray[np.uint16]:
    """The instance ids of the drawn street of that number, `(H, W)`.

    Each cell of an id from 24 to 33 holds two objects side by side, above one group of the cell's id.
    """
    ids = city_ids(number).astype(np.uint16)
    rows, columns = np.indices(ids.shape)
    single = (ids >= 24) & (rows % (CITY_SIZE[0] // 3) < 12)
    right = columns % (CITY_SIZE[1] // 4) >= 10
    return np.where(single, 1000 * ids + 7 * right, ids).astype(np.uint16)


def draw_cells(root: Path, *, counts: dict[str, int] | None = None, labels: bool = True) -> Path:
    """A folder set of squares and bars (classes `cell` and `rod`) that touch each other, with 16-bit id maps.

    Ids of an image begin at 250, so that some need the second byte. Every third image holds none. The grey of an image
    is 80 times its class.

    Args:
        root: the folder to make.
        counts: images of each split.
        labels: False leaves labels/ out; then bars are not drawn, and `cell` is the only class of objects.
    """
    draw = np.random.default_rng(0)
    classes = ["background", "cell", "rod"] if labels else ["background", "cell"]
    for split, count in (counts or {"train": 6, "val": 3, "test": 3}).items():
        for number in range(count):
            label, ids = np.zeros((40, 48), dtype=np.uint8), np.zeros((40, 48), dtype=np.uint16)
            for place in draw.permutation(20)[: 0 if number % 3 == 2 else 9]:
                top, left = 10 * (place // 5), 9 * (place % 5)
                rod = labels and place % 2 == 1
                window = np.s_[top : top + (4 if rod else 10), left : left + 9]
                label[window], ids[window] = (2 if rod else 1), 250 + place
            _save(root / "images" / split / f"{number:02d}.png", Image.fromarray(label * 80))
            _save(root / "instances" / split / f"{number:02d}.png", Image.fromarray(ids))
            if labels:
                _save(root / "labels" / split / f"{number:02d}.png", Image.fromarray(label))
    _write(root / "dataset.json", json.dumps({"classes": classes}))
    return root


def draw_threads(root: Path, *, counts: dict[str, int] | None = None, channels: int = 1) -> Path:
    """A folder set of thin dark curves, about 3 % of the pixels, on texture; masks of 0 and 255, unequal sizes."""
    draw = np.random.default_rng(0)
    for split, count in (counts or {"train": 24, "val": 6, "test": 6}).items():
        for number in range(count):
            height, width = 64 + 8 * (number % 3), 80 - 8 * (number % 2)
            mask = np.zeros((height, width), dtype=bool)
            columns = np.arange(width)
            for _ in range(2):
                phase, waves, middle = draw.uniform(0, 6), draw.uniform(0.5, 2), draw.uniform(0.3, 0.7)
                rows = height * (middle + 0.2 * np.sin(phase + waves * columns / width * 6))
                mask[np.clip(rows.round().astype(int), 0, height - 1), columns] = True
            texture = np.kron(draw.uniform(120, 200, (height // 8, width // 8)), np.ones((8, 8)))
            grey = texture + draw.normal(0, 10, mask.shape) - 70 * mask
            image = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
            _save(root / "images" / split / f"{number:02d}.png", image.convert("RGB" if channels == 3 else "L"))
            _save(root / "labels" / split / f"{number:02d}.png", Image.fromarray(mask.astype(np.uint8) * 255))
    _write(root / "dataset.json", json.dumps({"classes": ["background", "thread"]}))
    return root


def _save(path: Path, image: Image.Image, **options: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def draw_annotated(root: Path) -> Path:
    """One tiny set in every annotation format: root/{coco,voc,yolo,ids}, images beside the COCO file."""
    from segladder.data.formats.conversion import convert

    names = ("train/a b.png", "val/c.png")
    images = [{"id": 10 + n, "file_name": name, "height": 20, "width": 30} for n, name in enumerate(names)]
    annotations: list[dict[str, object]] = []
    for image in images:
        path = root / "coco" / "images" / str(image["file_name"])
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30, 20)).save(path)
        for category, x in ((1, 2), (2, 15)):
            corners = [x, 3, x + 10, 3, x + 10, 15, x, 15]
            place = {"bbox": [x, 3, 10, 12], "segmentation": [corners], "area": 120, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": image["id"], "category_id": category, **place})
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "coco" / "instances.json").write_text(json.dumps(content))
    for word in ("voc", "yolo", "ids"):
        convert(root / "coco", root / word, from_="coco", to=word)
    return root


def draw_ade20k(root: Path, *, training: int = 6, validation: int = 3) -> Path:
    """images/ and annotations/ as the archive of the benchmark unpacks; label 0 is other, the red is the label.

    Returns:
        `root`, an ADEChallengeData2016.
    """
    for split, short, count in (("training", "train", training), ("validation", "val", validation)):
        for number in range(count):
            label = ade_label(number)
            name = f"ADE_{short}_{number + 1:08d}"
            _save(root / "annotations" / split / f"{name}.png", Image.fromarray(label))
            image = np.repeat(label[..., None], 3, axis=2)
            _save(root / "images" / split / f"{name}.jpg", Image.fromarray(image), quality=95)
    return root


def ade_label(number: int) -> NDArray[np.uint8]:
    """The label of the drawn scene of that number, `(H, W)`: labels 0 to 150 in a grid, shifted."""
    grid = (np.arange(24).reshape(4, 6) * 7 + 50 * number) % 151
    grid[0, 0] = 0
    return np.kron(grid, np.ones((10, 8), dtype=int)).astype(np.uint8)
