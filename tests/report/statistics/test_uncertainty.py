"""Means and differences with their spread over seeds and test images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segladder.report.statistics.resampling import draws, resampled
from segladder.report.statistics.uncertainty import Sample, difference_of, estimate_of

SCORES = st.lists(st.floats(0, 1, width=32), min_size=2, max_size=8)


def resampled_like(scores, *, images, seed, shared=0.0, own=0.0, resamples=4000):
    """Scores of seeds on resampled images: moved together by `shared`, and each by itself by `own`."""
    rng = np.random.default_rng(seed)
    together = np.random.default_rng(99).normal(0, shared, (resamples, 1))
    return np.asarray(scores) + together + rng.normal(0, own, (resamples, len(scores)))


@given(SCORES, SCORES)
def test_without_images_it_is_the_test_of_welch(ours, theirs):
    found = difference_of(Sample.of(ours), Sample.of(theirs))
    assert found.value == pytest.approx(np.mean(ours) - np.mean(theirs), abs=1e-12)
    if np.var(ours) + np.var(theirs) < 1e-12:
        return
    reference = stats.ttest_ind(ours, theirs, equal_var=False)
    assert found.p_value() == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-12)
    assert found.freedom == pytest.approx(reference.df, rel=1e-6)
    low, high = reference.confidence_interval(0.95)
    assert found.interval() == pytest.approx((low, high), rel=1e-6, abs=1e-9)


@given(SCORES)
def test_without_images_the_interval_of_a_mean_is_students(scores):
    if np.var(scores) < 1e-12:
        return
    low, high = stats.t.interval(0.95, len(scores) - 1, np.mean(scores), stats.sem(scores))
    assert estimate_of(Sample.of(scores)).interval() == pytest.approx((low, high), rel=1e-6, abs=1e-9)


def test_of_one_seed_and_equal_images_it_is_the_paired_test_over_images():
    # pixel accuracy of images with equally many pixels is a mean over them, so that the textbook's test applies
    rng = np.random.default_rng(0)
    N, pixels = 200, 1000
    right = [rng.binomial(pixels, share, N) for share in (0.80, 0.79)]
    weights = draws(N, resamples=20_000)
    samples = []
    for tp in right:
        arrays = {"tp": tp[:, None], "fp": (pixels - tp)[:, None], "fn": (pixels - tp)[:, None]}
        rows = resampled("pixel_accuracy", arrays, weights)
        samples.append(Sample.of([tp.sum() / (N * pixels)], rows[:, None], images=N))
    found = difference_of(*samples)
    reference = stats.ttest_rel(right[0] / pixels, right[1] / pixels)
    low, high = reference.confidence_interval(0.95)
    assert found.interval() == pytest.approx((low, high), abs=0.02 * (high - low))
    assert found.freedom == N - 1
    assert math.isnan(found.p_value())  # one seed: no verdict


def test_what_all_methods_share_of_the_images_leaves_a_difference():
    ours, theirs = [0.80, 0.81, 0.79], [0.70, 0.71, 0.69]
    apart = [
        Sample.of(scores, resampled_like(scores, images=100, seed=index, shared=0.05), images=100)
        for index, scores in enumerate((ours, theirs))
    ]
    assert estimate_of(apart[0]).images_variance == pytest.approx(0.05**2, rel=0.1)
    assert difference_of(*apart).images_variance == pytest.approx(0.0, abs=1e-12)


def test_what_seed_and_image_do_together_is_counted_once():
    # it is part of the scatter of the seeds' scores already
    scores = np.random.default_rng(1).normal(0.8, 0.02, 200)
    rows = resampled_like(scores, images=10**6, seed=2, shared=0.01, own=0.02, resamples=8000)
    found = estimate_of(Sample.of(scores, rows, images=10**6))
    assert found.images_variance == pytest.approx(0.01**2, rel=0.1)
    alone = estimate_of(Sample.of(scores, resampled_like(scores, images=10**6, seed=2, own=0.02), images=10**6))
    assert alone.images_variance < 0.1 * 0.02**2 / 200
    assert alone.variance == pytest.approx(scores.var(ddof=1) / 200, rel=0.15)


def test_a_mean_of_methods_weighs_them_alike():
    samples = [
        Sample.of(scores, resampled_like(scores, images=50, seed=7, shared=0.01), images=50)
        for scores in ([0.5, 0.6, 0.7], [0.8, 0.82])
    ]
    found = estimate_of(Sample.mean_of(samples))
    assert found.value == pytest.approx((0.6 + 0.81) / 2)
    assert found.seeds_variance == pytest.approx((0.01 / 3 + 0.0002 / 2) / 4)
    assert found.images_variance == pytest.approx(0.01**2 * 50 / 49, rel=0.1)
    assert found.seeds == (2,)


def test_one_seed_has_an_interval_of_images_alone_and_no_p_value():
    rows = resampled_like([0.8], images=50, seed=0, shared=0.01)
    one = Sample.of([0.8], rows, images=50)
    many = Sample.of([0.7, 0.71, 0.72], resampled_like([0.7, 0.71, 0.72], images=50, seed=1, shared=0.01), images=50)
    found = difference_of(one, many)
    assert math.isnan(found.seeds_variance) and math.isnan(found.p_value())
    assert not found.complete and not found.enough
    # what is known of the other side's seeds is in the interval all the same
    low, high = found.interval()
    assert high - low > 2 * 4.3 * np.std([0.7, 0.71, 0.72], ddof=1) / np.sqrt(3) * 0.9
    low, high = estimate_of(one).interval()
    assert low < 0.8 < high
    assert math.isnan(estimate_of(Sample.of([0.8])).interval()[0])


def test_scores_without_any_spread_are_equal_or_have_no_test():
    same = Sample.of([0.5, 0.5, 0.5])
    assert difference_of(same, same).p_value() == 1.0
    assert math.isnan(difference_of(same, Sample.of([0.6, 0.6, 0.6])).p_value())


def test_other_images_are_not_compared():
    one = Sample.of([0.5, 0.6], resampled_like([0.5, 0.6], images=10, seed=0, shared=0.1), images=10)
    other = Sample.of([0.5, 0.6], resampled_like([0.5, 0.6], images=11, seed=0, shared=0.1), images=11)
    with pytest.raises(ValueError, match="same images, not on 10 and 11"):
        difference_of(one, other)


def test_no_seed_is_no_score():
    with pytest.raises(ValueError, match="without a seed"):
        Sample.of([])


def test_with_images_an_interval_is_never_narrower_than_of_the_seeds_alone():
    # one method varies from seed to seed, the other hardly: two degrees of freedom, which images would multiply
    ours, theirs = [0.80, 0.82, 0.84], [0.70, 0.7001, 0.7002]
    seeds = difference_of(Sample.of(ours), Sample.of(theirs))
    known = [
        Sample.of(scores, resampled_like(scores, images=1000, seed=number, own=0.006)[:, :1] + [0, 0, 0], images=1000)
        for number, scores in enumerate((ours, theirs))
    ]
    both = difference_of(*known)
    assert both.images_variance > 0 and both.freedom > seeds.freedom
    assert both.variance > seeds.variance
    reach = [found.interval()[1] - found.value for found in (seeds, both)]
    assert reach[1] >= reach[0]
    assert both.p_value() >= seeds.p_value()
    # wider where the images matter
    much = difference_of(
        *(
            Sample.of(s, resampled_like(s, images=1000, seed=n, shared=0.05 * n), images=1000)
            for n, s in enumerate((ours, theirs))
        )
    )
    assert much.interval()[1] - much.value > 1.5 * reach[0]


@given(SCORES, SCORES, st.floats(0, 0.1))
def test_an_interval_leaves_zero_out_where_the_test_finds_a_difference(ours, theirs, images):
    samples = [
        Sample.of(scores, resampled_like(scores, images=50, seed=number, own=images, resamples=50), images=50)
        for number, scores in enumerate((ours, theirs))
    ]
    found = difference_of(*samples)
    low, high = found.interval()
    if math.isnan(found.p_value()) or abs(found.p_value() - 0.05) < 1e-9:
        return
    assert (low > 0 or high < 0) == (found.p_value() < 0.05)
