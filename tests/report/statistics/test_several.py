"""Holm's correction, against statsmodels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from segladder.report.statistics.several import holm


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_it_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)


def test_what_is_not_tested_does_not_count():
    found = holm([0.04, math.nan, 0.01])
    assert found[0] == pytest.approx(0.04) and found[2] == pytest.approx(0.02)
    assert math.isnan(found[1])
    assert len(holm([])) == 0
