"""What became of each finding: counted by what the copy still has, not by what was meant to be mended."""

from __future__ import annotations

from pathlib import Path

from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.findings import Finding, grouped
from segladder.data.doctor.outcome import outcome, told
from segladder.data.doctor.survey import Survey
from segladder.types import DatasetInfo

INFO = DatasetInfo(name="set", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), things=(False, False))


def checked(*findings):
    groups = grouped(Finding(kind=kind, file=f"{kind}.png", what="", **more) for kind, more in findings)
    return Checkup(survey=Survey("set", Path(), INFO, None), groups=groups, holds={}, looks={})


def test_each_finding_is_corrected_left_out_or_left_as_it_is():
    before = checked(
        ("unreadable-label", {"split": "train", "index": 0}),
        ("stretched", {"split": "train", "index": 0}),  # of the same sample
        ("stretched", {"split": "train", "index": 1}),
        ("absent-class", {"split": "train"}),
        ("absent-class", {"split": "val2017"}),
        ("alike", {"split": "train", "index": 1, "twin": ("val2017", 3)}),
        ("alike", {"split": "train", "index": 2, "twin": ("val2017", 4)}),
        ("disagree", {"split": "train", "index": 2}),
        ("missing-split", {"split": "test"}),
        ("orphan-label", {}),
    )
    after = checked(
        ("absent-class", {"split": "val"}),
        ("alike", {"split": "train", "index": 1, "twin": ("val", 2)}),
        ("all-ignored", {"split": "val"}),
    )
    found = outcome(before, after, out={("train", 0), ("val2017", 3)}, homes={"train": "train", "val2017": "val"})

    assert {kind: count for kind, count in found.corrected.items() if count} == {"stretched": 1, "absent-class": 1}
    assert {kind: count for kind, count in found.left_out.items() if count} == {
        "unreadable-label": 1,
        "stretched": 1,
        "alike": 1,
        "disagree": 1,  # boxes that the copy has no place for
        "orphan-label": 1,
    }
    assert {kind: count for kind, count in found.left.items() if count} == {
        "absent-class": 1,
        "alike": 1,
        "missing-split": 1,
    }
    assert {kind: count for kind, count in found.new.items() if count} == {"all-ignored": 1}
    lines = list(told(found))
    assert [line for line in lines if line.endswith(":")] == [
        "Corrected:",
        "Left out:",
        "Left as it is:",
        "New in the copy, by what was left out:",
    ]
    assert "      1  classes that never occur: no label in the copy shows them" in lines


def test_findings_that_were_only_counted_stay_counted():
    before, after = checked(("alike", {"split": "train", "index": 0})), checked(("alike", {"split": "train"}))
    before.groups[0].more, after.groups[0].more = 1000, 990
    found = outcome(before, after, out=set(), homes={"train": "train"})
    assert (found.left["alike"], found.corrected["alike"]) == (991, 10)
