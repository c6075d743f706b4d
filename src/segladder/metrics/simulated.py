"""Detectors that are wrong in one known way each, against objects drawn by code: what average precision forgives.

Everybody who reports AP should have seen these numbers once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder import masks
from segladder.metrics.average_precision import AveragePrecision
from segladder.types import DatasetInfo, Instances, Objects

SIDE = 160
"""Height and width of a drawn image in pixels."""

INFO = DatasetInfo(
    name="drawn ellipses",
    classes=("background", "red", "green", "blue"),
    palette=((0, 0, 0), (200, 0, 0), (0, 200, 0), (0, 0, 200)),
    things=(False, True, True, True),
)

_MOST = 8
_RADII = (14.0, 30.0)
_MARGIN = 45
_SURE, _UNSURE = (0.7, 1.0), (0.05, 0.6)
"""Scores of what is right, and of what is wrong where the detector knows it."""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """How a simulated detector goes wrong; shares are of the true objects."""

    name: str
    note: str
    """What is wrong with it and what that costs."""
    shift: float = 0.0
    """How far box and mask lie off in x and in y, as a share of the object's width and height."""
    thin: float = 0.0
    """By which share the mask is too narrow and too low; the box is right."""
    missed: float = 0.0
    false_alarms: float = 0.0
    wrong_class: float = 0.0
    doubled: float = 0.0
    """Share of the objects that are found a second time, as well as the first."""
    knows: bool = True
    """Whether what is wrong gets low scores; else all scores are random."""


DETECTORS = (
    Detector(name="perfect", note="nothing is wrong"),
    Detector(name="shifted by 5 %", note="AP50 and AP75 forgive it, AP does not", shift=0.05),
    Detector(name="shifted by 10 %", note="AP50 alone forgives it", shift=0.1),
    Detector(name="shifted by 20 %", note="nothing forgives it: IoU is below 0.5", shift=0.2),
    Detector(name="thin masks", note="masks 20 % too small in right boxes: box AP cannot see it", thin=0.2),
    Detector(name="misses a third", note="no threshold gives them back", missed=1 / 3),
    Detector(name="false alarms", note="one per object, with low scores: free", false_alarms=1.0),
    Detector(name="false alarms, unsure", note="the same with random scores: dear", false_alarms=1.0, knows=False),
    Detector(name="a third of wrong class", note="counts as a miss and as a false alarm", wrong_class=1 / 3),
    Detector(name="finds all twice", note="the second has a low score: free", doubled=1.0),
    Detector(name="finds all twice, unsure", note="the same with random scores: dear", doubled=1.0, knows=False),
    Detector(name="random scores", note="free where nothing is wrong: AP ranks, it reads no score", knows=False),
    Detector(
        name="noisy",
        note="a little of everything",
        shift=0.05,
        thin=0.05,
        missed=0.1,
        false_alarms=0.3,
        wrong_class=0.05,
        doubled=0.1,
    ),
    Detector(
        name="poor",
        note="much of everything, with random scores",
        shift=0.1,
        thin=0.15,
        missed=0.3,
        false_alarms=1.0,
        wrong_class=0.2,
        doubled=0.3,
        knows=False,
    ),
)


@dataclass(frozen=True)
class _Ellipse:
    x: float
    y: float
    width: float
    height: float
    label: int

    def mask(self) -> NDArray[np.bool_]:
        """Its pixels, `(SIDE, SIDE)` bool."""
        ys, xs = np.ogrid[:SIDE, :SIDE]
        across, down = (xs + 0.5 - self.x) / self.width, (ys + 0.5 - self.y) / self.height
        inside: NDArray[np.bool_] = across**2 + down**2 <= 0.25
        return inside


@dataclass(frozen=True)
class _Found:
    place: _Ellipse
    mask: _Ellipse
    right: bool


def score_detectors(*, images: int, seed: int) -> Iterator[tuple[Detector, dict[str, float]]]:
    """Each simulated detector, and its scores by name: `mask_ap mask_ap50 box_ap75 …` in [0, 1].

    Args:
        images: how many are drawn, of 1 to 8 objects of three classes each.
        seed: the same seed gives the same objects and mistakes.
    """
    scenes = [_scene(np.random.default_rng([seed, index])) for index in range(images)]
    truth = [_truth(scene) for scene in scenes]
    names = [str(index) for index in range(images)]
    for row, detector in enumerate(DETECTORS):
        metric = AveragePrecision(INFO)
        draws = [np.random.default_rng([seed, index, row]) for index in range(images)]
        found = [_detected(scene, detector, draw) for scene, draw in zip(scenes, draws, strict=True)]
        metric.update(found, truth, names)
        yield detector, metric.compute()[0]


def _scene(draw: np.random.Generator) -> list[_Ellipse]:
    return [_ellipse(draw) for _ in range(draw.integers(1, _MOST + 1))]


def _ellipse(draw: np.random.Generator) -> _Ellipse:
    x, y = draw.uniform(_MARGIN, SIDE - _MARGIN, 2)
    width, height = 2 * draw.uniform(*_RADII, 2)
    return _Ellipse(x, y, width, height, int(draw.integers(1, INFO.num_classes)))


def _truth(scene: list[_Ellipse]) -> Objects:
    found = masks.encode(np.stack([one.mask() for one in scene]))
    return masks.objects_of(found, [one.label for one in scene], size=(SIDE, SIDE))


def _detected(scene: list[_Ellipse], detector: Detector, draw: np.random.Generator) -> Instances:
    """What the detector says of one image."""
    found: list[_Found] = []
    for one in scene:
        if draw.random() < detector.missed:
            continue
        wrong = draw.random() < detector.wrong_class
        label = 1 + (one.label % (INFO.num_classes - 1)) if wrong else one.label
        times = 1 + (draw.random() < detector.doubled)
        for time in range(times):
            place = replace(_moved(one, detector.shift, draw), label=label)
            thin = replace(place, width=place.width * (1 - detector.thin), height=place.height * (1 - detector.thin))
            found.append(_Found(place, thin, right=not wrong and time == 0))
    for _ in range(draw.binomial(len(scene), detector.false_alarms)):
        place = _ellipse(draw)
        found.append(_Found(place, place, right=False))
    scores = [draw.uniform(*(_SURE if one.right else _UNSURE)) if detector.knows else draw.random() for one in found]
    maps = [np.stack([one.mask.mask(), one.place.mask()]) for one in found]
    pairs = [masks.encode(pair) for pair in maps]
    return Instances(
        masks=[mask for mask, _ in pairs],
        boxes=masks.boxes([place for _, place in pairs]),
        labels=np.array([one.place.label for one in found], dtype=np.int64),
        scores=np.array(scores, dtype=np.float64),
        size=(SIDE, SIDE),
    )


def _moved(one: _Ellipse, shift: float, draw: np.random.Generator) -> _Ellipse:
    """Shifted by whole pixels, so that box and mask keep their shape; up or down, left or right."""
    signs: Any = draw.choice((-1, 1), 2)
    return replace(one, x=one.x + signs[0] * round(shift * one.width), y=one.y + signs[1] * round(shift * one.height))
