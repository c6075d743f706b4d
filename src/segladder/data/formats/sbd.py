"""SBD's own MATLAB files into the PNGs and the list that `data.train_split=train_aug` of VOC reads.

SBD (Semantic Boundaries Dataset, Hariharan et al., ICCV 2011) labels 11,355 images of VOC; those of VOC's `val` are
left out, and images of VOC's own `train` keep VOC's labels, as in DeepLab's list of 10,582 (Chen et al., 2018).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segladder.data.errors import DataError
from segladder.data.formats.whole_folder import whole_folder
from segladder.data.palette import distinct_colors
from segladder.data.progress import with_progress

FETCH = (
    "Fetch benchmark.tgz from http://home.bharathh.info/pubs/codes/SBD/download.html, unpack it, and name its"
    " benchmark_RELEASE/dataset."
)

CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"


@dataclass(frozen=True, kw_only=True)
class Augmented:
    """What was written."""

    names: int
    """Images that the list holds."""
    from_sbd: int
    """Images whose labels are SBD's; the others keep VOC's."""
    doubtful: int
    """Pixels of SBD's objects whose class its class map says otherwise: they are of no object."""


def augment_voc(sbd: Path, voc: Path, *, overwrite: bool = False) -> Augmented:
    """Writes `SegmentationClassAug/`, `SegmentationObjectAug/` and `ImageSets/Segmentation/train_aug.txt`.

    Args:
        sbd: SBD's folder `dataset`, with `cls/`, `inst/`, `train.txt` and `val.txt`, or one above it.
        voc: the folder `VOC2012`, with its own labels and lists; holds all of the new files afterwards, or is as it
            was.
        overwrite: whether files of these names may be replaced.

    Raises:
        DataError: either of them is not what it should be, or a file cannot be read, with its name.
    """
    root = _dataset(sbd)
    own, val = (_names(voc / "ImageSets" / "Segmentation" / f"{split}.txt", of="VOC") for split in ("train", "val"))
    theirs = {name for split in ("train", "val") for name in _names(root / f"{split}.txt", of="SBD")}
    names = sorted((theirs | set(own)) - set(val))
    kept, doubtful = frozenset(own), 0
    with whole_folder(voc, overwrite=overwrite) as folder:
        for kind in (CLASSES, OBJECTS):
            (folder / f"{kind}Aug").mkdir()
        for name in with_progress(names, len(names), "converting"):
            if name in kept:
                _keep(name, voc, folder)
            else:
                doubtful += _convert(name, root, voc, folder)
        (folder / "ImageSets" / "Segmentation").mkdir(parents=True)
        listed = "".join(f"{name}\n" for name in names)
        (folder / "ImageSets" / "Segmentation" / "train_aug.txt").write_text(listed, encoding="utf-8")
    return Augmented(names=len(names), from_sbd=len(names) - len(kept), doubtful=doubtful)


def _keep(name: str, voc: Path, folder: Path) -> None:
    for kind in (CLASSES, OBJECTS):
        file = voc / kind / f"{name}.png"
        if not file.is_file():
            raise DataError(f"'{file}' is not there, but VOC's train.txt lists it. Unpack VOC's archive completely.")
        shutil.copyfile(file, folder / f"{kind}Aug" / f"{name}.png")


def _convert(name: str, root: Path, voc: Path, folder: Path) -> int:
    """Writes the labels of an image, and returns how many of its objects' pixels are of no object."""
    image = voc / "JPEGImages" / f"{name}.jpg"
    if not image.is_file():
        raise DataError(f"SBD labels '{name}', but '{image}' is not there. Unpack VOC's archive completely.")
    classes = _values(_struct(root / "cls" / f"{name}.mat", "GTcls").get("Segmentation"), root / "cls" / f"{name}.mat")
    file = root / "inst" / f"{name}.mat"
    struct = _struct(file, "GTinst")
    objects, labels = _values(struct.get("Segmentation"), file), np.atleast_1d(np.asarray(struct.get("Categories", ())))
    with Image.open(image) as opened:
        width, height = opened.size
    if not classes.shape == objects.shape == (height, width):
        sizes = f"{classes.shape[0]}x{classes.shape[1]} and {objects.shape[0]}x{objects.shape[1]}"
        raise DataError(
            f"SBD's maps of '{name}' are {sizes}, but '{image}' is {height}x{width} (height x width). {FETCH}"
        )
    if int(objects.max(initial=0)) > len(labels) or len(labels) > 254 or int(classes.max(initial=0)) > 20:
        raise DataError(
            f"'{file}' numbers {int(objects.max())} objects of {len(labels)} categories, on classes up to"
            f" {int(classes.max())}; VOC has 20. {FETCH}"
        )
    wrong = (objects > 0) & (np.concatenate([[0], labels]).astype(np.int64)[objects] != classes)
    _write(folder / f"{CLASSES}Aug" / f"{name}.png", classes)
    _write(folder / f"{OBJECTS}Aug" / f"{name}.png", np.where(wrong, 0, objects).astype(np.uint8))
    return int(wrong.sum())


def _struct(file: Path, key: str) -> dict[str, Any]:
    """The fields of the structure that a MATLAB file holds."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not file.is_file():
        raise DataError(f"'{file}' is not there, although SBD's lists name it. {FETCH}")
    try:
        found = loadmat(file, simplify_cells=True)
    except (MatReadError, ValueError, TypeError, NotImplementedError, EOFError, OSError) as error:
        raise DataError(f"'{file}' cannot be read as a MATLAB file: {error}. {FETCH}") from error
    struct = found.get(key)
    if not isinstance(struct, dict):
        raise DataError(f"'{file}' holds no '{key}' as SBD's files do. {FETCH}")
    return struct


def _values(values: Any, file: Path) -> NDArray[np.uint8]:
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype != np.uint8:
        raise DataError(f"'{file}' holds no map of bytes under 'Segmentation' as SBD's files do. {FETCH}")
    return values


def _names(file: Path, *, of: str) -> list[str]:
    if not file.is_file():
        help_ = FETCH if of == "SBD" else "output= is to name VOC's folder VOC2012, with ImageSets/ and JPEGImages/."
        raise DataError(f"{of}'s list '{file}' is not there. {help_}")
    return file.read_text(encoding="utf-8-sig").split()


def _dataset(sbd: Path) -> Path:
    for folder in _candidates(sbd):
        if (folder / "cls").is_dir() and (folder / "inst").is_dir():
            return folder
    raise DataError(f"input={sbd} is no SBD: 'cls' and 'inst' are neither in it, nor in 'dataset' below. {FETCH}")


def _candidates(sbd: Path) -> Iterable[Path]:
    return sbd, sbd / "dataset", sbd / "benchmark_RELEASE" / "dataset"


def _write(file: Path, values: NDArray[np.uint8]) -> None:
    picture = Image.fromarray(values)
    picture.putpalette([channel for color in distinct_colors(256) for channel in color])
    picture.save(file)
