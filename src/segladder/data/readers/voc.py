"""PASCAL VOC 2012 segmentation, classes and objects, and its training labels augmented by SBD, as published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segladder.data.decoding.id_maps import IdMapReader
from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError, missing_root
from segladder.data.palette import distinct_colors
from segladder.data.readers.files import FileDataset, Pair, images_alone, no_labels
from segladder.data.readers.layouts import instead
from segladder.data.splits.files import require_ids, require_labels
from segladder.types import DatasetInfo

CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

FETCH = (
    "Fetch VOCtrainval_11-May-2012.tar from http://host.robots.ox.ac.uk/pascal/VOC/voc2012/, unpack it, and set"
    " data.root to its VOCdevkit/VOC2012."
)

FETCH_AUGMENTED = (
    "It is not in VOC's own archive: fetch the SBD labels (http://home.bharathh.info/pubs/codes/SBD/download.html), and"
    " make its folder SegmentationClassAug and its list train_aug.txt of 10,582 names: segladder data convert from=sbd"
    " input=benchmark_RELEASE/dataset to=voc_labels output=VOC2012."
)

_TEST_ARCHIVE = "VOC2012test.tar of VOC's evaluation server (http://host.robots.ox.ac.uk:8080/)"

_OBJECTS = "SegmentationObject"

_LISTED = ("ImageSets/Segmentation",)
_WHOLE = ("JPEGImages", *_LISTED)

_LISTS = ("ImageSets/Segmentation", "ImageSets/SegmentationAug")


class VocLabels(LabelReader):
    """SegmentationClass: palette PNGs whose indices are the classes; 255 is the border of objects."""

    in_color = (
        "It lost its palette when it was converted to RGB: take the original PNG from VOC's archive, whose palette"
        " indices are the classes."
    )

    def __init__(self) -> None:
        super().__init__(CLASSES, ignore=(255,))

    def advice(self, every: NDArray[Any], bad: NDArray[Any]) -> str:
        return "It is no label of VOC's segmentation task as published: take the original PNG from VOC's archive."


class VocObjects(IdMapReader):
    """SegmentationObject: palette PNGs whose indices number the objects; 255 is their border."""

    advice = "Take the original of both from VOC's archive."

    def __init__(self, info: DatasetInfo) -> None:
        super().__init__(info, void=(255,))


class Voc:
    """The reader behind `data=voc` (Everingham et al., IJCV 2015; SBD: Hariharan et al., ICCV 2011).

    A split is a list of names in `ImageSets/Segmentation`. Where the list's name ends in `aug`, its labels are
    those of `SegmentationClassAug`.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        train_split: str | None = "train",
        val_split: str | None = "val",
        test_split: str | None = "val",
        instances: bool = False,
        labels_alone: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder `VOC2012` with `JPEGImages/` and `ImageSets/`, the `VOCdevkit` that holds it, or the
                folder that holds that.
            train_split: list to train on, such as train, train_aug or trainval; null for none.
            val_split: list to validate on; null for none.
            test_split: list to test on; null for none. The labels of `test` are not public.
            instances: samples hold their objects, from `SegmentationObject`.
            labels_alone: images may be missing, all or some.
            seed: unused, the published splits are fixed.

        Raises:
            DataError: the root is not there, is no VOC, or has no objects where they are wanted.
        """
        self.labels_alone = labels_alone
        self.root = _find_root(Path(root).expanduser(), needed=_LISTED if labels_alone else _WHOLE)
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.labels = VocLabels()
        self.instances = instances
        if instances:
            self._require_objects()
        self._listed: dict[str, frozenset[str]] = {}
        self.info = DatasetInfo(
            name="voc",
            classes=CLASSES,
            palette=distinct_colors(len(CLASSES)),
            things=(False, *[True] * (len(CLASSES) - 1)),
        )

    def dataset(self, split: str, *, run_seed: int) -> FileDataset | None:
        """The samples of `train`, `val` or `test`, each with its label; None where none is wanted.

        Raises:
            DataError: the list, an image or a label is missing.
        """
        name = self.splits[split]
        if name is None:
            return None
        pairs = self._pairs(name)
        if all(pair.label is None for pair in pairs):
            if name == "test":
                raise no_labels(name, split, root=self.root, why="its labels are not public")
            folder = _label_folder(name)
            help_ = FETCH_AUGMENTED if folder == "SegmentationClassAug" else FETCH
            raise DataError(
                f"None of the {len(pairs)} images of split '{name}' has a label in '{self.root / folder}'. {help_}"
            )
        require_labels(pairs, labels=self.root / _label_folder(name), suffix=".png")
        if self.instances:
            require_ids(pairs, ids=self.root / _object_folder(name), suffix=".png")
        return self._dataset(pairs)

    def unlabelled(self, name: str) -> FileDataset:
        """The images alone of any list.

        Raises:
            DataError: the list or an image is missing.
        """
        return self._dataset(images_alone(self._pairs(name)))

    def _dataset(self, pairs: Sequence[Pair]) -> FileDataset:
        ids = VocObjects(self.info) if self.instances else None
        return FileDataset(
            pairs, root=self.root, info=self.info, labels=self.labels, ids=ids, labels_alone=self.labels_alone
        )

    def _pairs(self, name: str) -> list[Pair]:
        listing = self.list_file(name)
        entries = [line.split() for line in listing.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        if not entries:
            raise DataError(f"'{listing}' lists nothing. Take the original from VOC's archive.")
        pairs, missing = [], []
        for entry in entries:
            pairs.append(self.pair(name, entry))
            if not self.labels_alone and not self.has(pairs[-1].image):
                missing.append(pairs[-1].image_id)
        if missing:
            share = f" {len(missing)} of its {len(entries)} images are missing." if len(missing) > 1 else ""
            where = _TEST_ARCHIVE if name == "test" else "VOC's archive"
            raise DataError(
                f"'{listing}' lists '{missing[0]}', but '{self.root / 'JPEGImages' / missing[0]}.jpg' is not"
                f" there.{share} Unpack {where} completely, or take the line out of a list of your own."
            )
        double = len(pairs) - len({pair.image_id for pair in pairs})
        if double:
            raise DataError(f"'{listing}' lists {double} names twice. Take the original from VOC's archive.")
        return pairs

    def pair(self, name: str, entry: Sequence[str]) -> Pair:
        """The files that a line of a list names, its words apart; the image may be missing (`has`)."""
        # DeepLab's lists hold two paths a line: /JPEGImages/x.jpg /SegmentationClassAug/x.png
        image_id = Path(entry[0]).stem
        label = entry[1].lstrip("/") if len(entry) > 1 else f"{_label_folder(name)}/{image_id}.png"
        ids = self._if_there(f"{_object_folder(name)}/{image_id}.png") if self.instances else None
        return Pair(image_id, self.root / "JPEGImages" / f"{image_id}.jpg", self._if_there(label), ids)

    def has(self, image: Path) -> bool:
        """Whether an image file is there."""
        return image.name in self._names("JPEGImages")

    def _require_objects(self) -> None:
        if not (self.root / _OBJECTS).is_dir():
            raise DataError(f"'{self.root}' has no folder '{_OBJECTS}', which tells objects apart. {FETCH}")
        for split, name in self.splits.items():
            if name is not None and not (self.root / _object_folder(name)).is_dir():
                raise DataError(
                    f"data.{split}_split is '{name}', but '{self.root}' has no folder '{_object_folder(name)}', which"
                    " tells its objects apart. Name train, val or trainval for a model that finds objects, or make it"
                    " from SBD's own files: segladder data convert from=sbd input=benchmark_RELEASE/dataset"
                    " to=voc_labels output=VOC2012."
                )

    def list_file(self, name: str) -> Path:
        """The file that lists a split.

        Raises:
            DataError: there is none.
        """
        other = name.replace("_aug", "aug")
        for folder in _LISTS:
            for candidate in (name, other):
                if (self.root / folder / f"{candidate}.txt").is_file():
                    return self.root / folder / f"{candidate}.txt"
        there = sorted({path.stem for folder in _LISTS for path in (self.root / folder).glob("*.txt")})
        or_other = f" (or {other}.txt)" if other != name else ""
        help_ = "Name one of them, or unpack VOC's archive completely."
        if name.endswith("aug"):
            help_ = FETCH_AUGMENTED
        elif name == "test":
            help_ = f"It comes with {_TEST_ARCHIVE}."
        raise DataError(
            f"'{self.root}' has no split '{name}': 'ImageSets/Segmentation/{name}.txt'{or_other} is not there. Splits"
            f" there: {', '.join(there) or 'none'}. {help_}"
        )

    def _if_there(self, path: str) -> Path | None:
        folder, _, file = path.rpartition("/")
        return self.root / path if file in self._names(folder) else None

    def _names(self, folder: str) -> frozenset[str]:
        """File names in a folder, listed once: asking for each of 17,125 images by itself is slow on a network."""
        if folder not in self._listed:
            path = self.root / folder
            self._listed[folder] = frozenset(file.name for file in path.iterdir()) if path.is_dir() else frozenset()
        return self._listed[folder]


def _label_folder(name: str) -> str:
    return "SegmentationClassAug" if name.endswith("aug") else "SegmentationClass"


def _object_folder(name: str) -> str:
    return "SegmentationObjectAug" if name.endswith("aug") else _OBJECTS


def _find_root(root: Path, *, needed: Sequence[str]) -> Path:
    if not root.is_dir():
        raise missing_root(root, FETCH)
    candidates = (root, root / "VOC2012", root / "VOCdevkit" / "VOC2012")
    for candidate in candidates:
        if all((candidate / name).is_dir() for name in needed):
            return candidate
    lacking = [name for name in needed if not (root / name).is_dir()]
    raise DataError(
        f"data.root '{root}' is no VOC2012: '{lacking[0]}' is neither in it, nor in VOC2012 or VOCdevkit/VOC2012 below"
        f"{instead(root, 'voc', advice=FETCH)}"
    )
