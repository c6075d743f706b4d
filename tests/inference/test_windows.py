"""Windows cover every pixel, their shares add up, and no more rows are kept than a window is high."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from segladder.inference import Inference
from segladder.inference.windows import spans

from .networks import pointwise, raw_images


@st.composite
def sides(draw: st.DrawFn) -> tuple[int, int, int]:
    """Length of a side, window, stride."""
    window = draw(st.integers(1, 40))
    return draw(st.integers(1, 150)), window, draw(st.integers(1, window))


@pytest.mark.parametrize("weighting", ["gaussian", "uniform"])
@settings(max_examples=150, deadline=None)
@given(side=sides())
def test_windows_cover_every_pixel_inside_the_image_and_share_it_in_full(weighting, side):
    length, window, stride = side
    found = spans(length, window, stride, weighting=weighting)
    total = torch.zeros(length, dtype=torch.float64)
    for span in found:
        assert span.start >= 0 and span.start + span.pixels <= length
        assert span.pixels == min(window, length)
        assert (span.share > 0).all()
        total[span.inside] += span.share.double()
    torch.testing.assert_close(total, torch.ones(length, dtype=torch.float64), rtol=0, atol=1e-6)
    steps = [second.start - first.start for first, second in pairwise(found)]
    assert all(step == stride for step in steps[:-1]) and all(0 < step <= stride for step in steps[-1:])
    assert found[-1].inside.stop == length


def test_uniform_shares_are_one_over_the_number_of_windows():
    shares = [span.share.tolist() for span in spans(6, 4, 2, weighting="uniform")]
    assert shares == [[1, 1, 0.5, 0.5], [0.5, 0.5, 1, 1]]


def test_gaussian_shares_are_those_of_a_deviation_of_an_eighth():
    first, second = spans(12, 8, 4, weighting="gaussian")
    # pixel 4 is half a pixel right of the first window's centre and 3.5 left of the second's; sigma is one pixel
    near, far = torch.exp(torch.tensor([-(0.5**2) / 2, -(3.5**2) / 2], dtype=torch.float64))
    assert first.share[4].item() == pytest.approx((near / (near + far)).item())
    assert second.share[0].item() == pytest.approx((far / (near + far)).item())
    assert torch.equal(first.share.flip(0), second.share)


@settings(max_examples=40, deadline=None)
@given(rows=sides(), columns=sides(), size=st.one_of(st.none(), st.integers(1, 30)))
def test_bands_follow_each_other_and_together_are_the_scores(rows, columns, size):
    raw = raw_images(1, 1, rows[0], columns[0])
    inference = Inference(
        size=None if size is None else [size, size + 3], window=[rows[1], columns[1]], stride=[rows[2], columns[2]]
    )
    network = pointwise(1, 2)
    bands = list(inference.bands(network, raw))
    next_row = 0
    for first, band in bands:
        assert first == next_row and band.shape[2] > 0
        next_row += band.shape[2]
    assert next_row == rows[0]
    assert torch.equal(torch.cat([band for _, band in bands], 2), inference.scores(network, raw))


class Largest(TorchDispatchMode):
    """Remembers the most elements that any tensor made within it has."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            # the raw image's own views are no new memory
            if isinstance(leaf, torch.Tensor) and leaf.is_floating_point():
                self.elements = max(self.elements, leaf.numel())
        return made


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
def test_no_more_rows_are_kept_than_a_window_is_high(overlap):
    classes, window, width = 3, 64, 2000
    raw = raw_images(1, 400, width)
    with Largest() as largest:
        found = Inference(window=window, overlap=overlap, flip=True).classes(pointwise(1, classes), raw)
    assert found.shape == (400, width)
    assert largest.elements == classes * window * width


def test_rows_that_are_finished_are_not_waited_for():
    network, raw = pointwise(1, 2), raw_images(1, 1, 100, 40)
    first, band = next(Inference(window=20, stride=15).bands(network, raw))
    assert (first, band.shape[2]) == (0, 15)
    # one row of windows: 0, 15 and 20
    assert len(network.seen) == 3
