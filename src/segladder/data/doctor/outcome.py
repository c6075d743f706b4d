"""What became of each finding in the corrected copy: corrected, left out, or left as it is and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field

from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.doubles import files_of
from segladder.data.doctor.findings import KINDS, Finding

_DROPPED = ("missing-image", "orphan-label", "unlisted-image", "annotation", "empty-object", "no-labels")
"""What stands in lists, files and folders of the original alone."""

_MENDED = (
    "split-file",
    "double-entry",
    "double-name",
    "box",
    "area",
    "exchanged",
    "label-names",
    "first-image",
    "scaled",
    "stretched",
    "shifted",
    "colors",
    "exif-size",
)
"""What the copy has in another form, where its sample is not left out."""

_WHY = {
    "missing-split": "there is nothing to copy",
    "refused": "nothing of it could be read",
    "same-split": "which samples are whose only a person can tell",
    "exif": "sizes fit either way, so nothing tells how the labels were drawn; the tag stays",
    "mixed": "whether that is meant only a person can tell",
    "masks": "whether 255 is a class or what nobody knows only a person can tell",
    "constant": "whether something should be on them only a person can tell",
    "absent-class": "no label in the copy shows them",
    "alike": "whether they are copies or neighbouring frames only a person can tell",
    "disagree": "which of the two is right only a person can tell",
}


@dataclass(frozen=True)
class Trouble:
    """A sample that could not be written."""

    why: str
    stops: bool = False
    """So it will be with all others."""


@dataclass
class Outcome:
    """Kinds of findings -> how many, by what became of them."""

    corrected: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    """Only the copy has them: classes of which all samples were left out."""


def outcome(before: Checkup, after: Checkup, *, out: Container[tuple[str, int]], homes: Mapping[str, str]) -> Outcome:
    """Compares what was found in a data set with what is found in its copy.

    Args:
        before: of the data set.
        after: of the copy.
        out: split and index of the samples that are not in the copy.
        homes: of each split its name in the copy.
    """
    found, there = Outcome(), _counted(after)
    waiting: Counter[tuple[str, str]] = Counter()
    gone = files_of(before, out)
    for group in before.groups:
        for finding in group.findings:
            unclear = finding.kind == "double-name" and finding.file in gone
            places = (finding, *group.elsewhere(finding))
            if all(_is_out(one, out) for one in places) or finding.kind in _DROPPED or unclear:
                found.left_out[finding.kind] += 1
            elif finding.kind in _MENDED:
                found.corrected[finding.kind] += 1
            else:
                split = next(one.split for one in places if not _is_out(one, out))
                waiting[finding.kind, homes.get(split, split)] += 1
        waiting[group.kind, ""] += group.more
    for (kind, split), count in waiting.items():
        stays = count if kind == "missing-split" else min(count, there[kind, split])
        found.left[kind] += stays
        # what is gone went with what was mended, as classes that 0 and 255 hid; boxes of VOC's are in no copy
        gone_to = found.left_out if kind == "disagree" else found.corrected
        gone_to[kind] += count - stays
        there[kind, split] -= stays
    for (kind, _), count in there.items():
        found.new[kind] += max(count, 0)
    return found


def told(found: Outcome) -> Iterator[str]:
    """Lines for people."""
    for title, counts in (
        ("Corrected", found.corrected),
        ("Left out", found.left_out),
        ("Left as it is", found.left),
        ("New in the copy, by what was left out", found.new),
    ):
        rows = [(kind, counts[kind]) for kind in KINDS if counts[kind]]
        if rows:
            yield f"{title}:"
        for kind, count in rows:
            why = f": {_WHY.get(kind, 'nothing tells what would be right')}" if counts is found.left else ""
            yield f"{count:>7,}  {KINDS[kind].title}{why}"


def _is_out(finding: Finding, out: Container[tuple[str, int]]) -> bool:
    own = finding.index is not None and (finding.split, finding.index) in out
    return own or (finding.twin is not None and finding.twin in out)


def _counted(checkup: Checkup) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for group in checkup.groups:
        counts[group.kind, ""] += group.more
        counts.update((finding.kind, finding.split) for finding in group.findings)
    return counts
