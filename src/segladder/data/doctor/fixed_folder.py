"""Pairs of files written anew as a folder that `data=folder` reads."""

from __future__ import annotations

import json
import shutil
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.id_maps import read_ids
from segladder.data.decoding.labels import read_values
from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.doubles import unclear_samples
from segladder.data.doctor.file_view import FileView
from segladder.data.doctor.label_look import UNKNOWN, rgb_of
from segladder.data.doctor.look import Look
from segladder.data.doctor.outcome import Trouble
from segladder.data.doctor.survey import ROLES
from segladder.data.doctor.upright import write_without_tag
from segladder.data.errors import DataError
from segladder.data.readers.files import Pair
from segladder.data.readers.folder import Folder
from segladder.masks import paint


class FixedFolder:
    """What is to be written where; `write` does one sample, in whatever process."""

    reader, form = Folder, "folder"
    """What reads the copy, and the choice of `data` that it is."""

    def __init__(self, checkup: Checkup, folder: Path, out: set[tuple[str, int]]) -> None:
        """
        Args:
            checkup: what was found.
            folder: where to write.
            out: split and index of the samples that are left out; more may join them here.
        """
        self.folder = folder
        self.info = checkup.survey.info
        self.colors = checkup.cure.colors
        self.homes = {split.name: split.roles[0] for split in checkup.survey.splits}
        """Of each split its name in the copy."""
        self.places: list[tuple[str, int]] = []
        """Split and index of each sample."""
        self._samples: dict[tuple[str, int], tuple[FileView, Pair, Look, str]] = {}
        self._roles = {split.name: split.roles for split in checkup.survey.splits}
        self.training = {split.name for split in checkup.survey.splits if "train" in split.roles}
        out |= unclear_samples(checkup)
        for split in checkup.survey.splits:
            view = split.view
            assert isinstance(view, FileView)
            names: set[str] = set()
            for index, pair in enumerate(view.pairs):
                look = checkup.looks[split.name][index]
                if (split.name, index) not in out and (pair.label is None or _turned_apart(pair, look)):
                    out.add((split.name, index))
                if (split.name, index) in out:
                    continue
                name = pair.image_id.removeprefix(f"{split.name}/")
                while name in names:
                    name += "-2"
                names.add(name)
                self.places.append((split.name, index))
                self._samples[split.name, index] = (view, pair, look, name)
        images = [look.image for _, _, look, _ in self._samples.values() if look.image is not None]
        self._deep = any(image.deep for image in images)
        self._channels = self.info.channels
        self._stated = bool(getattr(checkup.survey.reader, "narrow", False))
        if not self._stated and any(group.kind == "first-image" for group in checkup.groups):
            self._channels, self._stated = Counter(image.channels for image in images).most_common(1)[0][0], True
        self._objects = any(view.ids is not None for view, *_ in self._samples.values())

    def bytes(self) -> int:
        """About how much room it takes: as much as the originals."""
        pairs = [pair for _, pair, _, _ in self._samples.values()]
        return sum(path.stat().st_size for pair in pairs for path in (pair.image, pair.label, pair.ids) if path)

    def write(self, at: int) -> Trouble | None:
        """Writes one sample; what went wrong, if anything did."""
        view, pair, look, name = self._samples[self.places[at]]
        home = self.homes[view.split]
        try:
            classes = self._classes(view, pair, look)
            ids = None if view.ids is None or pair.ids is None else self._ids(view, pair, classes)
        except DataError as error:  # its id map was not looked at while its label meant nothing
            return Trouble(str(error))
        try:
            self._write_image(pair, look, self.folder / "images" / home / name)
            self._write_png(classes, self.folder / "labels" / home / f"{name}.png", colored=True)
            if ids is not None:
                self._write_png(ids, self.folder / "instances" / home / f"{name}.png", colored=False)
        except OSError as error:
            return Trouble(error.strerror or str(error), stops=True)
        return None

    def finish(self) -> None:
        """Writes `dataset.json`."""
        info = self.info
        content: dict[str, Any] = {
            "name": info.name,
            "classes": list(info.classes),
            "ignore_index": info.ignore_index,
            "palette": [list(color) for color in info.palette],
            "things": [name for name, thing in zip(info.classes, info.things, strict=True) if thing],
        }
        if self._stated:
            content["channels"] = self._channels
        if not self._deep and self._channels == info.channels:
            content |= {"mean": list(info.mean), "std": list(info.std)}
        (self.folder / "dataset.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def notes(self) -> list[str]:
        """What the form cannot hold."""
        if not self._objects:
            return []
        return ["Objects are numbered anew in instances/; groups that nobody told apart (crowds) are in no id map."]

    def options(self, path: Path, written: Sequence[tuple[str, int]]) -> dict[str, Any]:
        """How the copy is read.

        Args:
            path: where it lies by now.
            written: split and index of the samples that are in it.
        """
        there = {self.homes[split] for split, _ in written}
        served = {role: self.homes[name] for name, roles in self._roles.items() for role in roles}
        splits = {f"{role}_split": served[role] if served.get(role) in there else None for role in ROLES}
        # a folder without images/test has no test split, and need not be told
        if splits["test_split"] is None and "test" not in served:
            del splits["test_split"]
        return {"root": str(path)} | {key: name for key, name in splits.items() if key != f"{name}_split"}

    def _write_image(self, pair: Pair, look: Look, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        image = look.image
        assert image is not None, "what cannot be read is left out"
        stored = any(finding.kind == "exif-size" for finding in look.findings)
        upright = image.orientation >= 5 and image.size[0] != image.size[1]
        if image.orientation != 1 and (stored or upright):
            write_without_tag(pair.image, target, turned=not stored)
        else:
            # a tag of which sizes say nothing stays: the label fits as well, or as badly, as it did
            shutil.copyfile(pair.image, target.with_name(target.name + pair.image.suffix))

    def _classes(self, view: FileView, pair: Pair, look: Look) -> NDArray[np.int64]:
        assert pair.label is not None
        if self.colors and (picture := rgb_of(pair.label)) is not None and not _grey(picture):
            return self._of_colors(picture)
        values = read_values(pair.label)
        classes = view.meaning(values)
        for value, index in look.cure.items():
            classes[values == value] = self.info.ignore_index if index is None else index
        classes[classes == UNKNOWN] = self.info.ignore_index
        return classes

    def _of_colors(self, picture: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The class of the nearest colour of the palette."""
        colors = np.array(list(self.colors), dtype=np.int64)
        classes = np.array(list(self.colors.values()), dtype=np.int64)
        classes[classes < 0] = self.info.ignore_index
        found, where = np.unique(picture.reshape(-1, 3), axis=0, return_inverse=True)
        away = ((found[:, None].astype(np.int64) - colors[None]) ** 2).sum(-1)
        result: NDArray[np.int64] = classes[away.argmin(1)][where.reshape(-1)].reshape(picture.shape[:2])
        return result

    def _ids(self, view: FileView, pair: Pair, classes: NDArray[np.int64]) -> NDArray[Any]:
        assert view.ids is not None and pair.ids is not None
        ids = read_ids(pair.ids)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            objects = view.ids.read(ids, classes, path=pair.ids)
        single = np.flatnonzero(~objects.iscrowd)
        return paint([objects.masks[at] for at in single], range(1, len(single) + 1), objects.size, fill=0)

    def _write_png(self, values: NDArray[Any], target: Path, *, colored: bool) -> None:
        from PIL import Image

        target.parent.mkdir(parents=True, exist_ok=True)
        if values.max(initial=0) > 255:
            Image.fromarray(values.astype(np.uint16)).save(target)
            return
        picture = Image.fromarray(values.astype(np.uint8))
        if colored and len(self.info.palette) <= 255:
            colors = np.full((256, 3), 224, dtype=np.uint8)
            colors[: len(self.info.palette)] = self.info.palette
            picture.putpalette(colors.reshape(-1).tolist())
        picture.save(target)


def _grey(picture: NDArray[np.uint8]) -> bool:
    return bool((picture[..., :1] == picture).all())


def _turned_apart(pair: Pair, look: Look) -> bool:
    """Whether of label and id map only one was drawn with the image's EXIF rotation."""
    from PIL import Image

    if pair.label is None or pair.ids is None or all(finding.kind != "exif-size" for finding in look.findings):
        return False
    sizes = []
    for path in (pair.label, pair.ids):
        with Image.open(path) as image:
            sizes.append(image.size)
    return sizes[0] != sizes[1]
