"""Images that lie in two splits: copies by their pixels, near copies by a hash that survives resizing and JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.findings import Finding
from segladder.data.doctor.image_look import SIDE

NEAR = 8
"""Bits of 64 in which the gradients of near copies may differ."""

_ALIKE = 0.99
"""Correlation of the 16x16 grey pictures that near copies reach: many different images share their gradients."""

_MOVED_NEAR, _MOVED_ALIKE = 12, 0.9
"""Bits and correlation from which on it is worth asking whether one is the other moved by a little."""

_ASKED = 4
"""Pairs of each image of which that is asked."""

_MOST_MOVED = 0.45
"""Places of the small picture that a moved copy may lie off."""

_EXPLAINED = 0.975
"""Share of the variance that such a move has to explain; different frames of one street reach 0.93."""

_FLAT = 2.0
"""Grey levels of spread below which an image has nothing to be known by."""

_KEPT = 500
"""Near copies of two splits that are kept; the rest are counted."""

_ROWS = 1024
"""Images compared with a whole split at once."""


@dataclass
class Marked:
    """The readable images of one split: what they are called and known by."""

    split: str
    indices: list[int]
    files: list[str]
    content: list[bytes]
    gradients: NDArray[np.uint64]
    small: NDArray[np.uint8]
    """`(N, 256)`."""


def duplicates(splits: Sequence[Marked]) -> tuple[list[Finding], int]:
    """Findings about images of one split that are in a later one, too, and how many more were counted.

    Args:
        splits: in the order train, val, test: what is in two of them is told of the first.
    """
    found: list[Finding] = []
    more = 0
    for place, first in enumerate(splits):
        for second in splits[place + 1 :]:
            copies = _copies(first, second)
            found += copies
            taken = {finding.index for finding in copies}
            near, count = _near(first, second, {at for at, index in enumerate(first.indices) if index in taken})
            found += near
            more += count - len(near)
    return found, more


def _copies(first: Marked, second: Marked) -> list[Finding]:
    where = {content: at for at, content in reversed(list(enumerate(second.content)))}
    found = []
    for at, content in enumerate(first.content):
        if content not in where:
            continue
        other = where[content]
        same = first.files[at] == second.files[other]
        what = f"the same file is in '{second.split}'" if same else f"pixel for pixel '{second.files[other]}'"
        found.append(_finding("copy", first, at, second, other, what))
    return found


def _near(first: Marked, second: Marked, known: set[int]) -> tuple[list[Finding], int]:
    rows, columns = _with_content(first, known), _with_content(second, set())
    if not len(rows) or not len(columns):
        return [], 0
    ours, theirs = _standardised(first.small[rows]), _standardised(second.small[columns])
    found: list[Finding] = []
    count = 0
    for start in range(0, len(rows), _ROWS):
        block = rows[start : start + _ROWS]
        apart = bits(first.gradients[block][:, None] ^ second.gradients[columns][None])
        at, other = np.nonzero(apart <= _MOVED_NEAR)
        likeness = (ours[start + at] * theirs[other]).mean(1) if len(at) else np.zeros(0)
        close = (likeness >= _ALIKE) & (apart[at, other] <= NEAR)
        doubtful = _most_alike(at, likeness, ~close & (likeness >= _MOVED_ALIKE))
        close[doubtful] = _moved(ours[start + at[doubtful]], theirs[other[doubtful]])
        at, other, likeness = at[close], other[close], likeness[close]
        # of each image its closest
        order = np.lexsort((-likeness, at))
        _, firsts = np.unique(at[order], return_index=True)
        count += len(firsts)
        for pick in order[firsts][: max(0, _KEPT - len(found))]:
            twin = int(columns[other[pick]])
            what = f"nearly '{second.files[twin]}' of '{second.split}'"
            found.append(_finding("alike", first, int(block[at[pick]]), second, twin, what))
    return found, count


def _most_alike(at: NDArray[np.int64], likeness: NDArray[Any], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of the wanted pairs those that are the most alike, a few of each image: videos have very many."""
    pairs = np.flatnonzero(wanted)
    pairs = pairs[np.lexsort((-likeness[pairs], at[pairs]))]
    _, firsts, counts = np.unique(at[pairs], return_index=True, return_counts=True)
    rank = np.arange(len(pairs)) - np.repeat(firsts, counts)
    kept: NDArray[np.int64] = pairs[rank < _ASKED]
    return kept


def _moved(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether one small picture is the other a little to the side: what is between them lies along its slopes."""
    a, b = (pictures.astype(np.float64).reshape(-1, SIDE, SIDE) for pictures in (ours, theirs))
    middle, inner = (a + b) / 2, np.s_[:, 1:-1, 1:-1]
    across = (middle[:, 1:-1, 2:] - middle[:, 1:-1, :-2]) / 2
    down = (middle[:, 2:, 1:-1] - middle[:, :-2, 1:-1]) / 2
    terms = np.stack([across, down, a[inner], np.ones_like(across)], -1).reshape(len(a), (SIDE - 2) ** 2, 4)
    wanted = b[inner].reshape(len(b), (SIDE - 2) ** 2, 1)
    flipped = terms.transpose(0, 2, 1)
    weights = np.linalg.solve(flipped @ terms + 1e-6 * np.eye(4), flipped @ wanted)
    rest = ((wanted - terms @ weights) ** 2).mean((1, 2))
    little = (np.abs(weights[:, :2]) <= _MOST_MOVED).all((1, 2))
    moved: NDArray[np.bool_] = little & (rest <= (1 - _EXPLAINED) * wanted.var((1, 2)))
    return moved


def _finding(kind: str, first: Marked, at: int, second: Marked, other: int, what: str) -> Finding:
    return Finding(
        kind=kind,
        file=first.files[at],
        what=what,
        split=first.split,
        index=first.indices[at],
        twin=(second.split, second.indices[other]),
    )


def _with_content(marked: Marked, known: set[int]) -> NDArray[np.int64]:
    spread = marked.small.std(1) if len(marked.small) else np.zeros(0)
    kept = spread >= _FLAT
    kept[list(known)] = False
    return np.flatnonzero(kept)


def _standardised(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = small.astype(np.float32)
    values -= values.mean(1, keepdims=True)
    values /= values.std(1, keepdims=True)
    return values


_TABLE = np.array([bin(value).count("1") for value in range(65536)], dtype=np.uint8)


def bits(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """How many bits of each number are set."""
    if hasattr(np, "bitwise_count"):
        counts: NDArray[np.uint8] = np.bitwise_count(values)
        return counts
    words = np.ascontiguousarray(values).view(np.uint16).reshape(*values.shape, 4)
    looked_up: NDArray[np.uint8] = _TABLE[words].sum(-1, dtype=np.uint8)
    return looked_up


def small_pictures(small: Sequence[bytes]) -> NDArray[np.uint8]:
    """The grey pictures of images as one array, `(N, 256)`."""
    return np.frombuffer(b"".join(small), dtype=np.uint8).reshape(len(small), SIDE * SIDE)
