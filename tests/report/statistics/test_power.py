"""How many seeds settle a comparison, against statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from segladder.report.statistics.power import power_of, raised, seeds_needed
from segladder.report.statistics.uncertainty import Estimate, Sample, difference_of


def difference(effect, *, images=0.0, seeds=5):
    """Of two methods whose seeds have standard deviation 1."""
    return Estimate(
        value=effect,
        seeds_variance=2 / seeds,
        images_variance=images,
        freedom=2 * seeds - 2,
        seed_terms=((1 / seeds, seeds - 1), (1 / seeds, seeds - 1)),
        seeds=(seeds, seeds),
    )


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("seeds", [2, 3, 6, 20])
def test_power_is_that_of_students_test(effect, seeds):
    reference = TTestIndPower().power(effect, nobs1=seeds, alpha=0.05)
    assert power_of(difference(effect), seeds) == pytest.approx(reference, abs=1e-6)


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0, 3.0])
def test_seeds_needed_are_the_fewest_that_have_the_power(effect):
    needed = seeds_needed(difference(effect)).seeds
    assert needed is not None
    # of five seeds the spread is raised to where chance makes it too small as often as too large
    spread = math.sqrt(4 / stats.chi2.median(4))
    reference = TTestIndPower().solve_power(effect / spread, alpha=0.05, power=0.8)
    assert needed == max(3, math.ceil(reference))


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_a_raised_variance_is_too_small_as_often_as_too_large(seeds):
    drawn = np.random.default_rng(0).normal(0, 1, (20_000, seeds)).var(1, ddof=1)
    assert np.mean(drawn < 1) > 0.55
    assert np.mean([raised(one, seeds - 1) < 1 for one in drawn[:2000]]) == pytest.approx(0.5, abs=0.04)


def test_two_standard_deviations_are_found_with_six_seeds():
    assert power_of(difference(2.0), 6) >= 0.8


def test_where_images_are_the_limit_no_seeds_help():
    found = seeds_needed(difference(1.0, images=1.0))
    assert found.seeds is None
    # sqrt(variance) may be 1 / 2.80 at most: 1.96 and 0.84 normal deviations
    assert found.images == pytest.approx(2.8016**2, rel=1e-3)


def test_no_difference_is_never_found():
    assert seeds_needed(difference(0.0)).seeds is None
    assert seeds_needed(difference(0.0)).images is None


def test_one_seed_tells_no_spread():
    with pytest.raises(ValueError, match="spread over seeds"):
        seeds_needed(difference_of(Sample.of([0.5]), Sample.of([0.6, 0.7])))


@pytest.mark.parametrize("seeds", [4, 5, 8])
def test_unequal_spreads_are_kept_apart(seeds):
    # one method hardly varies, so that the test has the freedom of the other alone; against drawn experiments
    rng = np.random.default_rng(0)
    ours, theirs = [0.0, 0.1, -0.1], [2.0, 3.0, 1.0, 2.5, 1.5]
    found = power_of(difference_of(Sample.of(ours), Sample.of(theirs)), seeds)
    drawn = [
        rng.normal(np.mean(side), np.std(side, ddof=1), (20_000, seeds)) for side in (np.array(ours), np.array(theirs))
    ]
    p_values = stats.ttest_ind(*drawn, axis=1, equal_var=False).pvalue
    assert found == pytest.approx((p_values < 0.05).mean(), abs=0.02)


def test_images_that_add_little_never_make_a_test_surer():
    # by their many degrees of freedom they would
    assert power_of(difference(2.0, images=1e-3), 3) <= power_of(difference(2.0), 3)


def test_power_is_a_number_where_scipys_noncentral_t_has_none():
    found = Estimate(
        value=0.013549721929571934,
        seeds_variance=7.24e-07,
        images_variance=1.1563913416857513e-08,
        freedom=2.09,
        seed_terms=((7.188030250836226e-07, 2), (5.207536252059588e-09, 2)),
        seeds=(3, 3),
    )
    chances = [power_of(found, seeds, level=0.05 / 36) for seeds in range(2, 8)]
    assert all(0 <= chance <= 1 for chance in chances) and chances == sorted(chances)
    # the same by drawing: the mean's deviation, and each side's variance over seeds
    rng = np.random.default_rng(0)
    spreads = [part * 3 for part, _ in found.seed_terms]
    draws = [rng.normal(0, np.sqrt(spread), (200_000, 4)) for spread in spreads]
    parts = [one.var(1, ddof=1) / 4 for one in draws]
    variance = parts[0] + parts[1]
    value = found.value + draws[0].mean(1) - draws[1].mean(1)
    freedom = variance**2 / ((parts[0] ** 2 + parts[1] ** 2) / 3)
    p = 2 * stats.t.sf(abs(value) / np.sqrt(variance), freedom)
    assert chances[2] == pytest.approx((p < 0.05 / 36).mean(), abs=0.05)
    assert seeds_needed(found, level=0.05 / 36).seeds >= 2 + next(
        i for i, chance in enumerate(chances) if chance >= 0.8
    )
