"""What a leaderboard says in sentences, and what it warns of."""

from __future__ import annotations

from segladder.report import figures
from segladder.report.boards.board import Board, Place
from segladder.report.boards.comparable import same_split
from segladder.report.statistics.uncertainty import MIN_SEEDS, difference_of

_NAMED = 3


def findings(board: Board) -> list[str]:
    """The sentences of a board, most important first."""
    told = [_first(board)]
    told += _choice(board)
    few = [place for place in board.places if place.sample.seeds < MIN_SEEDS]
    if few and len(board.places) > 1:
        told.append(
            f"{len(few)} of {len(board.places)} methods {'has' if len(few) == 1 else 'have'} fewer than {MIN_SEEDS}"
            " seeds: there is no verdict on them. Add seeds to the same sweep; only the new jobs run."
        )
    return told


def _first(board: Board) -> str:
    top = board.places[0]
    score = f"{figures.spread(top.sample.mean, top.sample.std)}"
    seeds = f"{top.sample.seeds} {'seed' if top.sample.seeds == 1 else 'seeds'}"
    best = "lowest" if board.minimised else "highest"
    tied = sum(place.sample.mean == top.sample.mean for place in board.places)
    if tied > 1:
        named = _list([place for place in board.places if place.sample.mean == top.sample.mean])
        return f"{named} have the same {best} {board.ground.split} {board.metric}, {score}."
    if len(board.places) == 1:
        return f"{top.named}: {board.ground.split} {board.metric} {score} over {seeds}."
    said = f"{top.named} has the {best} {board.ground.split} {board.metric}, {score} over {seeds}"
    if not board.pairs.tests:
        return f"{said}; there are too few seeds to say whether it is better than any other."
    better = board.pairs.better().T if board.minimised else board.pairs.better()
    beaten = [place for index, place in enumerate(board.places) if better[0, index]]
    open_ = [place for index, place in enumerate(board.places) if index and not better[0, index]]
    if not open_:
        return f"{said}, and the data say that it is better than every other."
    if not beaten:
        return f"{said}, but the data tell it apart from no other."
    left = f"Whether it is better than {_list(open_)} is open."
    return f"{said}; the data say that it is better than {_list(beaten)}. {left}"


def _choice(board: Board) -> list[str]:
    """Whom one would choose on the validation set, and what choosing on the test set does."""
    if len(board.places) < 2:
        return []
    scored = [place for place in board.places if place.val is not None]
    count = len(board.places)
    if len(scored) < 2:
        return [
            f"The best of {count} methods by its {board.ground.split} score looks better than it is: the choice was"
            " made on the very images. There are no validation scores to choose by."
        ]
    if any(same_split(run) for place in scored for run in place.method.runs):
        return [
            "Weights were chosen on the very images that they are scored on (see the marks), so that no choice among"
            f" the {count} methods is free of the {board.ground.split} set."
        ]
    useful = [place for place in scored if not place.useless]
    if not useful:
        return [
            "All methods that have validation scores give useless masks (see the marks): none of them is to be chosen."
        ]
    pick = min if board.minimised else max
    chosen = pick(useful, key=lambda place: place.val if place.val is not None else 0.0)
    top = board.places[0]
    told = _not_chosen([place for place in board.places if place.val is None], "no validation scores")
    told += _not_chosen([place for place in scored if place.useless], "useless masks")
    if chosen is top:
        return [
            f"The validation scores choose {top.named} as well, so that no choice made on the"
            f" {board.ground.split} set flatters its {board.ground.split} score.{told}"
        ]
    difference = difference_of(chosen.sample, top.sample)
    by = f"{figures.score(difference.value, sign=True)} to {top.named}"
    score = f"{board.ground.split} {board.metric} is {figures.score(chosen.sample.mean)} ({by})"
    # of what could not be chosen it is not said that another one is to be reported in its place
    advice = ": report that one." if top in useful else "."
    return [
        f"The validation scores choose {chosen.method.label}, whose {score}{advice}{told} The best of {count} by its"
        f" {board.ground.split} score looks better than it is."
    ]


def _not_chosen(places: list[Place], what: str) -> str:
    """That these could not be chosen; "" of none."""
    if not places:
        return ""
    return f" {_labels(places)} {'has' if len(places) == 1 else 'have'} {what} and could not be chosen."


def _list(places: list[Place]) -> str:
    return _listed([place.named for place in places])


def _labels(places: list[Place]) -> str:
    return _listed([place.method.label for place in places])


def _listed(names: list[str]) -> str:
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
