"""A board of runs that were drawn and not trained, and what its pictures are read by."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.metrics.per_image import read_arrays, write_arrays
from segladder.report.boards.board import boards
from segladder.report.pictures.style import own_style
from segladder.report.records.reading import read_runs


@pytest.fixture
def runs(tmp_path):
    """Where runs are drawn."""
    return tmp_path / "runs"


@pytest.fixture
def board(runs):
    def made(**settings):
        (found,) = boards(read_runs(runs).runs, **({"resamples": 200} | settings))
        return found

    return made


@pytest.fixture
def styled():
    """A drawing function's figure in the report's own style."""

    def drawn(draw, *args, **settings):
        with own_style():
            return draw(*args, **settings)

    return drawn


@pytest.fixture
def add_confusion():
    """Gives a run's file the matrix that its counts were drawn from: what a class loses, the next one gets."""

    def added(path, *, none=0):
        arrays = read_arrays(path / "per_image.npz")
        C = len(arrays["classes"])
        matrix = np.zeros((C, C + bool(none)), dtype=np.int64)
        for index in range(C):
            matrix[index, index] += arrays["tp"][:, index].sum()
            matrix[index, (index + 1) % C] += arrays["fn"][:, index].sum()
        if none:
            matrix[:, C] = none
        write_arrays(path / "per_image.npz", arrays | {"confusion": matrix})
        return matrix

    return added
