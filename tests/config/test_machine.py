"""Settings of the machine."""

from __future__ import annotations

import sys

import pytest
import torch

from segladder.config.machine import keep_freed_buffers, prepare_machine
from segladder.types import UserError


@pytest.fixture(autouse=True)
def as_before():
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)


def test_threads_and_precision_take_effect():
    prepare_machine({"threads": 1, "matmul_precision": "medium"})
    assert torch.get_num_threads() == 1
    assert torch.get_float32_matmul_precision() == "medium"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the setting is glibc's")
def test_glibc_keeps_freed_buffers():
    assert keep_freed_buffers()


@pytest.mark.parametrize("runtime", [{"threads": 0}, {"threads": "all"}, {"matmul_precision": "low"}])
def test_nonsense_is_refused(runtime):
    with pytest.raises(UserError, match="runtime"):
        prepare_machine(runtime)
