"""Cityscapes as it is published: labelIds become the 19 classes of the benchmark, instanceIds the objects of 8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.decoding.id_maps import IdMapReader, read_ids
from segladder.data.decoding.images import header
from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError
from segladder.data.readers.cityscapes_table import (
    CATEGORIES,
    CLASSES,
    HIGHEST_ID,
    IS_VOID,
    LABEL_IDS,
    MEAN_AREAS,
    NUMBERED,
    PER_LABEL,
)
from segladder.data.readers.files import FileDataset, Pair, images_alone, no_labels, require_size
from segladder.data.splits.files import require_ids, require_labels
from segladder.masks import encode
from segladder.masks.segments import pixels_of_ids
from segladder.types import IGNORE_INDEX, DatasetInfo, Objects, Segments

_LABEL_FILE, _ID_FILE = "_gtFine_labelIds.png", "_gtFine_instanceIds.png"

_IMAGES, _LABELS = "leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip"
_SITE = "https://www.cityscapes-dataset.com/downloads/"
_LAYOUT = "so that leftImg8bit/ and gtFine/ lie in data.root"


class CityscapesLabels(LabelReader):
    """`*_gtFine_labelIds.png`: ids 0 to 33, of which 19 are classes and the rest is ignored."""

    in_color = (
        "That is what *_gtFine_color.png is for, a picture to look at: data=cityscapes reads *_gtFine_labelIds.png as"
        f" {_LABELS} holds it."
    )

    def __init__(self) -> None:
        # -1 (licence plate) is never drawn by the official tools, so a file holds 0 to 33 alone
        ignored = [label_id for label_id in range(HIGHEST_ID + 1) if label_id not in LABEL_IDS]
        values = {label_id: index for index, label_id in enumerate(LABEL_IDS)}
        super().__init__([name for name, *_ in CLASSES], ignore=ignored, values=values, ignore_index=IGNORE_INDEX)

    def expectation(self) -> str:
        return f"values that are no Cityscapes label id (0 to {HIGHEST_ID})"

    def advice(self, every: NDArray[Any], bad: NDArray[Any]) -> str:
        if bad.tolist() == [255]:
            return (
                "255 is a train id: this looks like a *_labelTrainIds.png under the name of a *_labelIds.png. Take the"
                f" original from {_LABELS}; the classes are made from labelIds here."
            )
        return f"Take the original from {_LABELS}."


class CityscapesObjects(IdMapReader):
    """`*_gtFine_instanceIds.png`: `1000 * id + n` is the n-th object of a label id, and what is below is no object.

    An id of a class of objects alone (26, not 26003) is a group that nobody told apart: a crowd, as cityscapesScripts
    treats it. Label ids that the benchmark ignores give no objects.
    """

    needs_classes = False

    def meaning(
        self, present: NDArray[np.int64], ids: NDArray[Any], classes: NDArray[Any] | None, path: Path
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        single = present >= PER_LABEL
        label_ids = np.where(single, present // PER_LABEL, present)
        index_of = np.full(PER_LABEL, -1)
        index_of[list(LABEL_IDS)] = range(len(LABEL_IDS))
        labels = index_of[label_ids]
        things = np.append(self.info.things, False)[labels]
        wrong = present[(label_ids > HIGHEST_ID) | (single & (labels >= 0) & ~things)]
        if len(wrong):
            raise DataError(
                f"Id {wrong[0]} of '{path}' is none of Cityscapes: an object's is 1000 * label id + n, of a class with"
                f" objects (24 to 33), and any other is a label id (0 to 33). Take the original from {_LABELS}."
            )
        return np.where(things, labels, -1), ~single

    def read(self, ids: NDArray[Any], classes: NDArray[Any] | None, *, path: Path) -> Objects:
        """See `IdMapReader.read`; what is found on ids that the benchmark ignores is forgiven."""
        objects = super().read(ids, classes, path=path)
        objects.void = encode(IS_VOID[ids][None])[0]
        return objects


class CityscapesDataset(FileDataset):
    """Cityscapes' files; their instanceIds also say how large an object is, and which segments an image has."""

    def object_ids(self, index: int) -> Tensor | None:
        """See `Sample.object_ids`; None where the split has no `*_gtFine_instanceIds.png` beside a label.

        Raises:
            DataError: see `read_ids`; or the file has another size than the label.
        """
        ids = self._instance_ids(index)
        return None if ids is None else torch.from_numpy(NUMBERED[ids])

    def segments(self, index: int) -> Segments:
        """The panoptic truth, as cityscapesScripts make it of the same files: groups are crowds, ignored ids void.

        Raises:
            DataError: there is no `*_gtFine_instanceIds.png`, or see `object_ids`.
        """
        found = self._instance_ids(index)
        if found is None:
            raise DataError(
                f"'{self.pairs[index].label}' has no *{_ID_FILE} beside it, which tells segments apart. Unpack"
                f" {_LABELS} completely."
            )
        ids = found.astype(np.int32)
        present, pixels = pixels_of_ids(ids)
        label_ids = np.where(present >= PER_LABEL, present // PER_LABEL, present)
        known = np.isin(label_ids, LABEL_IDS)
        for value in present[~known]:
            ids[ids == value] = 0
        labels = np.array([LABEL_IDS.index(int(value)) for value in label_ids[known]], dtype=np.int64)
        crowds = np.array(self.info.things)[labels] & (present[known] < PER_LABEL)
        return Segments(
            id_map=ids, ids=present[known].astype(np.int64), labels=labels, iscrowd=crowds, areas=pixels[known]
        )

    def _instance_ids(self, index: int) -> NDArray[Any] | None:
        label = self.pairs[index].label
        assert label is not None, "a split without labels is never scored"
        path = label.with_name(label.name.removesuffix(_LABEL_FILE) + _ID_FILE)
        if not path.is_file():
            return None
        ids = read_ids(path)
        require_size(header(label)[2], ids.shape, of=f"Label '{label}'", what="id map", path=path)
        return ids


class Cityscapes:
    """The reader behind `data=cityscapes` (Cordts et al., CVPR 2016)."""

    def __init__(
        self,
        *,
        root: str | Path,
        train_split: str | None = "train",
        val_split: str | None = "val",
        test_split: str | None = "val",
        instances: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds `leftImg8bit/` and `gtFine/`.
            train_split: folder of both to train on; null for none.
            val_split: folder to validate on; null for none.
            test_split: folder to test on; null for none. The labels of `test` are not public.
            instances: samples hold their objects, from `*_gtFine_instanceIds.png`.
            seed: unused, the published splits are fixed.

        Raises:
            DataError: the root is not there, is no Cityscapes, or has no objects where they are wanted.
        """
        self.root = Path(root).expanduser()
        if not self.root.is_dir():
            raise DataError(
                f"data.root '{self.root}' (that is '{self.root.resolve()}') is not there. Fetch {_IMAGES} and {_LABELS}"
                f" from {_SITE} (after registration) and unpack both into one folder, {_LAYOUT}."
            )
        if not (self.root / "leftImg8bit").is_dir():
            raise DataError(
                f"data.root '{self.root}' has no folder 'leftImg8bit'. Unpack {_IMAGES} from {_SITE} there, {_LAYOUT}."
            )
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.labels = CityscapesLabels()
        self.instances = instances
        if instances and next(self.root.glob(f"gtFine/*/*/*{_ID_FILE}"), None) is None:
            raise DataError(
                f"data.root '{self.root}' tells no objects apart: 'gtFine/SPLIT/CITY/*{_ID_FILE}' was looked for."
                f" Unpack {_LABELS} from {_SITE} there completely, {_LAYOUT}."
            )
        self._found: dict[str, list[Pair]] = {}
        self.info = DatasetInfo(
            name="cityscapes",
            classes=self.labels.classes,
            palette=tuple(color for _, _, color, _ in CLASSES),
            things=tuple(thing for *_, thing in CLASSES),
            label_ids=LABEL_IDS,
            categories=tuple(
                category for name, *_ in CLASSES for category, members in CATEGORIES.items() if name in members
            ),
            mean_areas=tuple(MEAN_AREAS.get(name, 0.0) for name, *_ in CLASSES),
        )

    def dataset(self, split: str, *, run_seed: int) -> CityscapesDataset | None:
        """The samples of `train`, `val` or `test`, each with its label; None where none is wanted.

        Raises:
            DataError: the split is not there, or labels are missing, or those of the test split that tell nothing.
        """
        name = self.splits[split]
        if name is None:
            return None
        pairs = self.pairs(name)
        labelled = [pair.label for pair in pairs if pair.label is not None]
        if name == "test" and (not labelled or self._dummy(labelled[0])):
            raise no_labels(name, split, root=self.root, why="its labels are not public (the published ones are empty)")
        if not labelled:
            raise self._without_labels(name, pairs)
        require_labels(pairs, labels=self.root / "gtFine" / name, suffix=_LABEL_FILE)
        self._refuse_orphans(name, pairs)
        if self.instances:
            require_ids(pairs, ids=self.root / "gtFine" / name, suffix=_ID_FILE)
        return self._dataset(pairs)

    def unlabelled(self, name: str) -> CityscapesDataset:
        """The images alone of any folder of `leftImg8bit`.

        Raises:
            DataError: there is no such split.
        """
        return self._dataset(images_alone(self.pairs(name)))

    def _dataset(self, pairs: Sequence[Pair]) -> CityscapesDataset:
        ids = CityscapesObjects(self.info) if self.instances else None
        return CityscapesDataset(pairs, root=self.root, info=self.info, labels=self.labels, ids=ids)

    def pairs(self, name: str) -> list[Pair]:
        """The images of a split, each with the files that belong to it, None where they are missing.

        Raises:
            DataError: there is no image.
        """
        if name not in self._found:
            folder = self.root / "leftImg8bit" / name
            images = sorted(folder.glob("*/*_leftImg8bit.png"))
            if not images:
                raise self._missing_split(name, folder)
            labels = self._files(name, _LABEL_FILE)
            ids = self._files(name, _ID_FILE) if self.instances else {}
            self._found[name] = []
            for image in images:
                image_id = f"{image.parent.name}/{image.name.removesuffix('_leftImg8bit.png')}"
                self._found[name].append(Pair(image_id, image, labels.get(image_id), ids.get(image_id)))
        return self._found[name]

    def _files(self, name: str, suffix: str) -> dict[str, Path]:
        """Image id -> file, of all of a split in gtFine that end so."""
        files = (self.root / "gtFine" / name).glob(f"*/*{suffix}")
        return {f"{path.parent.name}/{path.name.removesuffix(suffix)}": path for path in files}

    def _dummy(self, label: Path) -> bool:
        """Whether a label says nothing: those of the test split are published so."""
        return bool((self.labels.read(label) == IGNORE_INDEX).all())

    def _refuse_orphans(self, name: str, pairs: Sequence[Pair]) -> None:
        orphans = self.orphans(name, pairs)
        if orphans:
            city, stem = orphans[0].parent.name, orphans[0].name.removesuffix(_LABEL_FILE)
            image = self.root / "leftImg8bit" / name / city / f"{stem}_leftImg8bit.png"
            raise DataError(
                f"Label '{orphans[0]}' has no image ('{image}' is missing); {len(orphans)} of"
                f" {len(self._files(name, _LABEL_FILE))} labels are so. Unpack {_IMAGES} completely, or take the labels"
                " away."
            )

    def orphans(self, name: str, pairs: Sequence[Pair]) -> list[Path]:
        """Labels of a split that belong to none of its images."""
        labels = self._files(name, _LABEL_FILE)
        return [labels[image_id] for image_id in sorted(labels.keys() - {pair.image_id for pair in pairs})]

    def _missing_split(self, name: str, folder: Path) -> DataError:
        there = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
        what = "holds no CITY/*_leftImg8bit.png" if folder.is_dir() else "is not there"
        return DataError(
            f"data.root '{self.root}' has no images of split '{name}': '{folder}' {what}. Splits there:"
            f" {', '.join(there) or 'none'}. Unpack {_IMAGES} from {_SITE} completely, or name another split."
        )

    def _without_labels(self, name: str, pairs: Sequence[Pair]) -> DataError:
        folder = self.root / "gtFine" / name
        for kind in ("labelTrainIds", "color"):
            found = sorted(folder.glob(f"*/*_gtFine_{kind}.png"))
            if found:
                return DataError(
                    f"'{folder}' has {len(found)} *_gtFine_{kind}.png but no *_gtFine_labelIds.png, which are what is"
                    f" read here. Unpack {_LABELS} from {_SITE} completely."
                )
        return DataError(
            f"None of the {len(pairs)} images of split '{name}' has a label: '{folder}/CITY/*_gtFine_labelIds.png' was"
            f" looked for. Unpack {_LABELS} from {_SITE} there, {_LAYOUT}."
        )
