"""COCO's layout: a JSON file of annotations and a folder of images for each split, for COCO itself and for others."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.channel_scale import MEAN, STD, measured
from segladder.data.decoding.images import first_readable, header
from segladder.data.errors import DataError
from segladder.data.palette import distinct_colors
from segladder.data.readers.coco_dataset import CocoDataset
from segladder.data.readers.coco_file import CocoFile
from segladder.data.splits.paths import SPLIT, SplitPaths
from segladder.types import DatasetInfo

FETCH = (
    "COCO is at https://cocodataset.org/#download: unpack annotations_trainval2017.zip, train2017.zip and val2017.zip"
    " there, so that annotations/, train2017/ and val2017/ lie in data.root."
)


class Coco:
    """The reader behind `data=coco` and its presets (Lin et al., ECCV 2014).

    Classes are `background` and the file's categories by ascending id; every category is of objects. A class map is
    painted from the objects: crowds first, then from the largest to the smallest.
    """

    def __init__(
        self,
        *,
        root: str | Path | None = None,
        annotations: str | Path = "annotations/instances_{split}.json",
        images: str = SPLIT,
        train_split: str | None = "train2017",
        val_split: str | None = "val2017",
        test_split: str | None = "val2017",
        categories: Sequence[str | int] | None = None,
        skip_empty: bool = False,
        channels: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        name: str | None = None,
        hint: str | None = None,
        instances: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds annotations and images; null where objects alone are scored.
            annotations: the files of annotations, `{split}` standing for a split's name: below the root, or anywhere.
                Without `{split}` one file serves every split.
            images: the folder of a split's images below the root, likewise.
            train_split: name of the split to train on; null for none.
            val_split: name of the split to validate on; null for none.
            test_split: name of the split to test on; null for none.
            categories: names or ids of those to use; null for all.
            skip_empty: leave out training images that show no single object.
            channels: 1 to 4; else as the first image has, or 3 where there are no images.
            mean: per channel, of images scaled to [0, 1]; else ImageNet's.
            std: as `mean`.
            name: what the data set is called in records.
            hint: where to get the data, for the message when they are missing.
            instances: samples hold their objects, too.
            seed: unused, files have nothing random.

        Raises:
            DataError: a file is missing, or makes no sense; see `CocoFile`.
        """
        self.root = None if root is None else Path(root).expanduser()
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.instances = instances
        self.paths = SplitPaths(self.root, annotations=annotations, images=images, hint=hint or FETCH)
        self._files: dict[Path, CocoFile] = {}
        if not isinstance(skip_empty, bool):
            raise DataError(f"data.skip_empty is {skip_empty!r}. Give true or false.")
        self._skip_empty = skip_empty
        split = self.paths.smallest(self.splits.values())
        first = self._file(split)
        chosen = _chosen(first, categories)
        self._categories = [(number, first.categories[number]) for number in chosen]
        if any(title == "background" for _, title in self._categories):
            raise DataError(
                f"'{first.path}' has a category 'background', as pixels without an object are called. Leave it"
                " out with data.categories=[…], or rename it."
            )
        count, self.deep = self._looks(first, split, channels)
        self.narrow = channels is not None
        means, stds = mean, std
        if self.deep and (means is None or stds is None):
            paths = self._dataset_paths(first, split)
            means, stds = measured(paths, channels=count, where="data.mean and data.std")
        free = next(number for number in range(len(chosen) + 1) if number not in chosen)
        self.info = DatasetInfo(
            name=name or "coco",
            classes=("background", *(title for _, title in self._categories)),
            palette=distinct_colors(len(chosen) + 1),
            things=(False, *[True] * len(chosen)),
            ignore_index=255 if len(chosen) < 255 else 65535,
            channels=count,
            mean=MEAN[count] if means is None else tuple(means),
            std=STD[count] if stds is None else tuple(stds),
            # background is 0, unless a category is called so
            label_ids=(free, *chosen),
        )

    def dataset(self, split: str, *, run_seed: int) -> CocoDataset | None:
        """The samples of `train`, `val` or `test`; None where none is wanted.

        Raises:
            DataError: see `CocoFile`; or its categories are others than those of the other splits.
        """
        name = self.splits[split]
        if name is None:
            return None
        file = self._file(name)
        labels = self._labels(file)
        places = list(range(len(file)))
        if split == "train":
            self.paths.warn_of_same(self.splits)
            if self._skip_empty:
                places = [place for place in places if file.single(place, labels)]
        if not places:
            raise DataError(
                f"'{file.path}' lists no image{' with an object' if len(file) else ''}. Name another split."
            )
        return self._dataset(file, name, places, labels)

    def unlabelled(self, name: str) -> CocoDataset:
        """The images alone of any split; its file may be `image_info_<name>.json`, as COCO's own of `test2017`.

        Raises:
            DataError: there is no such file, or it is broken.
        """
        path = self.paths.annotations(name)
        bare = path.with_name(f"image_info_{name}.json")
        there = next((one for one in (path, bare) if one.is_file()), None)
        if there is None:
            raise self.paths.missing(name)
        file = self._files.get(there) or CocoFile(there, labelled=False)
        return self._dataset(file, name, range(len(file)), None)

    def _dataset(
        self, file: CocoFile, name: str, places: Sequence[int], labels: NDArray[np.int64] | None
    ) -> CocoDataset:
        return CocoDataset(
            file,
            places,
            folder=self.paths.images(name),
            info=self.info,
            labels=labels,
            instances=self.instances,
            deep=self.deep,
            narrow=self.narrow,
        )

    def _file(self, name: str) -> CocoFile:
        path = self.paths.annotations(name)
        if path not in self._files:
            if not path.is_file():
                raise self.paths.missing(name)
            self._files[path] = CocoFile(path)
        return self._files[path]

    def _labels(self, file: CocoFile) -> NDArray[np.int64]:
        """Class of each category of a file, -1 for those left out."""
        class_of = {number: index for index, (number, _) in enumerate(self._categories, 1)}
        first = next(iter(self._files.values()))
        for number in {**first.categories, **file.categories}:
            ours, theirs = first.categories.get(number), file.categories.get(number)
            if ours != theirs:
                raise DataError(
                    f"Category {number} is {_named(ours)} in '{first.path}' but {_named(theirs)} in '{file.path}'. Give"
                    " all files of a data set the same categories."
                )
        return np.array([class_of.get(number, -1) for number in file.categories], dtype=np.int64)

    def _looks(self, file: CocoFile, name: str, channels: Any) -> tuple[int, bool]:
        """Channels, and whether images are deeper than 8 bits, from the first image if it is there."""
        if channels is not None and (isinstance(channels, bool) or channels not in (1, 2, 3, 4)):
            raise DataError(f"data.channels is {channels!r}. Images have 1 to 4 channels.")
        folder = self.paths.images(name)
        if folder is None or not file.images or not (folder / file.images[0].name).is_file():
            return channels or 3, False
        found, deep, _ = header(first_readable(folder / image.name for image in file.images))
        return channels or found, deep

    def _dataset_paths(self, file: CocoFile, name: str) -> list[Path]:
        folder = self.paths.images(name)
        assert folder is not None, "an image was looked at there"
        return [folder / image.name for image in file.images]


def _chosen(file: CocoFile, categories: Any) -> list[int]:
    """Ids of the categories to use, ascending.

    Raises:
        DataError: one that the file does not have.
    """
    if not file.categories:
        raise DataError(f"'{file.path}' has no categories, so there are no classes. Add them to the file.")
    if categories is None:
        return list(file.categories)
    number_of = {name: number for number, name in file.categories.items()}
    wanted = set()
    for one in [categories] if isinstance(categories, str | int) else categories:
        number = one if isinstance(one, int) else number_of.get(one)
        if number not in file.categories:
            near = difflib.get_close_matches(str(one), number_of, n=1)
            meant = f": did you mean '{near[0]}'?" if near else "."
            listed = ", ".join(number_of) if len(number_of) <= 20 else f"{len(number_of)} of them"
            raise DataError(f"data.categories names {one!r}, which '{file.path}' does not have{meant} It has {listed}.")
        wanted.add(number)
    if not wanted:
        raise DataError("data.categories is empty. Name at least one, or null for all.")
    return sorted(wanted)


def _named(name: str | None) -> str:
    return "missing" if name is None else f"'{name}'"
