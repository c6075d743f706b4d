"""Pairs of files written anew as a folder that `data=folder` reads."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.id_maps import read_ids
from segladder.data.decoding.labels import read_values
from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.file_view import FileView
from segladder.data.doctor.label_look import UNKNOWN, rgb_of
from segladder.data.doctor.look import Look
from segladder.data.doctor.survey import ROLES
from segladder.data.readers.files import Pair
from segladder.masks import paint


class FixedFolder:
    """What is to be written where; `write` does one sample, in whatever process."""

    def __init__(self, checkup: Checkup, folder: Path, out: set[tuple[str, int | None]]) -> None:
        """
        Args:
            checkup: what was found.
            folder: where to write.
            out: split and index of the samples that are left out.
        """
        self.folder = folder
        self.info = checkup.survey.info
        self.cure = checkup.cure
        self.places: list[tuple[FileView, Pair, Look, str, str]] = []
        """Of each sample its view, files, look, split and name."""
        self.roles = {split.name: split.roles for split in checkup.survey.splits}
        for split in checkup.survey.splits:
            view, home = split.view, split.roles[0]
            assert isinstance(view, FileView)
            names: set[str] = set()
            for index, pair in enumerate(view.pairs):
                if (split.name, index) in out or pair.label is None:
                    continue
                name = pair.image_id.removeprefix(f"{split.name}/")
                while name in names:
                    name += "-2"
                names.add(name)
                self.places.append((view, pair, checkup.looks[split.name][index], home, name))
        deep = [look.image.deep for _, _, look, _, _ in self.places if look.image is not None]
        self._deep = any(deep)
        self._stated = bool(getattr(checkup.survey.reader, "narrow", False))
        self._objects = any(view.ids is not None for view, *_ in self.places)

    def bytes(self) -> int:
        """About how much room it takes: as much as the originals."""
        files = [path for _, pair, _, _, _ in self.places for path in (pair.image, pair.label, pair.ids) if path]
        return sum(path.stat().st_size for path in files)

    def counts(self) -> dict[str, int]:
        """Samples of each split."""
        homes = [home for *_, home, _ in self.places]
        return {role: homes.count(role) for role in ROLES if role in homes}

    def write(self, at: int) -> str | None:
        """Writes one sample; what went wrong, if anything did."""
        view, pair, look, home, name = self.places[at]
        try:
            self._write_image(pair, look, self.folder / "images" / home / name)
            classes = self._classes(view, pair)
            self._write_png(classes, self.folder / "labels" / home / f"{name}.png", colored=True)
            if view.ids is not None and pair.ids is not None:
                ids = self._ids(view, pair, classes)
                self._write_png(ids, self.folder / "instances" / home / f"{name}.png", colored=False)
        except OSError as error:
            return str(error)
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
            content["channels"] = info.channels
        if not self._deep:
            content |= {"mean": list(info.mean), "std": list(info.std)}
        (self.folder / "dataset.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def notes(self) -> list[str]:
        """What the form cannot hold."""
        if not self._objects:
            return []
        return ["Objects are numbered anew in instances/; groups that nobody told apart (crowds) are in no id map."]

    def command(self, path: Path) -> str:
        """How to train on it."""
        there = self.counts()
        words = ["segladder", "train", "data=folder", f"data.root={path}"]
        served = {role: home[0] for home in self.roles.values() for role in home if home[0] in there}
        words += [
            f"data.{role}_split={served.get(role, 'null')}"
            for role in ("val", "test")
            if served.get(role) != role and (role == "val" or role in served)
        ]
        return " ".join(words)

    def _write_image(self, pair: Pair, look: Look, target: Path) -> None:
        from PIL import Image, ImageOps

        # names may hold dots: with_suffix would cut them
        target.parent.mkdir(parents=True, exist_ok=True)
        assert look.image is not None, "what cannot be read is left out"
        if look.image.orientation == 1:
            shutil.copyfile(pair.image, target.with_name(target.name + pair.image.suffix))
            return
        with Image.open(pair.image) as image:
            drawn_as_stored = any(finding.kind == "exif-size" for finding in look.findings)
            upright = image if drawn_as_stored else ImageOps.exif_transpose(image)
            bare = Image.fromarray(np.asarray(upright)) if upright.mode != "P" else upright.convert("RGB")
            bare.save(target.with_name(f"{target.name}.png"))

    def _classes(self, view: FileView, pair: Pair) -> NDArray[np.int64]:
        assert pair.label is not None
        if self.cure.colors and (picture := rgb_of(pair.label)) is not None and not _grey(picture):
            return self._of_colors(picture)
        values = read_values(pair.label)
        classes = view.meaning(values)
        for value, index in self.cure.values.items():
            classes[values == value] = self.info.ignore_index if index is None else index
        classes[classes == UNKNOWN] = self.info.ignore_index
        return classes

    def _of_colors(self, picture: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The class of the nearest colour of the palette."""
        colors = np.array(list(self.cure.colors), dtype=np.int64)
        classes = np.array(list(self.cure.colors.values()), dtype=np.int64)
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
