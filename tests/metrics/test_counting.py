"""Both ways of counting agree, and the one for GPUs reads nothing back."""

import pytest
import torch

from segladder.metrics.counting import count, count_by_sorting


@pytest.mark.parametrize("bins", [1, 2, 361, 40_000])
def test_counting_by_sorting_equals_bincount(bins):
    index = torch.randint(0, bins, (10_000,))
    assert torch.equal(count_by_sorting(index, bins), torch.bincount(index, minlength=bins))
    assert torch.equal(count(index.view(100, 100), bins), torch.bincount(index, minlength=bins))


def test_no_values_count_as_zeros():
    assert count_by_sorting(torch.zeros(0, dtype=torch.int64), 3).tolist() == [0, 0, 0]
