"""Boards of drawn runs."""

from __future__ import annotations

import pytest

from segladder.report.boards.board import boards
from segladder.report.records.reading import read_runs


@pytest.fixture
def board(tmp_path):
    def made():
        (found,) = boards(read_runs(tmp_path).runs, resamples=200)
        return found

    return made


@pytest.fixture
def table():
    """The cells of a sheet as rows of texts by column key."""
    return lambda sheet: [
        {column.key: cell.text for column, cell in zip(sheet.columns, row, strict=True)} for row in sheet.rows
    ]
