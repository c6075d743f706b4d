"""A folder of images and label PNGs: `root/{images,labels,instances}/{train,val,test}`, or one heap and split files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segladder.data.channel_scale import MEAN, STD, measured
from segladder.data.decoding.id_maps import IdMapReader
from segladder.data.decoding.images import first_readable, header
from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError, missing_root
from segladder.data.readers.dataset_file import DatasetFile, read_dataset_file
from segladder.data.readers.files import FileDataset, Pair, images_alone, no_labels
from segladder.data.readers.layouts import instead
from segladder.data.splits.files import Tree, find_pairs, require_ids, require_labels
from segladder.types import DatasetInfo


class Folder:
    """The reader behind `data=folder`: a root in, one dataset per split out.

    Objects are told apart by id maps. Where there are no labels beside them, or they are the labels (`instances_folder`
    is `labels`), a pixel of any object is of the set's one class of objects, and 0 is its other class.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        train_split: str | None = "train",
        val_split: str | None = "val",
        test_split: str | None = "test",
        classes: Sequence[str] | Mapping[Any, Any] | None = None,
        label_map: Mapping[Any, Any] | None = None,
        instances_folder: str = "instances",
        channels: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        name: str | None = None,
        hint: str | None = None,
        instances: bool = False,
        labels_alone: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds `images/`, `labels/` and `dataset.json` (see `read_dataset_file`).
            train_split: name of the split to train on; null for none.
            val_split: name of the split to validate on; null for none.
            test_split: name of the split to test on; null for none. May be missing, not without labels.
            classes: class names, instead of the file's.
            label_map: label value -> class, e.g. `{0: 0, 255: 1}`; see `LabelReader`.
            instances_folder: the folder below the root that holds id maps.
            channels: 1 to 4; else the file's, else the first image's.
            mean: per channel, of images scaled to [0, 1]; else the file's, else ImageNet's.
            std: as `mean`.
            name: what the data set is called in records; else the file's, else the folder's name.
            hint: where to get the data, for the message when it is missing.
            instances: samples hold their objects, too.
            labels_alone: images may be missing, all or some.
            seed: unused, a folder has nothing random.

        Raises:
            DataError: the root or its description is missing or makes no sense; or objects are wanted of a set that
                has none.
        """
        self.root = Path(root).expanduser()
        self._hint = hint
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.labels_alone = labels_alone
        self._require_folder(None if labels_alone else "images")
        self.images = Tree(self.root / "images")
        self.id_maps = Tree(self.root / _folder_name(instances_folder))
        self.label_files = Tree(self.root / "labels")
        given = read_dataset_file(self.root, classes=classes)
        self.instances = instances
        self._named = name or given.name or self.root.resolve().name
        if instances:
            self._require_objects(given)
        self.from_ids = self._labels_are_ids(given)
        if self.from_ids:
            self.label_files = self.id_maps
        self._found: dict[str, list[Pair] | None] = {}
        first = self._first_image()
        found, self.deep = (3, False) if first is None else header(first)[:2]
        wanted = channels if channels is not None else given.channels
        if wanted is not None and not 1 <= wanted <= 4:
            raise DataError(f"data.channels is {wanted}. Images have 1 to 4 channels.")
        self.narrow = wanted is not None
        count = wanted or found
        means = tuple(mean) if mean is not None else given.mean
        stds = tuple(std) if std is not None else given.std
        ignore_index = 255 if len(given.classes) <= 255 else 65535
        values: Mapping[int, int] | None = given.values
        meaning = label_map if label_map is not None else given.label_map
        if self.from_ids:
            if meaning is not None:
                raise DataError(
                    f"data.label_map (or label_map of dataset.json) has no effect on '{self.root}': its labels are the"
                    f" id maps in '{self.id_maps.folder}', whose numbers are objects. Leave it out."
                )
            values, meaning = {0: given.things.index(False)}, {"others": given.things.index(True)}
        self.labels = LabelReader(
            given.classes,
            ignore=given.ignore,
            values=values,
            label_map=meaning,
            ignore_index=ignore_index,
        )
        if self.deep and (means is None or stds is None):
            means, stds = self._measure(count)
        self.info = DatasetInfo(
            name=self._named,
            classes=given.classes,
            palette=given.palette,
            things=given.things,
            ignore_index=ignore_index,
            channels=count,
            mean=means or MEAN[count],
            std=stds or STD[count],
            label_ids=self.labels.label_ids,
        )

    def dataset(self, split: str, *, run_seed: int) -> FileDataset | None:
        """The samples of `train`, `val` or `test`, each with its label; None where there is none or none is wanted.

        Raises:
            DataError: train or val is wanted and missing, a split has no labels, or a file is missing.
        """
        name = self.splits[split]
        if name is None:
            return None
        if not self.from_ids:
            self._require_folder("labels")
        pairs = self._pairs(name)
        if pairs is None:
            if split == "test" and name == "test":
                return None
            raise self._missing_split(split, name)
        if all(pair.label is None for pair in pairs):
            why = f"none of its {len(pairs)} images has a label below '{self.label_files.folder}'"
            raise no_labels(name, split, root=self.root, why=why)
        require_labels(pairs, labels=self.label_files.folder)
        if self.instances:
            require_ids(pairs, ids=self.id_maps.folder)
        return self._dataset(pairs)

    def unlabelled(self, name: str) -> FileDataset:
        """The images alone of any split, by its name in the folder.

        Raises:
            DataError: there is no such split.
        """
        pairs = self._pairs(name)
        if pairs is None:
            raise DataError(
                f"data.root '{self.root}' has no split '{name}': neither 'splits/{name}.txt' nor 'images/{name}' is"
                f" there.{self._listed()} Name one of them."
            )
        return self._dataset(images_alone(pairs))

    def _dataset(self, pairs: Sequence[Pair]) -> FileDataset:
        return FileDataset(
            pairs,
            root=self.root,
            info=self.info,
            labels=self.labels,
            ids=IdMapReader(self.info) if self.instances else None,
            deep=self.deep,
            narrow=self.narrow,
            labels_alone=self.labels_alone,
        )

    def _require_folder(self, name: str | None) -> None:
        help_ = self._hint or "Point data.root at the folder that holds images/ and labels/."
        if not self.root.is_dir():
            raise missing_root(self.root, help_)
        if name is not None and not (self.root / name).is_dir():
            raise DataError(
                f"data.root '{self.root}' has no folder '{name}'{instead(self.root, 'folder', advice=help_)}"
            )

    def _require_objects(self, given: DatasetFile) -> None:
        if not self.id_maps.folder.is_dir():
            raise DataError(
                f"Data set '{self._named}' tells no objects apart: '{self.id_maps.folder}' is not there. Put id maps"
                " there (0 where there is no object, a number of its own for each), name their folder with"
                " data.instances_folder=…, or choose a model that finds no objects, such as model=unet."
            )
        if not any(given.things):
            raise DataError(
                f"Data set '{self._named}' names no class of objects. Write their names into dataset.json, as in"
                f' "things": ["{given.classes[-1]}"], or call what is no object background, the first class.'
            )

    def _labels_are_ids(self, given: DatasetFile) -> bool:
        """Whether the id maps are all the labels there are.

        Raises:
            DataError: they would have to be, but cannot say what class an object or the rest is.
        """
        apart = self.id_maps.folder != self.label_files.folder
        if not self.id_maps.folder.is_dir() or (apart and self.label_files.folder.is_dir()):
            return False
        if sorted(given.things) == [False, True]:
            return True
        if apart and not self.instances:
            return False
        things = [name for name, thing in zip(given.classes, given.things, strict=True) if thing]
        raise DataError(
            f"The id maps of '{self.id_maps.folder}' say no classes: that is enough for two classes of which one is"
            f" objects, and this set has {len(given.classes)} ({', '.join(given.classes)}; objects:"
            f" {', '.join(things) or 'none'}). Put labels into '{self.root / 'labels'}', and id maps into a folder of"
            " their own."
        )

    def _pairs(self, name: str) -> list[Pair] | None:
        if name not in self._found:
            self._found[name] = find_pairs(
                self.root,
                name,
                images=self.images,
                labels=self.label_files,
                ids=self.id_maps if self.instances else None,
                labels_alone=self.labels_alone,
            )
        return self._found[name]

    def _first_image(self) -> Path | None:
        """What says how many channels images have; None where they may be missing and are."""
        if self.labels_alone and not self.images.files:
            return None
        for name in filter(None, self.splits.values()):
            pairs = self._pairs(name)
            if there := [pair.image for pair in pairs or () if not self.labels_alone or pair.image.is_file()]:
                return first_readable(there)
        if self.labels_alone:
            return None
        if self.images.files:
            raise self._missing_split("train", str(self.splits["train"]))
        raise DataError(f"'{self.images.folder}' holds no picture. Put images there, in folders train, val and test.")

    def _missing_split(self, split: str, name: str) -> DataError:
        words = {"train": "training", "val": "validation", "test": "test"}
        without = "" if split == "train" else f", or go without by data.{split}_split=null"
        return DataError(
            f"data.root '{self.root}' has no {words[split]} split '{name}': neither 'splits/{name}.txt' nor"
            f" '{self._trees()[-1].folder.name}/{name}' is there.{self._listed()} Make one, name another with"
            f" data.{split}_split={without}."
        )

    def _listed(self) -> str:
        there = sorted(
            {path.stem for path in (self.root / "splits").glob("*.txt")}
            | {
                path.name
                for tree in self._trees()
                if tree.folder.is_dir()
                for path in tree.folder.iterdir()
                if path.is_dir()
            }
        )
        return f" Splits there: {', '.join(there)}." if there else ""

    def _trees(self) -> list[Tree]:
        """What a split may be found by."""
        return [self.images, self.label_files] if self.labels_alone else [self.images]

    def _measure(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        name = next(name for name in self.splits.values() if name)
        images = [pair.image for pair in self._pairs(name) or []]
        return measured(images, channels=channels, where="dataset.json")


def _folder_name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise DataError(f"data.instances_folder is {value!r}. Give the name of the folder of id maps, as in instances.")
    return value
