"""What label values say: masks of 0 and 255, classes counted from 1 or times 256, in a few files or a whole set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segladder.data.decoding.labels import LabelReader
from segladder.data.doctor import stored_as
from segladder.data.doctor.findings import ERROR, Finding, Severity
from segladder.data.doctor.label_colors import judge_colors
from segladder.data.doctor.label_look import UNKNOWN, Meaning
from segladder.data.doctor.label_maps import as_word, kept_of, union_of
from segladder.data.doctor.look import Color, Look
from segladder.data.doctor.train_ids import ADVICE, hold_train_ids
from segladder.data.doctor.whole_set import whole_set
from segladder.types import DatasetInfo

Entry = tuple[str, int, str, Look]
"""Split, index, label file and look of a labelled sample."""

_LONGEST = 24
"""Entries of a map that is worth typing."""

_SHOWN = 6
"""Values of one label that are listed."""

_MASK = {0, 255}
_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_MAP = "{map}"
"""Stands for the word to type until all of it is known: there is but one data.label_map."""


@dataclass
class Cure:
    """What looks do not say of how labels are to be read instead: each has a cure of its own for its values."""

    colors: dict[Color, int] = field(default_factory=dict)
    """Colour -> class index; -1 for what is to be ignored."""
    doubt: str = ""
    """What a person has to decide before labels can be corrected."""


@dataclass
class Verdict:
    """What the values mean, and the files that are so."""

    findings: list[Finding] = field(default_factory=list)
    cure: Cure = field(default_factory=Cure)


def judge(looks: Sequence[Entry], info: DatasetInfo, labels: LabelReader | None) -> Verdict:
    """Names what is wrong with the labels of a set; those with a cure count, in their looks, as what they are meant to
    be, so that nothing that follows from the same cause is told beside it.

    Args:
        looks: split, index, label file and look of every labelled sample.
        info: the classes.
        labels: how label files are read; None where the reader's labels are no files of values.
    """
    findings, colors = judge_colors(looks, info, labels)
    verdict = Verdict(findings, Cure(colors=colors))
    if labels is None:
        verdict.findings += [_finding(one, "values", one[3].unknown, "") for one in looks if one[3].unknown]
    else:
        _Judge([entry for entry in looks if entry[3].values], labels, verdict).judge()
    return verdict


class _Judge:
    """What explains the labels of a set: what each says by itself, where that is clear, and what the rest say together.

    `left` are those that nothing has explained yet.
    """

    def __init__(self, looks: list[Entry], labels: LabelReader, verdict: Verdict) -> None:
        self.left, self.labels, self.verdict = looks, labels, verdict
        self.meaning = Meaning(labels)
        self.count = len(labels.classes)
        # a reader of a fixed layout takes no map: its own word says what its files should have been
        self.own = type(labels) is LabelReader
        self.map: dict[int, int | None] = {}
        self.found: list[Finding] = []

    def judge(self) -> None:
        self._train_ids()
        self._jpeg()
        for factor in stored_as.FACTORS:
            self._times(factor)
        self._whole_set()
        self._spread()
        self._masks()
        self._whole_set()
        self._from_one()
        self._masks_of_ignored()
        self._outside()
        word = as_word(kept_of(self.labels) | self.map)
        self.verdict.findings += [replace(one, todo=one.todo.replace(_MAP, word)) for one in self.found]

    def _train_ids(self) -> None:
        known = [one for one in self.left if not one[3].unknown]
        self._explain("values", ADVICE, [known[at] for at in hold_train_ids([look for *_, look in known], self.labels)])

    def _jpeg(self) -> None:
        found = [one for one in self.left if one[2].lower().endswith(_JPEG) and one[3].unknown]
        if self.own and any(len(one[3].values) > self.count + len(self.labels.ignore) for one in found):
            todo = (
                "JPEG is lossy, so values blur into others: export the labels again as PNG, one class index per pixel."
            )
            self._explain("values", todo, found)

    def _times(self, factor: int) -> None:
        def read(look: Look) -> Mapping[int, int] | None:
            fits = stored_as.times(look.values, self.meaning) == factor
            return {value: value // factor for value in look.values} if fits else None

        found, cures = self._readings(read)
        if found:
            # classes that no label shows today may come tomorrow
            classes = {value * factor: self.meaning.meant(value) for value in range(min(self.count, 65536 // factor))}
            told = f"Each value is {factor} times its class, 8 bits stored as 16"
            remedy = self._remedy(classes | union_of(cures), f"divide by {factor}")
            self._cure("scaled", told, remedy, found, cures)

    def _whole_set(self) -> None:
        cause = whole_set([look for *_, look in self.left], self.labels, self.meaning) if self.own else None
        if cause is not None:
            self.map |= cause.cure
            self._cure(cause.kind, cause.told, f"set {_MAP}.", self.left, [cause.cure] * len(self.left))

    def _spread(self) -> None:
        def read(look: Look) -> Mapping[int, int] | None:
            unsaid = set(look.values) <= _MASK and self.count > 2
            return None if unsaid else stored_as.spread(look.values, self.meaning, self.count)

        found, cures = self._readings(read)
        every = union_of(cures)
        if not found or (set(every) <= _MASK and self._elsewhere(255, found)):
            return  # 255 may be what others call unknown
        told = "Saved as 0 and 255" if set(every) <= _MASK else "Spread over the greys, for the eye"
        self._cure("stretched", told, self._remedy(every, "store class indices"), found, cures)

    def _masks(self) -> None:
        """Masks of 0 and 255 among labels of more classes, none of which knows 255."""
        found = [one for one in self.left if set(one[3].values) <= _MASK and 255 in one[3].unknown]
        if len(found) < len(self.left) and not self._elsewhere(255, found):
            told = f"Saved as 0 and 255, and 255 is none of the {self.count} classes"
            self._explain("values", self._todo(told, "store the class's index instead."), found)

    def _from_one(self) -> None:
        found, cures = self._readings(lambda look: stored_as.from_one(look.values, self.meaning))
        others = [look.values for *_, look in self._beside(found)]
        zeros = [values for values in others if 0 in values]
        if 2 * len(zeros) > len(others) and not any(self.meaning.top + 1 in values for values in zeros):
            told = "Counted from 1, where other labels count from 0"
            self._cure("shifted", told, "subtract 1; `fix=DIR` does so.", found, cures)

    def _masks_of_ignored(self) -> None:
        """Labels of 0 and 255 alone where 255 is ignored: nothing complains, and next to nothing is learnt."""
        if 255 not in self.labels.ignore or self.meaning.of(255) != self.meaning.ignore_index:
            return
        masks = [one for one in self.left if set(one[3].values) == _MASK]
        others = [look for *_, look in self.left if set(look.values) not in (_MASK, {255})]
        if masks and all(set(look.values) <= _MASK for look in others):
            told = "No label holds another class, so they are masks saved as 0 and 255"
            remedy = f"name two classes (data.classes=[…]) and set {as_word({0: 0, 255: 1})}, or store class indices."
            self.verdict.cure.doubt = f"no label holds a class but 0, beside 255. {remedy.capitalize()}"
            self._explain("masks", self._todo(told, remedy), self.left, severity=ERROR)
            return
        most = max((_share(look) for look in others), default=0.0)
        odd = [one for one in masks if _share(one[3]) > 2 * most]
        if not odd or 2 * len(odd) > len(self.left):
            return
        remedy = "store the class's index in place of 255."
        if self.own and self.count == 2 and not self._elsewhere(255, odd):
            self.map[255] = 1
            remedy = f"set {_MAP}."
        self._explain("masks", f"If they are masks saved as 0 and 255, {remedy}", odd)

    def _outside(self) -> None:
        """Whatever else means nothing."""
        found = [one for one in self.left if one[3].unknown]
        if not self.own:
            for one in found:
                look = one[3]
                self._explain("values", self._advice(look.values, look.unknown), [one])
        elif found:
            unknown = {value for *_, look in found for value in look.unknown}
            todo = self._advice({value for *_, look in self.left for value in look.values}, unknown)
            if unknown == {self.count}:
                shift: dict[int, int | None] = {value: value - 1 for value in range(1, self.count + 1)}
                todo += f" If 0 is what nobody labelled and classes count from 1: set {as_word({0: None} | shift)}."
                doubt = f"value {self.count} may be what is ignored, or all labels may count classes from 1. {todo}"
                self.verdict.cure.doubt = doubt
            self._explain("values", todo, found)

    def _readings(
        self, read: Callable[[Look], Mapping[int, int] | None]
    ) -> tuple[list[Entry], list[dict[int, int | None]]]:
        """Labels that can be read otherwise, by themselves, and what each of their values then is."""
        found, cures = [], []
        for one in self.left:
            reading = read(one[3])
            if reading is not None:
                found.append(one)
                cures.append({value: self.meaning.meant(other) for value, other in reading.items()})
        return found, cures

    def _cure(
        self, kind: str, told: str, remedy: str, found: Sequence[Entry], cures: Sequence[Mapping[int, int | None]]
    ) -> None:
        """Labels whose values are known to be meant otherwise; those that this does not change are not named."""
        todo = self._todo(told, remedy)
        for one, cure in zip(found, cures, strict=True):
            look = one[3]
            changed = {
                value: pixels
                for value, pixels in look.values.items()
                if value in cure and cure[value] != self.meaning.meant(value)
            }
            _reread(look, cure, self.meaning)
            look.explained = kind
            if changed:
                self.found.append(_finding(one, kind, changed, todo))
        self.left = self._beside(found)

    def _explain(self, kind: str, todo: str, found: Sequence[Entry], *, severity: Severity | None = None) -> None:
        """Labels of which only a person can say what they are meant to be."""
        for one in found:
            look = one[3]
            odd = look.unknown or {value: pixels for value, pixels in look.values.items() if value}
            look.explained = kind
            if odd:
                self.found.append(replace(_finding(one, kind, odd, todo), severity=severity))
        self.left = self._beside(found)

    def _beside(self, found: Sequence[Entry]) -> list[Entry]:
        """What is left but for those."""
        these = {id(one) for one in found}
        return [one for one in self.left if id(one) not in these]

    def _elsewhere(self, value: int, found: Sequence[Entry]) -> bool:
        """Whether labels beside those hold a value."""
        return any(value in look.values for *_, look in self._beside(found))

    def _remedy(self, needed: Mapping[int, int | None], instead: str) -> str:
        """A map, where that is enough and short."""
        needed = {value: index for value, index in sorted(needed.items()) if value}
        if any(self.meaning.of(value) != UNKNOWN for value in needed) or len(needed) > _LONGEST:
            return f"{instead}; `fix=DIR` does so."
        self.map |= needed
        return f"set {_MAP}."

    def _advice(self, every: Iterable[int], unknown: Iterable[int]) -> str:
        return self.labels.advice(np.array(sorted(every)), np.array(sorted(unknown)))

    def _todo(self, told: str, remedy: str) -> str:
        """The remedy; of a fixed layout what its reader says to a value that no file of it has."""
        return f"{told}: {remedy}" if self.own else f"{told}. {self._advice([65535], [65535])}"


def _finding(one: Entry, kind: str, values: Mapping[int, int], todo: str) -> Finding:
    split, index, file, _ = one
    shown = list(values.items())
    listed = ", ".join(f"{value} ({pixels:,} pixels)" for value, pixels in shown[:_SHOWN])
    more = f" and {len(shown) - _SHOWN} more values" if len(shown) > _SHOWN else ""
    what = f"{'value' if len(shown) == 1 else 'values'} {listed}{more}"
    return Finding(kind=kind, file=file, what=what, split=split, index=index, todo=todo)


def _reread(look: Look, cure: Mapping[int, int | None], meaning: Meaning) -> None:
    """Counts a label as its values are meant, and forgets what its objects seemed to contradict."""
    look.cure = dict(cure)
    look.pixels, look.ignored, look.unknown = {}, 0, {}
    for value, pixels in look.values.items():
        index = cure.get(value, meaning.meant(value))
        if index is None:
            look.ignored += pixels
        elif index == UNKNOWN:
            look.unknown[value] = pixels
        else:
            look.pixels[index] = look.pixels.get(index, 0) + pixels
    look.findings = [finding for finding in look.findings if finding.kind not in ("object-class", "disagree")]


def _share(look: Look) -> float:
    """Of 255."""
    return look.values.get(255, 0) / max(sum(look.values.values()), 1)
