"""Which samples a data set has, split by split, as far as its reader and what lies there can say."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segladder.data.decoding.id_maps import IdMapReader
from segladder.data.doctor.file_view import FileView, named
from segladder.data.doctor.findings import Finding
from segladder.data.doctor.folder_pairs import TolerantFolder
from segladder.data.doctor.look import View
from segladder.data.doctor.panoptic_view import PanopticView, StatedPanoptic
from segladder.data.doctor.source_view import SourceView
from segladder.data.doctor.tolerant_coco import TolerantCoco
from segladder.data.doctor.voc_pairs import stray_labels, voc_pairs
from segladder.data.errors import DataError
from segladder.data.options import built_reader
from segladder.data.panoptic.coco import CocoPanoptic
from segladder.data.readers.coco import Coco
from segladder.data.readers.files import FileDataset, Pair
from segladder.data.readers.folder import Folder
from segladder.data.readers.voc import Voc, VocObjects
from segladder.types import DatasetInfo

ROLES = ("train", "val", "test")

_TOLERANT: dict[Any, type[Any]] = {Folder: TolerantFolder, Coco: TolerantCoco, CocoPanoptic: StatedPanoptic}
"""Readers that refuse as a whole what the doctor wants to see piece by piece."""


@dataclass
class Split:
    """The samples of one published split."""

    name: str
    """Its published name."""
    roles: tuple[str, ...]
    """What it serves as: train, val, test."""
    view: View
    count: int
    """Samples to look at."""

    @property
    def title(self) -> str:
        return self.name if self.roles == (self.name,) else f"{self.name} ({', '.join(self.roles)})"


@dataclass
class Survey:
    """A data set before its files are read."""

    name: str
    root: Path | None
    info: DatasetInfo
    reader: Any
    splits: list[Split] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not looked at, and why."""
    synthetic: bool = False


def survey(
    reader: Callable[..., Any], options: Mapping[str, Any], *, seed: int = 0, limit: int | None = None
) -> Survey:
    """Lists a data set.

    Args:
        reader: of its DataModule.
        options: what the reader takes, as typed.
        seed: of the data.
        limit: look at the first so many samples of each split only; null for all.

    Raises:
        DataError: what the reader refuses before it knows what the labels mean: then there is nothing to look at.
    """
    built, notes = _with_objects(_TOLERANT.get(reader, reader), options, seed)
    info: DatasetInfo = built.info
    found = Survey(info.name, None if built.root is None else Path(built.root), info, built, notes=notes)
    published: Mapping[str, str | None] = getattr(built, "splits", {role: role for role in ROLES})
    roles: dict[str, list[str]] = {}
    for role in ROLES:
        name = published.get(role)
        if name is not None:
            roles.setdefault(name, []).append(role)
    for name, served in roles.items():
        view = _view(found, name, served)
        if view is not None and len(view):
            count = len(view) if limit is None else min(limit, len(view))
            found.splits.append(Split(name, tuple(served), view, count))
        if "train" in served and len(served) > 1:
            others = " and ".join(served[1:])
            told = f"train and {others} read the same split '{name}'"
            found.findings.append(Finding(kind="same-split", file=name, what=told, split=name))
    if isinstance(built, Voc):
        found.findings += stray_labels(built)
    if isinstance(built, TolerantFolder):
        pairs = [pair for split in found.splits for pair in getattr(split.view, "pairs", [])]
        found.findings += built.orphans(pairs)
    return found


def _with_objects(reader: Callable[..., Any], options: Mapping[str, Any], seed: int) -> tuple[Any, list[str]]:
    """The reader in its instance view where the data have one, else in the semantic one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they would say is counted and told by the doctor
        plain = built_reader(reader, options, seed=seed)
        if isinstance(plain, Coco) or plain.root is None:
            return plain, []  # its objects are read together with its classes
        try:
            return built_reader(reader, options, seed=seed, instances=True), []
        except DataError as error:
            maps = getattr(plain, "id_maps", None)
            missing = maps is None or not maps.folder.is_dir()
            none = (missing and isinstance(plain, Folder)) or not any(plain.info.things)
            return plain, [] if none else [f"Objects were not looked at: {error}"]


def _view(found: Survey, name: str, roles: list[str]) -> View | None:
    reader = found.reader
    if isinstance(reader, TolerantFolder):
        pairs = reader.listed(name)
        if pairs is None:
            if roles != ["test"] or name != "test":
                told = f"neither 'splits/{name}.txt' nor 'images/{name}' is there"
                found.findings.append(Finding(kind="missing-split", file=name, what=told, split=name))
            return None
        found.findings += reader.told[name]
        if not pairs:
            todo = f"Write names into 'splits/{name}.txt', or put images into 'images/{name}'."
            _tell(found, name, f"split '{name}' is empty", todo)
        return _file_view(found, name, roles, pairs, IdMapReader(reader.info) if reader.instances else None)
    if isinstance(reader, Voc):
        try:
            pairs, told_of_list = voc_pairs(reader, name)
        except DataError as error:
            _tell(found, name, str(error), _other_split(roles))
            return None
        found.findings += told_of_list
        return _file_view(found, name, roles, pairs, VocObjects(reader.info) if reader.instances else None)
    source = _source(found, name, roles)
    if source is None:
        return None
    if _lists(reader):
        for path in reader.orphans(name, source.pairs):
            what = f"no image of split '{name}' belongs to it"
            found.findings.append(Finding(kind="orphan-label", file=named(path, found.root), what=what, split=name))
    found.synthetic = found.synthetic or bool(getattr(source, "synthetic", False))
    if isinstance(source, FileDataset):
        return _file_view(found, name, roles, source.pairs, source.ids)
    if isinstance(reader, TolerantCoco):
        _tell_of_annotations(found, reader, name)
    there = not isinstance(reader, TolerantCoco) or _has_images(reader, name)
    kind = PanopticView if isinstance(reader, StatedPanoptic) else SourceView
    return kind(split=name, source=source, root=found.root, info=found.info, expects_images=there)


def _source(found: Survey, name: str, roles: list[str]) -> Any:
    """All samples of a split where the reader lists them without asking for more, else its own dataset."""
    reader = found.reader
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return reader._dataset(reader.pairs(name)) if _lists(reader) else reader.dataset(roles[0], run_seed=0)
        except DataError as error:
            _tell(found, name, str(error), _other_split(roles))
    return None


def _lists(reader: Any) -> bool:
    """Whether a reader of files lists a split as it lies there, faults and all."""
    return all(hasattr(reader, name) for name in ("pairs", "orphans", "_dataset"))


def _file_view(
    found: Survey, name: str, roles: list[str], pairs: list[Pair], ids: IdMapReader | None
) -> FileView | None:
    labelled = any(pair.label is not None for pair in pairs)
    if pairs and not labelled:
        told = f"none of its {len(pairs):,} images has a label"
        todo = "" if "train" in roles else f"Name a split with labels, or none: data.{roles[0]}_split=null."
        found.findings.append(Finding(kind="no-labels", file=name, what=told, split=name, todo=todo))
    assert found.root is not None, "files lie somewhere"
    return FileView(
        split=name,
        pairs=pairs,
        root=found.root,
        info=found.info,
        labels=found.reader.labels,
        ids=ids,
        boxes=found.root / "Annotations" if isinstance(found.reader, Voc) else None,
        expects_labels=labelled,
    )


def _tell_of_annotations(found: Survey, reader: TolerantCoco, name: str) -> None:
    path = reader.file_of(name)
    told = reader.checked.get(path)
    if told is not None and told.findings:
        found.findings += told.findings
        told.findings = []  # a file that serves several splits is told of once
    for image in reader.unlisted(name):
        what = f"'{named(path, found.root)}' does not list it"
        found.findings.append(Finding(kind="unlisted-image", file=named(image, found.root), what=what, split=name))
    if not _has_images(reader, name):
        what = f"the images of '{named(path, found.root)}' are not there: '{reader.folder_of(name)}' was looked for"
        _tell(found, name, what, "Put them there, or name their folder: data.images=….")


def _has_images(reader: TolerantCoco, name: str) -> bool:
    folder = reader.folder_of(name)
    return folder is not None and folder.is_dir()


def _tell(found: Survey, name: str, what: str, todo: str) -> None:
    """A reader's own sentence, unless another split has brought it already."""
    if all(finding.what != what for finding in found.findings):
        found.findings.append(Finding(kind="refused", file=name, what=what, split=name, todo=todo))


def _other_split(roles: Sequence[str]) -> str:
    words = " ".join(f"data.{role}_split=…" for role in roles)
    none = "" if "train" in roles else ", null for none"
    return f"Add what is missing, or name another split{none}: {words}."
