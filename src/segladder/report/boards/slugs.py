"""In which order the boards of a report come, and what tells their files apart."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.report.boards.board import Board
from segladder.report.sheets.words import file_name, table_name


def in_order(boards: Sequence[Board]) -> list[Board]:
    """Those of the most runs first, then of the most methods; the others keep their order."""
    return sorted(boards, key=lambda board: (-_runs(board), -len(board.places)))


def tell_apart(boards: Sequence[Board]) -> None:
    """Gives all but the first board of a name a suffix for the names of its files.

    It says of which images the others are: one more run does not rename them.

    Args:
        boards: in the order of the report.
    """
    first: dict[str, Board] = {}
    used: set[str] = set()
    for board in boards:
        board.suffix = ""
        plain = table_name("", board)
        if plain in first:
            board.suffix = _suffix(board, first[plain])
        first.setdefault(plain, board)
        words, number = board.suffix, 1
        while table_name("", board) in used:
            number += 1
            board.suffix = f"{words} {number}".strip()
        used.add(table_name("", board))


def _suffix(board: Board, other: Board) -> str:
    mine, theirs = board.ground, other.ground
    words = [mine.content[:8] or "unknown"] if mine.content != theirs.content else []
    if mine.size != theirs.size:
        words.append(f"at {mine.size or 'own size'}")
    if mine.metrics != theirs.metrics:
        words.append(f"metrics {mine.metrics}")
    return file_name(*words) if words else ""


def _runs(board: Board) -> int:
    return sum(len(place.method.runs) for place in board.places)
