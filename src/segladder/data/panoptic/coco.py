"""COCO's panoptic layout: things and stuff in one partition, readable by semantic and by instance models, too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from segladder.data.channel_scale import MEAN, STD
from segladder.data.errors import DataError
from segladder.data.palette import distinct_colors
from segladder.data.panoptic.dataset import PanopticDataset
from segladder.data.panoptic.file import PanopticCategory, PanopticFile
from segladder.data.splits.paths import SPLIT, SplitPaths
from segladder.types import DatasetInfo

FETCH = (
    "COCO's are at https://cocodataset.org/#download: unpack panoptic_annotations_trainval2017.zip, the two archives in"
    " its annotations/, train2017.zip and val2017.zip there, so that annotations/panoptic_val2017.json, the folder"
    " annotations/panoptic_val2017/ and val2017/ lie in data.root."
)


class CocoPanoptic:
    """The reader behind `data=coco_panoptic` (Kirillov et al., CVPR 2019).

    The classes are the file's categories in their order, 80 of things and 53 of stuff in COCO's; pixels that are in no
    segment are ignored. Each PNG lies in the folder that is called as the JSON file is.
    """

    def __init__(
        self,
        *,
        root: str | Path | None = None,
        annotations: str | Path = "annotations/panoptic_{split}.json",
        images: str = SPLIT,
        train_split: str | None = "train2017",
        val_split: str | None = "val2017",
        test_split: str | None = "val2017",
        channels: int = 3,
        name: str = "coco_panoptic",
        hint: str | None = None,
        instances: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds annotations and images; null where segments alone are scored.
            annotations: the JSON files, `{split}` standing for a split's name: below the root, or anywhere. Without
                `{split}` one file serves every split.
            images: the folder of a split's images below the root, likewise.
            train_split: name of the split to train on; null for none.
            val_split: name of the split to validate on; null for none.
            test_split: name of the split to test on; null for none.
            channels: of an image as the network gets it, 1 or 3.
            name: what the data set is called in records.
            hint: where to get the data, for the message when they are missing.
            instances: samples hold their objects, the segments that are things.
            seed: unused, files have nothing random.

        Raises:
            DataError: a file is missing, or makes no sense; see `PanopticFile`.
        """
        self.root = None if root is None else Path(root).expanduser()
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.instances = instances
        self.paths = SplitPaths(
            self.root, annotations=annotations, images=images, hint=hint or FETCH, kind="panoptic annotations"
        )
        self._files: dict[Path, PanopticFile] = {}
        if channels not in (1, 3):
            raise DataError(f"data.channels is {channels!r}. Give 3 for colour, or 1 for grey.")
        categories = self._file(self.paths.smallest(self.splits.values())).categories
        if not categories:
            raise DataError("The panoptic files list no categories, so there are no classes. Add them.")
        self._label_of = {number: index for index, number in enumerate(categories)}
        palette = distinct_colors(len(categories) + 1)[1:]
        self.info = DatasetInfo(
            name=name,
            classes=tuple(category.name for category in categories.values()),
            palette=tuple(
                category.color or color for category, color in zip(categories.values(), palette, strict=True)
            ),
            things=tuple(category.thing for category in categories.values()),
            ignore_index=255 if len(categories) <= 255 else 65535,
            channels=channels,
            mean=MEAN[channels],
            std=STD[channels],
            label_ids=tuple(categories),
        )

    def dataset(self, split: str, *, run_seed: int) -> PanopticDataset | None:
        """The samples of `train`, `val` or `test`; None where none is wanted.

        Raises:
            DataError: see `PanopticFile`; or its categories are others than those of the other splits.
        """
        name = self.splits[split]
        if name is None:
            return None
        file = self._file(name)
        self._require_same(file)
        if split == "train":
            self.paths.warn_of_same(self.splits)
        without = [image for image in file.images if str(image.number) not in file.rows]
        if without:
            raise DataError(
                f"'{file.path}' lists image {without[0].number} without an annotation of its segments ({len(without):,}"
                f" of {len(file.images):,} are so). Add them, with an empty segments_info where nothing is."
            )
        if not file.images:
            raise DataError(f"'{file.path}' lists no image. Name another split.")
        return PanopticDataset(
            file,
            file.images,
            folder=self.paths.images(name),
            info=self.info,
            label_of=self._label_of,
            instances=self.instances,
        )

    def unlabelled(self, name: str) -> PanopticDataset:
        """The images alone of any split.

        Raises:
            DataError: there is no such file, or it is broken.
        """
        file = self._file(name)
        return PanopticDataset(file, file.images, folder=self.paths.images(name), info=self.info, label_of=None)

    def _file(self, name: str) -> PanopticFile:
        path = self.paths.annotations(name)
        if path not in self._files:
            if not path.is_file():
                raise self.paths.missing(name)
            self._files[path] = PanopticFile(path)
        return self._files[path]

    def _require_same(self, file: PanopticFile) -> None:
        first = next(iter(self._files.values()))
        for number in {**first.categories, **file.categories}:
            ours, theirs = _named(first.categories, number), _named(file.categories, number)
            if ours != theirs:
                raise DataError(
                    f"Category {number} is {ours} in '{first.path}' but {theirs} in '{file.path}'. Give all files of a"
                    " data set the same categories."
                )


def _named(categories: Mapping[int, PanopticCategory], number: int) -> str:
    category = categories.get(number)
    return "missing" if category is None else f"'{category.name}' ({'a thing' if category.thing else 'stuff'})"
