"""All pictures of a board as PNG files, and why others are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from segladder.report.boards.ablation import Ablation
from segladder.report.boards.board import Board
from segladder.report.pictures.class_differences import class_differences
from segladder.report.pictures.class_scores import class_scores
from segladder.report.pictures.confusion import confusion
from segladder.report.pictures.curves import learning_curves
from segladder.report.pictures.differences import differences
from segladder.report.pictures.pareto import COSTS, pareto
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.side_by_side import side_by_side
from segladder.report.pictures.style import own_style, png
from segladder.report.pictures.worst_images import worst_images
from segladder.runs.atomic import write_atomic
from segladder.runs.storage import storing


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A picture's file."""

    path: Path
    caption: str
    alt: str
    """What it says, for those who cannot see it."""


@dataclass(kw_only=True)
class Pictures:
    """What became of a board's pictures."""

    drawn: list[Drawn] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """A sentence for each picture whose material is missing."""


def draw_pictures(board: Board, folder: Path, *, name: str, table: Ablation | None = None) -> Pictures:
    """Draws what the records of a board's runs and the files beside them have the material for.

    Args:
        board: with its methods.
        folder: where the files go; made where it is missing.
        name: what the files' names begin with.
        table: an ablation of the board: differences are then to its baseline instead of the best method.

    Raises:
        UserError: a file cannot be written.
    """
    found = Pictures()
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        found.left_out.append(
            "Pictures are drawn with matplotlib, which is not installed. Run `pip install matplotlib`."
        )
        return found
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for draw in _kinds(board, table):
        try:
            with own_style():
                picture = draw()
        except NothingToDraw as reason:
            found.left_out.append(str(reason))
            continue
        path = folder / f"{name}-{picture.kind}.png"
        write_atomic(path, png(picture.figure))
        found.drawn.append(Drawn(path=path, caption=picture.caption, alt=picture.alt))
    return found


def _kinds(board: Board, table: Ablation | None) -> list[Callable[[], Picture]]:
    """In the order of a report: who is better, at what cost, how it came about, where the errors are."""
    return [
        lambda: differences(board, table),
        *(partial(pareto, board, cost) for cost in COSTS),
        lambda: learning_curves(board),
        lambda: class_scores(board),
        lambda: class_differences(board, table),
        lambda: confusion(board),
        lambda: worst_images(board),
        lambda: side_by_side(board),
    ]
