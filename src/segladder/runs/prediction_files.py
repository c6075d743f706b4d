"""Which label file is the prediction of which image, and in which ids; see `predictions`."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from segladder.data.module import SegmentationDataModule
    from segladder.data.samples import Samples
    from segladder.inference.label_files import Ids

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Label files, one for each image of a split, and how to read them."""

    folder: Path
    ids: Ids
    files: dict[str, Path]
    """Image id -> file, in the split's order."""
    void: tuple[int, ...] = ()
    """Values that mean "no class" in the data set's own label files."""
    doubt: bool = False
    """Whether `ids` is a guess, see `read_labels`."""

    def read(self, image_id: str, info: DatasetInfo) -> NDArray[np.integer[Any]]:
        """Class indices of one image, `(H, W)`; `info.ignore_index` where no class is predicted."""
        from segladder.inference.label_files import read_labels

        return read_labels(self.files[image_id], info, ids=self.ids, void=self.void, doubt=self.doubt)


def find_predictions(
    folder: Path, samples: Samples, datamodule: SegmentationDataModule, *, ids: Ids | None
) -> tuple[Predictions, list[str]]:
    """The label file of each image of a split.

    Args:
        folder: searched to its depths; where `predict` wrote it, its list says which files and ids.
        samples: the split.
        datamodule: knows the classes.
        ids: as typed; None for what the list says, else official ids.

    Returns:
        The files, and the names of those that belong to no image.

    Raises:
        UserError: the folder or files are missing, or were made for other classes or ids.
    """
    from segladder.inference.outputs import LIST, PredictionList
    from segladder.runs.panoptic_scoring import refuse_maps

    if not folder.is_dir():
        raise UserError(f"predictions={folder} is no folder. Give the folder that holds a label PNG for each image.")
    if ids not in (None, "official", "train"):
        raise UserError(
            f"predictions.ids is '{ids}'. Give official (the data set's label ids) or train (class indices)."
        )
    listing = PredictionList.read(folder)
    if listing is not None:
        _require_alike(listing, datamodule.info, folder)
        if ids not in (None, listing.ids):
            raise UserError(
                f"predictions.ids is {ids}, but '{folder / LIST}' says that the files hold {listing.ids} ids."
            )
        there = [name for name in listing.files if (folder / name).is_file() and ".." not in PurePosixPath(name).parts]
    else:
        there = [
            path.relative_to(folder).as_posix()
            for path in sorted(folder.rglob("*.png"))
            if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        ]
    matched = match_files(samples.image_ids(), there)
    missing = [image_id for image_id, name in matched.items() if name is None]
    if missing and listing is not None and (folder / f"{missing[0]}.png").is_file():
        raise UserError(
            f"'{folder / LIST}' does not list the label files of {len(missing)} of the {len(matched)} images"
            f" ({listed(missing)}): they are there, but not of the network that wrote the list. Predict all again with"
            " overwrite=true, or take the list away to score what lies there."
        )
    results = [path for path in sorted(folder.glob("*.json")) if path.name != LIST]
    if missing and not there and results:
        raise UserError(
            f"predictions={folder} holds no label PNG. Its JSON file may be what you mean: predictions={results[0]}."
        )
    if missing:
        raise UserError(
            f"predictions={folder} has no label file for {len(missing)} of the {len(matched)} images of"
            f" '{datamodule.info.name}': {listed(missing)}. {_looked_for(missing[0], datamodule.info)}"
        )
    refuse_maps(folder, folder / str(next(iter(matched.values()))), segments=hasattr(samples.source, "segments"))
    found = Predictions(
        folder=folder,
        ids=ids or (listing.ids if listing is not None else "official"),
        files={image_id: folder / str(name) for image_id, name in matched.items()},
        void=tuple(getattr(getattr(datamodule.data, "labels", None), "ignore", ())),
        doubt=ids is None and listing is None,
    )
    return found, sorted(set(there) - {str(name) for name in matched.values()})


def match_files(image_ids: Sequence[str], names: Sequence[str]) -> dict[str, str | None]:
    """The file of each image, by its id, its last word, its last word and more (Cityscapes' tools), or a number's value
    (COCO's 000000000139 is image 139).

    Args:
        image_ids: such as `frankfurt/frankfurt_000000_000294`.
        names: paths of the PNGs, with forward slashes.

    Returns:
        Image id -> name; None where there is no file.

    Raises:
        UserError: two files would do, or one file for two images.
    """
    known = set(names)
    words: dict[str, list[str]] = {}
    numbers: dict[int, list[str]] = {}
    for name in names:
        stem = PurePosixPath(name).stem
        words.setdefault(stem, []).append(name)
        if stem.isdecimal():
            numbers.setdefault(int(stem), []).append(name)
    ordered = sorted(words)
    matched: dict[str, str | None] = {}
    owner: dict[str, str] = {}
    for image_id in image_ids:
        word = PurePosixPath(image_id).name
        if f"{image_id}.png" in known:
            candidates = [f"{image_id}.png"]
        else:
            candidates = words.get(word) or [name for longer in _going_on(word, ordered) for name in words[longer]]
            if not candidates and word.isdecimal():
                candidates = numbers.get(int(word), [])
        if len(candidates) > 1:
            raise UserError(
                f"'{candidates[0]}' and '{candidates[1]}' could both be the prediction of image '{image_id}'. Call it"
                f" '{image_id}.png', or take one away."
            )
        matched[image_id] = candidates[0] if candidates else None
        if candidates and owner.setdefault(candidates[0], image_id) != image_id:
            raise UserError(
                f"'{candidates[0]}' would be the prediction of both '{owner[candidates[0]]}' and '{image_id}'. Keep the"
                f" folders of the images: '{image_id}.png'."
            )
    return matched


def _looked_for(image_id: str, info: DatasetInfo) -> str:
    word = PurePosixPath(image_id).name
    *names, last = dict.fromkeys([f"'{image_id}.png'", f"'{word}.png'", f"'{word}_….png'"])
    told = f"Each is looked for as {', as '.join(names)} and as {last}."
    if info.mean_areas is None:
        return told
    return f"{told} Text files of instances would be read, too: '{word}.txt', one for each image and no PNG but masks."


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _require_alike(listing: Any, info: DatasetInfo, folder: Path) -> None:
    """Refuses files that `predict` made for other classes, or with other values for them."""
    from segladder.inference.label_files import ids_of

    theirs = [(entry["name"], entry.get("value")) for entry in listing.classes]
    ours = list(zip(info.classes, ids_of(info, listing.ids), strict=True))
    if theirs == ours:
        return
    index = next((i for i, pair in enumerate(zip(theirs, ours, strict=False)) if pair[0] != pair[1]), None)
    where = (
        f"{len(theirs)} against {len(ours)}"
        if index is None
        else f"{theirs[index][1]} is '{theirs[index][0]}' there, {ours[index][1]} '{ours[index][0]}' here"
    )
    raise UserError(
        f"The predictions in '{folder}' are of other classes than data set '{info.name}' has ({where}). Score them"
        " against the data that their network was trained on."
    )


def _going_on(word: str, ordered: Sequence[str]) -> list[str]:
    """The words that begin with `word` and go on with something else than a letter or digit."""
    found = []
    for longer in ordered[bisect.bisect_left(ordered, word) :]:
        if not longer.startswith(word):
            break
        if re.match(r"[^A-Za-z0-9]", longer[len(word) :]):
            found.append(longer)
    return found
