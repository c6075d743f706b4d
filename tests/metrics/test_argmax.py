"""The class of each pixel is what torch.argmax says, in every layout, type and corner."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segladder.metrics.argmax import classes_of


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize(
    "shape", [(1, 1, 3, 3), (2, 2, 64, 64), (3, 19, 37, 53), (1, 19, 9, 2500), (5, 255, 5, 7), (2, 300, 6, 5)]
)
def test_classes_equal_argmax(shape, dtype, memory_format):
    logits = torch.randn(shape).to(dtype).contiguous(memory_format=memory_format)
    assert torch.equal(classes_of(logits).long(), logits.argmax(1))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_ties_infinities_and_nan_resolve_as_argmax_does(memory_format, data):
    values = st.sampled_from([float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, -1.0, 3e38])
    C = data.draw(st.integers(1, 5))
    flat = data.draw(st.lists(values, min_size=C * 12, max_size=C * 12))
    logits = torch.tensor(flat).view(1, C, 3, 4).contiguous(memory_format=memory_format)
    assert torch.equal(classes_of(logits).long(), logits.argmax(1))


def test_a_cut_out_of_larger_logits_needs_no_copy_to_be_right():
    logits = torch.randn(2, 7, 50, 61)[:, :, 3:44, 5:58]
    assert torch.equal(classes_of(logits).long(), logits.argmax(1))


def test_many_threads_cut_other_blocks_but_say_the_same(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    logits = torch.randn(1, 3, 700, 500)
    assert torch.equal(classes_of(logits).long(), logits.argmax(1))


def test_logits_that_require_grad_and_empty_ones_are_taken():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    assert torch.equal(classes_of(logits).long(), logits.argmax(1))
    assert classes_of(torch.zeros(0, 3, 4, 4)).shape == (0, 4, 4)


def test_what_is_no_logits_is_refused():
    with pytest.raises(ValueError, match=r"\(B, C, H, W\) floating point"):
        classes_of(torch.zeros(3, 4, 4))
    with pytest.raises(ValueError, match=r"torch\.int64"):
        classes_of(torch.zeros(1, 3, 4, 4, dtype=torch.int64))
