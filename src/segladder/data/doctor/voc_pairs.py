"""A list of PASCAL VOC listed without a word of complaint: what is missing is a finding."""

from __future__ import annotations

from pathlib import Path

from segladder.data.doctor.file_view import named
from segladder.data.doctor.findings import WARNING, Finding
from segladder.data.doctor.split_file import read_split_file
from segladder.data.readers.files import Pair
from segladder.data.readers.voc import Voc

_MAPS = (
    ("SegmentationClass", "label"),
    ("SegmentationClassAug", "label"),
    ("SegmentationObject", "id map"),
    ("SegmentationObjectAug", "id map"),
)


def stray_labels(reader: Voc) -> list[Finding]:
    """Labels and id maps of no image that is there or listed."""
    images = {path.stem for path in (reader.root / "JPEGImages").glob("*.jpg")}
    if reader.labels_alone or not images:
        return []
    for listing in (reader.root / "ImageSets").glob("Segmentation*/*.txt"):
        images |= {Path(line.split()[0]).stem for line in listing.read_text("utf-8-sig").splitlines() if line.strip()}
    found: dict[str, Finding] = {}
    for folder, what in _MAPS:
        for path in sorted((reader.root / folder).glob("*.png")):
            if path.stem not in images and path.stem not in found:
                told = f"the {what} has no image 'JPEGImages/{path.stem}.jpg', and no list names it"
                file = named(path, reader.root)
                found[path.stem] = Finding(kind="orphan-label", file=file, what=told, severity=WARNING)
    return list(found.values())


def voc_pairs(reader: Voc, name: str) -> tuple[list[Pair], list[Finding]]:
    """The images of a list that are there, each with the files that belong to it.

    Raises:
        DataError: there is no such list.
    """
    listing = reader.list_file(name)
    file = named(listing, reader.root)
    lines, told = read_split_file(listing, split=name, file=file)
    pairs: dict[str, Pair] = {}
    for line in lines:
        entry = line.text.split()
        image_id = Path(entry[0]).stem
        if image_id in pairs:
            told.append(Finding(kind="double-entry", file=file, what=f"'{image_id}' in line {line.number}", split=name))
            continue
        pair = reader.pair(name, entry)
        if reader.has(pair.image):
            pairs[image_id] = pair
        else:
            what = f"line {line.number} lists '{image_id}', and '{named(pair.image, reader.root)}' is not there"
            told.append(Finding(kind="missing-image", file=file, what=what, split=name))
    return list(pairs.values()), told
