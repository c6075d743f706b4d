"""What is wrong with a data set: one finding for each file, groups of them for people, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]

ERROR: Severity = "error"
WARNING: Severity = "warning"


@dataclass(frozen=True)
class Kind:
    """A kind of fault. An error stops a training or spoils its scores; a warning is worth a look."""

    severity: Severity
    title: str
    todo: str


KINDS = {
    "missing-split": Kind(ERROR, "splits that are not there", "Make the split, or name another one."),
    "refused": Kind(
        ERROR,
        "what the reader refuses",
        "Correct these samples, or take them out; data.on_bad_sample=skip goes on without them.",
    ),
    "unreadable-image": Kind(
        ERROR, "images that cannot be read", "Fetch them again, or take them out; data.on_bad_sample=skip goes on."
    ),
    "unreadable-label": Kind(
        ERROR, "labels that cannot be read", "Fetch them again, or take them out; data.on_bad_sample=skip goes on."
    ),
    "missing-image": Kind(ERROR, "entries without an image", "Add the image, or take the entry out."),
    "missing-label": Kind(ERROR, "images without a label", "Add the label, or take the image out of the split."),
    "missing-ids": Kind(ERROR, "labelled images without an id map", "Add the id map, all 0 if there is no object."),
    "orphan-label": Kind(ERROR, "labels or id maps without an image", "Add the image, or take them away."),
    "label-names": Kind(ERROR, "labels not called as their images", "Rename them."),
    "double-name": Kind(ERROR, "files that differ in their suffix alone", "Take one of them away."),
    "double-entry": Kind(ERROR, "names listed twice in a split file", "Take one of the lines out."),
    "split-file": Kind(
        WARNING,
        "split files with blank lines, spaces or Windows line ends",
        "They are forgiven here; other tools stumble over them.",
    ),
    "size": Kind(
        ERROR, "labels of another size than their image", "Store the label at the image's size, by nearest neighbour."
    ),
    "exif-size": Kind(
        ERROR,
        "labels drawn without the image's EXIF rotation",
        "Turn the label likewise, or store the image without its EXIF tag.",
    ),
    "exif": Kind(
        WARNING,
        "images with an EXIF rotation that sizes do not tell",
        "It is applied here; look whether the labels were drawn on the upright image.",
    ),
    "depth": Kind(
        ERROR,
        "images of another bit depth than the others",
        "Reading stops at them, or leaves them out with data.on_bad_sample=skip: store all images with as many bits.",
    ),
    "channels": Kind(
        ERROR,
        "images of other channels than the others",
        "Reading stops at them: store all images alike, or set data.channels.",
    ),
    "first-image": Kind(
        ERROR, "a first image that decides for all others", "Set data.channels, or store it as they are."
    ),
    "mixed": Kind(WARNING, "images of another make-up than most", "Look whether that is meant, and store them alike."),
    "constant": Kind(WARNING, "images of one single value", "Look at them; take them out if nothing is on them."),
    "values": Kind(ERROR, "label values outside the classes", "Name the classes, or map the values: data.label_map."),
    "scaled": Kind(ERROR, "labels multiplied by 256 or 257 (16-bit)", "Map the values: data.label_map."),
    "stretched": Kind(ERROR, "labels saved as greys for the eye, such as 0 and 255", "Map the values: data.label_map."),
    "shifted": Kind(ERROR, "labels that count classes from 1", "Map the values: data.label_map."),
    "colors": Kind(ERROR, "labels stored as colour pictures", "Store one class index per pixel."),
    "masks": Kind(WARNING, "labels of 0 and 255 alone, where 255 is ignored", "Store class indices."),
    "all-ignored": Kind(WARNING, "labels that are ignored altogether", "Nothing is learnt of them: take them out."),
    "absent-class": Kind(WARNING, "classes that never occur", "Their scores are undefined, and they cannot be learnt."),
    "no-labels": Kind(ERROR, "splits without labels", "Name a split with labels, or null for none."),
    "copy": Kind(ERROR, "the same image in two splits", "Take it out of one split: scores on it say nothing."),
    "alike": Kind(
        WARNING, "nearly the same image in two splits", "Look at them: copies or neighbouring frames raise the score."
    ),
    "same-split": Kind(ERROR, "two roles read the same split", "Give each its own: scores on it say nothing."),
    "object-class": Kind(ERROR, "objects that make no sense", "Correct the id map or the label."),
    "disagree": Kind(
        WARNING, "objects and labels that disagree", "Look at them: the id map or the label is of something else."
    ),
    "annotation": Kind(ERROR, "annotations that make no sense", "Correct them, or take them out."),
    "box": Kind(WARNING, "boxes that are not around their mask", "Write the mask's box, or leave 'bbox' out."),
    "area": Kind(
        WARNING,
        "objects whose area is not their mask's",
        "Write the mask's pixels, or leave 'area' out: AP of small, medium and large objects goes by it.",
    ),
    "exchanged": Kind(ERROR, "images whose height and width are exchanged", "Exchange them in 'images'."),
    "empty-object": Kind(WARNING, "objects without area or outside their image", "Correct them, or take them out."),
    "unlisted-image": Kind(WARNING, "images that the annotations do not list", "List them, or take them away."),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault of one file."""

    kind: str
    file: str
    what: str
    """What is wrong, with values and pixel counts, as an end of a line."""
    split: str = ""
    index: int | None = None
    """Which sample of its split shows it; None where none does."""
    todo: str = ""
    """What to do, where the kind's own word does not fit."""
    severity: Severity | None = None
    """Where it is another than the kind's."""
    twin: tuple[str, int] | None = None
    """Split and index of the sample that it is alike to."""


@dataclass
class Group:
    """Findings of one kind that ask for one thing to do."""

    kind: str
    severity: Severity
    title: str
    todo: str
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Findings that were counted and not kept."""
    again: dict[tuple[str, str], list[Finding]] = field(default_factory=dict)
    """File and what is wrong with it -> the same of the same file in further splits, which counts once."""

    @property
    def count(self) -> int:
        return len(self.findings) + self.more

    def elsewhere(self, finding: Finding) -> list[Finding]:
        """The same fault of the same file, met in further splits."""
        return self.again.get((finding.file, finding.what), [])


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Groups of the same kind, severity and advice; errors first, then the kinds in their own order."""
    groups: dict[tuple[str, Severity, str], Group] = {}
    first: dict[tuple[object, ...], str] = {}
    for finding in findings:
        kind = KINDS[finding.kind]
        severity, todo = finding.severity or kind.severity, finding.todo or kind.todo
        key = (finding.kind, severity, todo)
        if key not in groups:
            groups[key] = Group(finding.kind, severity, kind.title, todo)
        split = first.setdefault((*key, finding.file, finding.what), finding.split)
        if finding.index is not None and split != finding.split:
            groups[key].again.setdefault((finding.file, finding.what), []).append(finding)
        else:
            groups[key].findings.append(finding)
    order = list(KINDS)
    return sorted(groups.values(), key=lambda group: (group.severity != ERROR, order.index(group.kind)))
