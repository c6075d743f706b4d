"""Resizing band by band equals resizing whole; images keep their type and their sides' ratio."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from segladder.inference import resize
from segladder.inference.resize import inner_size, resized_bands, resized_raw


@pytest.mark.parametrize("per_band", [1, 50, 2**22])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bands_resized_one_by_one_equal_the_whole_resized(per_band, data):
    side = st.integers(1, 25)
    seen, size = data.draw(st.tuples(side, side)), data.draw(st.tuples(side, side))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, seen[0] - 1)), max_size=5)) | {0, seen[0]})
    scores = torch.randn(2, 3, *seen, generator=torch.Generator().manual_seed(0))
    bands = [(top, scores[:, :, top:end]) for top, end in pairwise(cuts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resize, "_SCORES_AT_ONCE", per_band)
        patch.setattr(resize, "_SCORES_PER_BAND", per_band)
        found = list(resized_bands(bands, seen, size))
    assert [first for first, _ in found] == [sum(band.shape[2] for _, band in found[:i]) for i in range(len(found))]
    whole = F.interpolate(scores, size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(torch.cat([band for _, band in found], 2), whole, rtol=1e-4, atol=1e-5)


def test_bands_of_the_right_size_pass_untouched():
    band = torch.randn(1, 2, 4, 5).bfloat16()
    [(first, found)] = resized_bands([(0, band)], (4, 5), (4, 5))
    assert first == 0 and found is band


def test_one_number_is_the_shorter_side():
    assert inner_size((1024, 2048), 512) == (512, 1024)
    assert inner_size((500, 375), 512) == (683, 512)
    assert inner_size((3, 1000), 1) == (1, 333)
    assert inner_size((10, 20), (7, 9)) == (7, 9)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.uint8, torch.uint8), (torch.float32, torch.float32), (torch.int32, torch.float32)],
)
def test_raw_images_are_resized_with_antialiasing(dtype, expected):
    raw = torch.randint(0, 256, (2, 3, 40, 60)).to(dtype)
    found = resized_raw(raw, (11, 13))
    exact = F.interpolate(raw.double(), (11, 13), mode="bilinear", antialias=True)
    assert found.dtype == expected
    assert (found.double() - exact).abs().max() <= (1.0 if dtype == torch.uint8 else 1e-3)
