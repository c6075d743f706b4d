"""Cityscapes as it is published: labelIds become the 19 classes of the benchmark, instanceIds the objects of 8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segladder.data.errors import DataError, missing_root
from segladder.data.readers.cityscapes_files import (
    ID_FILE,
    LABEL_FILE,
    LABELS,
    CityscapesDataset,
    CityscapesLabels,
    CityscapesObjects,
)
from segladder.data.readers.cityscapes_table import (
    CATEGORIES,
    CLASSES,
    LABEL_IDS,
    MEAN_AREAS,
)
from segladder.data.readers.files import Pair, images_alone, no_labels
from segladder.data.readers.layouts import instead
from segladder.data.splits.files import require_ids, require_labels
from segladder.types import IGNORE_INDEX, DatasetInfo

_IMAGE_FILE = "_leftImg8bit.png"

_IMAGES = "leftImg8bit_trainvaltest.zip"
_SITE = "https://www.cityscapes-dataset.com/downloads/"
_LAYOUT = "so that leftImg8bit/ and gtFine/ lie in data.root"


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
        labels_alone: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds `leftImg8bit/` and `gtFine/`.
            train_split: folder of both to train on; null for none.
            val_split: folder to validate on; null for none.
            test_split: folder to test on; null for none. The labels of `test` are not public.
            instances: samples hold their objects, from `*_gtFine_instanceIds.png`.
            labels_alone: images may be missing, all or some.
            seed: unused, the published splits are fixed.

        Raises:
            DataError: the root is not there, is no Cityscapes, or has no objects where they are wanted.
        """
        self.root = Path(root).expanduser()
        if not self.root.is_dir():
            raise missing_root(
                self.root,
                f"Fetch {_IMAGES} and {LABELS} from {_SITE} (after registration) and unpack both into one folder,"
                f" {_LAYOUT}.",
            )
        self.labels_alone = labels_alone
        folder, archive = ("gtFine", LABELS) if labels_alone else ("leftImg8bit", _IMAGES)
        if not (self.root / folder).is_dir():
            fetch = f"Unpack {archive} from {_SITE} there, {_LAYOUT}."
            told = instead(self.root, "cityscapes", advice=fetch)
            raise DataError(f"data.root '{self.root}' has no folder '{folder}'{told}")
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.labels = CityscapesLabels()
        self.instances = instances
        if instances and next(self.root.glob(f"gtFine/*/*/*{ID_FILE}"), None) is None:
            raise DataError(
                f"data.root '{self.root}' tells no objects apart: 'gtFine/SPLIT/CITY/*{ID_FILE}' was looked for."
                f" Unpack {LABELS} from {_SITE} there completely, {_LAYOUT}."
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
        require_labels(pairs, labels=self.root / "gtFine" / name, suffix=LABEL_FILE)
        if not self.labels_alone:
            self._refuse_orphans(name, pairs)
        if self.instances:
            require_ids(pairs, ids=self.root / "gtFine" / name, suffix=ID_FILE)
        return self._dataset(pairs)

    def unlabelled(self, name: str) -> CityscapesDataset:
        """The images alone of any folder of `leftImg8bit`.

        Raises:
            DataError: there is no such split.
        """
        return self._dataset(images_alone(self.pairs(name)))

    def _dataset(self, pairs: Sequence[Pair]) -> CityscapesDataset:
        ids = CityscapesObjects(self.info) if self.instances else None
        return CityscapesDataset(
            pairs, root=self.root, info=self.info, labels=self.labels, ids=ids, labels_alone=self.labels_alone
        )

    def pairs(self, name: str) -> list[Pair]:
        """The images of a split, each with the files that belong to it, None where they are missing.

        Raises:
            DataError: there is none.
        """
        if name not in self._found:
            images, labels = self._files(name, _IMAGE_FILE, below="leftImg8bit"), self._files(name, LABEL_FILE)
            ids = self._files(name, ID_FILE) if self.instances else {}
            found = images.keys() | labels.keys() if self.labels_alone else images.keys()
            if not found:
                raise self._missing_split(name)
            pairs = [
                Pair(image_id, self._image(name, image_id), labels.get(image_id), ids.get(image_id))
                for image_id in found
            ]
            self._found[name] = sorted(pairs, key=lambda pair: pair.image)
        return self._found[name]

    def _image(self, name: str, image_id: str) -> Path:
        return self.root / "leftImg8bit" / name / f"{image_id}{_IMAGE_FILE}"

    def _files(self, name: str, suffix: str, *, below: str = "gtFine") -> dict[str, Path]:
        """Image id -> file, of all of a split that end so."""
        files = (self.root / below / name).glob(f"*/*{suffix}")
        return {f"{path.parent.name}/{path.name.removesuffix(suffix)}": path for path in files}

    def _dummy(self, label: Path) -> bool:
        """Whether a label says nothing: those of the test split are published so."""
        return bool((self.labels.read(label) == IGNORE_INDEX).all())

    def _refuse_orphans(self, name: str, pairs: Sequence[Pair]) -> None:
        orphans = self.orphans(name, pairs)
        if orphans:
            image = self._image(name, f"{orphans[0].parent.name}/{orphans[0].name.removesuffix(LABEL_FILE)}")
            raise DataError(
                f"Label '{orphans[0]}' has no image ('{image}' is missing); {len(orphans)} of"
                f" {len(self._files(name, LABEL_FILE))} labels are so. Unpack {_IMAGES} completely, or take the labels"
                " away."
            )

    def orphans(self, name: str, pairs: Sequence[Pair]) -> list[Path]:
        """Labels of a split that belong to none of its images."""
        labels = self._files(name, LABEL_FILE)
        return [labels[image_id] for image_id in sorted(labels.keys() - {pair.image_id for pair in pairs})]

    def _missing_split(self, name: str) -> DataError:
        kind, below, suffix, archive = ("images", "leftImg8bit", _IMAGE_FILE, _IMAGES)
        if self.labels_alone:
            kind, below, suffix, archive = ("labels", "gtFine", LABEL_FILE, LABELS)
        folder = self.root / below / name
        there = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
        what = f"holds no CITY/*{suffix}" if folder.is_dir() else "is not there"
        return DataError(
            f"data.root '{self.root}' has no {kind} of split '{name}': '{folder}' {what}. Splits there:"
            f" {', '.join(there) or 'none'}. Unpack {archive} from {_SITE} completely, or name another split."
        )

    def _without_labels(self, name: str, pairs: Sequence[Pair]) -> DataError:
        folder = self.root / "gtFine" / name
        for kind in ("labelTrainIds", "color"):
            found = sorted(folder.glob(f"*/*_gtFine_{kind}.png"))
            if found:
                return DataError(
                    f"'{folder}' has {len(found)} *_gtFine_{kind}.png but no *_gtFine_labelIds.png, which are what is"
                    f" read here. Unpack {LABELS} from {_SITE} completely."
                )
        return DataError(
            f"None of the {len(pairs)} images of split '{name}' has a label: '{folder}/CITY/*_gtFine_labelIds.png' was"
            f" looked for. Unpack {LABELS} from {_SITE} there, {_LAYOUT}."
        )
