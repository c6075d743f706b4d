"""ADE20K's scene parsing benchmark as it is published: label 1 is the first class, and 0 is what no class names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError, missing_root
from segladder.data.palette import distinct_colors
from segladder.data.readers.files import FileDataset, Pair, images_alone, no_labels
from segladder.data.readers.layouts import instead
from segladder.data.splits.files import require_labels
from segladder.types import IGNORE_INDEX, DatasetInfo

# objectInfo150.txt of the archive, the first name of each line
_NAMES = """
wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door,
table, mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field,
armchair, seat, fence, desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, chest
of drawers, counter, sand, sink, skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, case, pool
table, pillow, screen door, stairway, river, bridge, bookcase, blind, coffee table, toilet, flower, book, hill,
bench, countertop, stove, palm, kitchen island, computer, swivel chair, boat, bar, arcade machine, hovel, bus,
towel, light, truck, tower, chandelier, awning, streetlight, booth, television receiver, airplane, dirt track,
apparel, pole, land, bannister, escalator, ottoman, bottle, buffet, poster, stage, van, ship, fountain, conveyer
belt, canopy, washer, plaything, swimming pool, stool, barrel, basket, waterfall, tent, bag, minibike, cradle,
oven, ball, food, step, tank, trade name, microwave, pot, animal, bicycle, lake, dishwasher, screen, blanket,
sculpture, hood, sconce, vase, traffic light, tray, ashcan, fan, pier, crt screen, plate, monitor, bulletin board,
shower, radiator, glass, clock, flag
"""

CLASSES = tuple(" ".join(name.split()) for name in _NAMES.split(","))

_ARCHIVE = "ADEChallengeData2016.zip"

FETCH = (
    f"Fetch {_ARCHIVE} from http://sceneparsing.csail.mit.edu/, unpack it, and set data.root to its"
    " ADEChallengeData2016, which holds images/ and annotations/."
)


_WHOLE = ("images", "annotations")


class AdeLabels(LabelReader):
    """`annotations/SPLIT/NAME.png`: 1 to 150 are the classes, 0 is everything else and is ignored."""

    in_color = (
        "That is how the full ADE20K stores its parts: data=ade20k reads the grey annotations of the benchmark's"
        f" {_ARCHIVE}."
    )

    def __init__(self) -> None:
        values = {index + 1: index for index in range(len(CLASSES))}
        super().__init__(CLASSES, ignore=(0,), values=values, ignore_index=IGNORE_INDEX)

    def expectation(self) -> str:
        return f"values that are no label of ADE20K's benchmark (0 other, 1 to {len(CLASSES)})"

    def advice(self, every: NDArray[Any], bad: NDArray[Any]) -> str:
        if bad.tolist() == [IGNORE_INDEX]:
            return (
                "255 is what tools write that have subtracted 1 already (reduce_zero_label): take the original from"
                f" {_ARCHIVE}; the shift by one is made here."
            )
        return f"Take the original from {_ARCHIVE}."


class Ade20k:
    """The reader behind `data=ade20k` (Zhou et al., CVPR 2017).

    Class 0 is wall, label 1; the labels' 0 (other) is ignored, as in the benchmark's own evaluation.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        train_split: str | None = "training",
        val_split: str | None = "validation",
        test_split: str | None = "validation",
        instances: bool = False,
        labels_alone: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            root: the folder that holds `images/` and `annotations/`, or the one that holds ADEChallengeData2016.
            train_split: folder of both to train on; null for none.
            val_split: folder to validate on; null for none.
            test_split: folder to test on; null for none. The labels of the test images are not public.
            instances: must be False, the benchmark tells no objects apart.
            labels_alone: images may be missing, all or some.
            seed: unused, the published splits are fixed.

        Raises:
            DataError: the root is not there, is no ADE20K, or objects are asked for.
        """
        self.labels_alone = labels_alone
        self.root = _find_root(Path(root).expanduser(), needed=("annotations",) if labels_alone else _WHOLE)
        if instances:
            raise DataError(
                "ADE20K's scene parsing benchmark tells no objects apart, which this model has to learn. Choose a model"
                " of pixels (model=deeplab), or other data (data=coco)."
            )
        self.splits = {"train": train_split, "val": val_split, "test": test_split}
        self.labels = AdeLabels()
        self.info = DatasetInfo(
            name="ade20k",
            classes=CLASSES,
            palette=distinct_colors(len(CLASSES) + 1)[1:],
            things=(False,) * len(CLASSES),
            label_ids=tuple(range(1, len(CLASSES) + 1)),
        )

    def dataset(self, split: str, *, run_seed: int) -> FileDataset | None:
        """The samples of `train`, `val` or `test`, each with its label; None where none is wanted.

        Raises:
            DataError: the split is not there, or labels or images are missing.
        """
        name = self.splits[split]
        if name is None:
            return None
        pairs = self.pairs(name)
        folder = self.root / "annotations" / name
        if all(pair.label is None for pair in pairs):
            if name == "testing":
                raise no_labels(name, split, root=self.root, why="its labels are not public")
            raise DataError(f"None of the {len(pairs):,} images of split '{name}' has a label in '{folder}'. {FETCH}")
        require_labels(pairs, labels=folder, suffix=".png")
        orphans = [] if self.labels_alone else self.orphans(name, pairs)
        if orphans:
            raise DataError(
                f"Label '{orphans[0]}' has no image in '{self.root / 'images' / name}' ({len(orphans):,} are so)."
                f" Unpack {_ARCHIVE} completely, or take the labels away."
            )
        return self._dataset(pairs)

    def orphans(self, name: str, pairs: Sequence[Pair]) -> list[Path]:
        """Labels of a split that belong to none of its images."""
        images = {pair.image_id for pair in pairs}
        return sorted(path for path in (self.root / "annotations" / name).glob("*.png") if path.stem not in images)

    def unlabelled(self, name: str) -> FileDataset:
        """The images alone of any folder of `images/`.

        Raises:
            DataError: there is no such split.
        """
        return self._dataset(images_alone(self.pairs(name)))

    def _dataset(self, pairs: Sequence[Pair]) -> FileDataset:
        # a few of its photographs are grey
        return FileDataset(
            pairs, root=self.root, info=self.info, labels=self.labels, narrow=True, labels_alone=self.labels_alone
        )

    def pairs(self, name: str) -> list[Pair]:
        """The images of a split, each with its label, None where it is missing.

        Raises:
            DataError: there is none.
        """
        folder = self.root / "images" / name
        labels = {path.stem: path for path in (self.root / "annotations" / name).glob("*.png")}
        found = {path.stem for path in folder.glob("*.jpg")}
        if self.labels_alone:
            found |= labels.keys()
        if not found:
            what, suffix = ("labels", "png") if self.labels_alone else ("images", "jpg")
            folder = self.root / "annotations" / name if self.labels_alone else folder
            there = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
            raise DataError(
                f"data.root '{self.root}' has no {what} of split '{name}': '{folder}'"
                f" {f'holds no *.{suffix}' if folder.is_dir() else 'is not there'}. Splits there:"
                f" {', '.join(there) or 'none'}. Unpack {_ARCHIVE} completely, or name another split."
            )
        return [Pair(stem, folder / f"{stem}.jpg", labels.get(stem)) for stem in sorted(found)]


def _find_root(root: Path, *, needed: Sequence[str]) -> Path:
    for candidate in (root, root / "ADEChallengeData2016"):
        if all((candidate / name).is_dir() for name in needed):
            return candidate
    if not root.is_dir():
        raise missing_root(root, FETCH)
    lacking = " and ".join(f"'{name}'" for name in needed if not (root / name).is_dir())
    folders = "folder" if lacking.count("'") == 2 else "folders"
    raise DataError(f"data.root '{root}' has no {folders} {lacking}{instead(root, 'ade20k', advice=FETCH)}")
