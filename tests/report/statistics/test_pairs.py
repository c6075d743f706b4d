"""All pairs at once say what each pair says by itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from segladder.report.statistics.pairs import pairs_of
from segladder.report.statistics.several import holm
from segladder.report.statistics.uncertainty import Sample, difference_of


def sample(rng, mean, *, seeds, images=40, resamples=300, known=True):
    scores = rng.normal(mean, 0.01, seeds)
    shared = np.random.default_rng(5).normal(0, 0.02, (resamples, 1))
    rows = scores + shared + rng.normal(0, 0.01, (resamples, 1)) + rng.normal(0, 0.005, (resamples, seeds))
    return Sample.of(scores, rows if known else None, images=images if known else 0)


@pytest.fixture
def samples():
    rng = np.random.default_rng(3)
    made = [sample(rng, mean, seeds=seeds) for mean, seeds in ((0.9, 3), (0.89, 5), (0.7, 4), (0.9, 2), (0.8, 1))]
    return [*made, sample(rng, 0.85, seeds=3, known=False)]


def test_every_pair_is_the_pair_by_itself(samples):
    found = pairs_of(samples)
    tested = []
    for a, b in itertools.combinations(range(len(samples)), 2):
        alone = difference_of(samples[a], samples[b])
        assert found.value[a, b] == pytest.approx(alone.value) == pytest.approx(-found.value[b, a])
        expected = alone.p_value() if alone.enough else np.nan
        assert found.p[a, b] == pytest.approx(expected, rel=1e-9, nan_ok=True)
        assert found.p[b, a] == pytest.approx(expected, rel=1e-9, nan_ok=True)
        tested.append(expected)
    adjusted = [found.adjusted[a, b] for a, b in itertools.combinations(range(len(samples)), 2)]
    assert adjusted == pytest.approx(holm(tested), nan_ok=True)
    assert found.tests == 6  # of the four methods with three seeds or more


def test_what_cannot_be_told_apart_shares_a_rank(samples):
    assert pairs_of(samples[:3]).ranks() == [1, 1, 3]
    assert pairs_of(samples[:3]).ranks(lower_is_better=True) == [2, 2, 1]
    assert pairs_of(samples[3:5]).ranks() == [1, 1]


def test_one_method_alone_is_first():
    found = pairs_of([Sample.of([0.5, 0.6, 0.7])])
    assert found.ranks() == [1] and found.tests == 0
