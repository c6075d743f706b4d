"""Cityscapes' two submissions: labelIds PNGs, and instances as a text file and a mask each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segladder.inference.label_files import save_whole
from segladder.types import DatasetInfo, Instances, UserError

MASKS = "masks"
"""The folder of the masks, beside the text files."""

_UNLABELED = 0


class CityscapesLabels:
    """`CITY_000000_000019_labelIds.png`, all in one folder: ids 7 to 33, and 0 where no class is predicted."""

    warnings = ()

    def __init__(self, folder: Path, info: DatasetInfo) -> None:
        """
        Args:
            folder: where the files go.
            info: must have Cityscapes' classes.

        Raises:
            UserError: it has others.
        """
        self.folder = folder
        self.count = 0
        table = np.full(max(256, info.num_classes, info.ignore_index + 1), _UNLABELED, dtype=np.uint8)
        table[: info.num_classes] = _label_ids(info)
        self._table = table

    def add(self, image_id: str, classes: NDArray[np.integer[Any]], objects: Instances | None) -> None:
        """See `Submission`."""
        picture = Image.fromarray(self._table[classes])
        save_whole(picture, self.folder / f"{PurePosixPath(image_id).name}_labelIds.png")
        self.count += 1

    def finish(self) -> str:
        """See `Submission`."""
        return f"{self.count:,} labelIds files for Cityscapes' pixel-level task in {self.folder}: zip and hand in."


class CityscapesInstances:
    """`CITY_000000_000019.txt` with a line for each object: its mask's file, its label id, its score."""

    warnings = ()

    def __init__(self, folder: Path, info: DatasetInfo) -> None:
        """
        Args:
            folder: where the text files go; the masks lie in `masks/` below it.
            info: must have Cityscapes' classes.

        Raises:
            UserError: it has others.
        """
        self.folder = folder
        self.count = self.objects = 0
        self._ids = _label_ids(info)

    def add(self, image_id: str, classes: NDArray[np.integer[Any]], objects: Instances | None) -> None:
        """See `Submission`."""
        from segladder.masks import decode

        assert objects is not None and objects.masks is not None
        stem = PurePosixPath(image_id).name
        (self.folder / MASKS).mkdir(exist_ok=True)
        lines = []
        for number, mask in enumerate(objects.masks):
            name = f"{MASKS}/{stem}_{number}.png"
            save_whole(Image.fromarray(decode(mask).astype(np.uint8) * 255), self.folder / name)
            lines.append(f"{name} {self._ids[int(objects.labels[number])]} {float(objects.scores[number])!r}\n")
        (self.folder / f"{stem}.txt").write_text("".join(lines), encoding="utf-8")
        self.count += 1
        self.objects += len(lines)

    def finish(self) -> str:
        """See `Submission`."""
        return (
            f"{self.objects:,} objects in {self.count:,} text files for Cityscapes' instance-level task in"
            f" {self.folder}: zip and hand in."
        )


def is_instance_folder(folder: Path) -> bool:
    """Whether a folder holds Cityscapes' text files of instances; all may be empty, where nothing was found."""
    if not folder.is_dir():
        return False
    paths = sorted(folder.rglob("*_*_*.txt"))
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    words = next((text.split("\n")[0].split() for text in texts if text.strip()), None)
    if words is None:
        named = any(re.match(r"[^_]+_\d+_\d+", path.name) for path in paths)
        return named and all(MASKS in png.relative_to(folder).parts for png in folder.rglob("*.png"))
    return len(words) == 3 and words[0].lower().endswith(".png")


def read_instances(folder: Path, *, info: DatasetInfo, sizes: Mapping[str, tuple[int, int]]) -> dict[str, Instances]:
    """The instances of a folder of text files and masks, by image.

    As in cityscapesScripts, every pixel of a mask that is not 0 belongs to it, ids of classes without objects count for
    nothing, and a text file is that of the image whose name it begins with. Empty masks are kept: `cityscapes_ap`
    leaves them out, and COCO's AP counts them as false alarms.

    Args:
        folder: searched to its depths.
        info: Cityscapes' classes.
        sizes: height and width of every image, by id.

    Raises:
        UserError: an image has no text file or two, or a line makes no sense, with file and number.
    """
    label_of = dict(zip(_label_ids(info), range(info.num_classes), strict=True))
    files = sorted(folder.rglob("*.txt"))
    found = {}
    missing = []
    for image_id, size in sizes.items():
        stem = PurePosixPath(image_id).name
        mine = [path for path in files if path.name == f"{stem}.txt" or path.name.startswith(f"{stem}_")]
        if len(mine) > 1:
            raise UserError(
                f"'{mine[0]}' and '{mine[1]}' could both be the prediction of image '{image_id}'. Take one away."
            )
        if mine:
            found[image_id] = _image(mine[0], folder, label_of, info, size)
        else:
            missing.append(image_id)
    if missing:
        raise UserError(
            f"predictions={folder} has no text file for {len(missing)} of the {len(sizes)} images, such as"
            f" '{PurePosixPath(missing[0]).name}.txt'. Write one for every image, empty where nothing was found."
        )
    return found


def _image(
    path: Path, folder: Path, label_of: Mapping[int, int], info: DatasetInfo, size: tuple[int, int]
) -> Instances:
    from segladder import masks

    kept, labels, scores = [], [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, label_id, score = line.split()
            label, confidence = int(float(label_id)), float(score)
        except ValueError:
            raise UserError(
                f"'{path}', line {number}: '{line}' is not 'MASK.png LABEL_ID SCORE'. Write these three, with spaces"
                " between."
            ) from None
        if not np.isfinite(confidence):
            raise UserError(f"'{path}', line {number}: the score is {score}. Write a number.")
        mask = _mask(path, number, name, folder, size)
        index = label_of.get(label)
        if index is None or not info.things[index]:
            continue
        kept.append(mask)
        labels.append(index)
        scores.append(confidence)
    rles = masks.encode(np.stack(kept)) if kept else []
    return Instances(
        masks=rles,
        boxes=masks.boxes(rles),
        labels=np.array(labels, dtype=np.int64),
        scores=np.array(scores, dtype=np.float64),
        size=size,
    )


def _mask(text: Path, line: int, name: str, folder: Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    path = text.parent / name
    if PurePosixPath(name).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"'{text}', line {line}: '{name}' lies outside of '{folder}'. Name masks below it.")
    try:
        with Image.open(path) as picture:
            mask: NDArray[np.bool_] = np.asarray(picture.convert("L")) != 0
    except FileNotFoundError:
        raise UserError(f"'{text}', line {line}: the mask '{path}' is not there. Write it, or leave it out.") from None
    except Exception as error:  # Pillow raises whatever it likes on broken files
        raise UserError(
            f"'{text}', line {line}: the mask '{path}' cannot be decoded ({error}). Write it anew."
        ) from None
    if mask.shape != size:
        raise UserError(
            f"'{text}', line {line}: the mask '{path}' is {mask.shape[0]}x{mask.shape[1]}, but the image is"
            f" {size[0]}x{size[1]} (height x width). Predict at the image's size."
        )
    return mask


def _label_ids(info: DatasetInfo) -> tuple[int, ...]:
    from segladder.data.readers.cityscapes_table import CLASSES, LABEL_IDS

    if info.classes != tuple(name for name, *_ in CLASSES):
        raise UserError(
            f"Cityscapes' submissions are of its 19 classes, and '{info.name}' has others"
            f" ({', '.join(info.classes[:3])}, …). Train on data=cityscapes, or leave format= out."
        )
    return LABEL_IDS
