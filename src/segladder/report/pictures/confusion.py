"""Which classes are taken for which: the confusion matrices of the best and the second method."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.report.boards.board import Board
from segladder.report.pictures.heat import ROOM, color_bar, draw_cells, figure_size, room_beside
from segladder.report.pictures.lettering import distinct, plain
from segladder.report.pictures.names import in_common, in_full, names_of, said
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.scored_images import scored_images
from segladder.report.pictures.style import WIDTH, new_figure, panels

MOST_CLASSES = 32
NONE = "no class"
_LEAST, _MOST = 0.11, 0.6
"""Inches that a cell is wide: the least for a name below each, and the most."""
_LETTER = 0.068
"""Inches that a letter of a title is wide."""


def confusion(board: Board) -> Picture:
    """Each true class's pixels by what they were predicted as, of the two methods with the best scores.

    Raises:
        NothingToDraw: their files hold no matrix, or no pixel was counted.
    """
    from matplotlib.colors import PowerNorm

    places = board.places[:2]
    images = scored_images([place.method for place in places])
    matrices = [summed(runs) for runs in images.arrays]
    drawn = [index for index, matrix in enumerate(matrices) if matrix is not None and matrix.sum()]
    if not drawn:
        raise NothingToDraw(f"Confusion: {_reason(board, images.missing, matrices)}")
    classes = next([str(name) for name in runs[0]["classes"]] for runs in images.arrays if runs)
    shares = [row_shares(matrix) for index in drawn if (matrix := matrices[index]) is not None]
    kept = _kept(shares)
    none = any(len(share[0]) > len(share) and np.nansum(share[:, -1]) > 0 for share in shares)
    columns = [*kept, *([len(classes)] if none else [])]
    shares = [_with_none(share)[np.ix_(kept, columns)] for share in shares]
    row_names = distinct([classes[index] for index in kept], longest=24)
    column_names = [*row_names, *([NONE] if none else [])]
    wide, below = _arranged(row_names, column_names, len(drawn))
    figure = new_figure(*_size(row_names, column_names, len(drawn), wide=wide, below=below))
    all_axes = panels(figure, len(drawn), below=below)
    titles = names_of(places, longest=60)
    room = max(16, int(wide * len(columns) / _LETTER))
    shown = None
    for panel, (axes, share) in enumerate(zip(all_axes, shares, strict=True)):
        shown = draw_cells(
            axes,
            share,
            rows=row_names if panel == 0 or below else [""] * len(kept),
            columns=column_names,
            norm=PowerNorm(0.5, 0.0, 1.0),
            wide=wide,
            percent=True,
            zeros=False,
        )
        axes.set_title(textwrap.fill(titles[drawn[panel]], room))
        if panel == 0 or below:
            axes.set_ylabel("true")
        if panel == len(drawn) - 1 or not below:
            axes.set_xlabel("predicted")
    assert shown is not None
    color_bar(figure, shown, "share of the true class's pixels")
    told = " Numbers are percent; a cell without one has no pixel." if wide >= ROOM else ""
    occur = int(np.isfinite(_stack(matrices, drawn)).any((0, 2)).sum())
    if len(kept) < occur:
        told += (
            f" Of {occur} classes the {len(kept)} that are missed most; what is taken for another class is not shown."
        )
    if lacking := [said(places[index]) for index in range(len(places)) if index not in drawn]:
        told += f" There is no matrix of {', '.join(lacking)}."
    return Picture(
        kind="confusion",
        figure=figure,
        caption=(
            f"Confusion on {plain(board.ground.title)}, all seeds together: of each true class's pixels (rows) the"
            " share that was predicted as each class (columns). Colours go by the square root, so that small shares"
            f" show.{told}{in_common(places)}{in_full(places, titles)}"
        ),
        alt="Confusion matrices. "
        + " ".join(
            f"{said(places[index])}: {_largest(share, row_names)}." for index, share in zip(drawn, shares, strict=True)
        ),
    )


def _arranged(rows: Sequence[str], columns: Sequence[str], count: int) -> tuple[float, bool]:
    """How wide a cell is in inches, and whether the second matrix stands below the first: it does for want of room."""
    room = room_beside(rows) - 0.2
    beside, below = (room / count - 0.1) / len(columns), room / len(columns)
    # to have numbers is worth the height; where there are none all the same, a line per name is enough
    wanted = ROOM if below >= ROOM else _LEAST
    return (min(_MOST, beside), False) if count == 1 or beside >= wanted else (min(_MOST, below), True)


def _size(rows: Sequence[str], columns: Sequence[str], count: int, *, wide: float, below: bool) -> tuple[float, float]:
    width, height = figure_size(rows, columns, wide=wide)
    if below:
        return width + 0.2, count * (height + 0.4)
    return min(WIDTH, width + 0.2 + (count - 1) * (max(wide * len(columns), 1.2) + 0.1)), height + 0.6


def summed(runs: Sequence[dict[str, NDArray[Any]]]) -> NDArray[np.int64] | None:
    """The matrix of all runs together, `(C, C)` or `(C, C + 1)`; None where a run's is not known."""
    matrices = [arrays.get("confusion") for arrays in runs]
    known = [np.asarray(matrix, dtype=np.int64) for matrix in matrices if matrix is not None]
    if not known or len(known) < len(matrices):
        return None
    whole = np.zeros((len(known[0]), max(matrix.shape[1] for matrix in known)), dtype=np.int64)
    for matrix in known:
        whole[:, : matrix.shape[1]] += matrix
    return whole


def row_shares(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each row as shares of its sum; NaN where a class does not occur."""
    total = matrix.sum(1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(matrix, total, out=np.full(matrix.shape, np.nan), where=total > 0)
    return shares


def _stack(matrices: Sequence[NDArray[np.int64] | None], drawn: Sequence[int]) -> NDArray[np.float64]:
    return np.stack([_with_none(row_shares(matrix)) for index in drawn if (matrix := matrices[index]) is not None])


def _with_none(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """With a column for no class, whether or not the run could predict that."""
    if share.shape[1] > len(share):
        return share
    column = np.where(np.isfinite(share[:, :1]), 0.0, np.nan)
    return np.concatenate([share, column], axis=1)


def _kept(shares: Sequence[NDArray[np.float64]]) -> list[int]:
    """The classes to show, in their order: of too many those of which most is missed."""
    found = np.nanmin([np.where(np.isfinite(d := share.diagonal()), d, 2.0) for share in shares], axis=0)
    occur = np.flatnonzero(found <= 1)
    return sorted(int(index) for index in occur[np.argsort(found[occur], kind="stable")[:MOST_CLASSES]])


def _largest(share: NDArray[np.float64], names: Sequence[str]) -> str:
    off = np.where(np.isfinite(share), share, 0.0)
    off[np.arange(len(off)), np.arange(len(off))] = 0.0
    row, column = divmod(int(off.argmax()), off.shape[1])
    if off[row, column] == 0:
        return "no pixel is taken for another class"
    taken_for = names[column] if column < len(names) else NONE
    return f"most often {names[row]} is taken for {taken_for}, {100 * off[row, column]:.1f} %"


def _reason(board: Board, missing: Sequence[str], matrices: Sequence[NDArray[np.int64] | None]) -> str:
    if any(matrix is not None for matrix in matrices):
        return "no pixel was counted."
    if missing:
        return missing[0]
    return (
        "per_image.npz of the best methods' runs holds no confusion matrix: they were scored by an older version."
        " Evaluate them again: segladder evaluate run=DIR."
    )
