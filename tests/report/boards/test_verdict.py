"""Words for differences."""

from __future__ import annotations

import math

import pytest

from segladder.report.boards.verdict import verdict_of
from segladder.report.statistics.uncertainty import Sample, difference_of

HIGH, LOW = [0.9, 0.91, 0.92], [0.5, 0.51, 0.52]


def difference(ours, theirs):
    return difference_of(Sample.of(ours), Sample.of(theirs))


@pytest.mark.parametrize(
    ("ours", "theirs", "p", "minimised", "word"),
    [
        (HIGH, LOW, 0.01, False, "better"),
        (LOW, HIGH, 0.01, False, "worse"),
        (HIGH, LOW, 0.01, True, "worse"),
        (HIGH, LOW, 0.05, False, "undecided"),
    ],
)
def test_better_is_said_below_five_percent_alone(ours, theirs, p, minimised, word):
    assert verdict_of(difference(ours, theirs), p, minimised=minimised).word == word


def test_there_is_none_without_three_seeds_on_each_side():
    verdict = verdict_of(difference(HIGH, LOW[:1]), 0.001)
    assert verdict.word == "" and verdict.text.startswith("no verdict: 1 seed, 3 are needed; the interval leaves out")


def test_there_is_none_where_nothing_varies():
    assert verdict_of(difference([0.5] * 3, [0.6] * 3), math.nan).text.startswith("no verdict: all seeds and images")
