"""The panels of kept small pictures: input, truth, and a prediction with its errors, enlarged for people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from segladder.viz.colorize import Color
from segladder.viz.errors import DIMMED, ERROR_COLORS
from segladder.viz.examples import CROWD, HIT, NONE, WRONG, Example, Examples, SmallObjects, class_maps
from segladder.viz.fit import fitted
from segladder.viz.instance_colors import color_numbers, instance_color
from segladder.viz.instance_grid import FALSE_ALARM, MISSED
from segladder.viz.instance_grid import HIT as FOUND
from segladder.viz.instances import CROWD as CROWD_COLOR
from segladder.viz.instances import draw_box, draw_layer
from segladder.viz.overlay import overlay

SMALL = 256
"""Longest side to which smaller pictures are enlarged, by whole pixels."""
_TINT = 0.55
"""Share of a class's colour over the image."""
_KINDS = ("false positive", "false negative", "wrong class")


def input_panel(example: Example) -> NDArray[np.uint8]:
    """The image."""
    return _large(example.image)


def class_panels(
    example: Example, examples: Examples, *, truth: NDArray[np.uint16] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Truth and prediction as classes over the image, the prediction's errors outlined in `ERROR_COLORS`.

    Args:
        example: of either kind.
        examples: the file that it is from.
        truth: another truth to compare with, `(h, w)` classes or `NONE`; None: its own.
    """
    own, pred = class_maps(example, background=examples.background)
    truth = own if truth is None else truth
    image = _large(example.image)
    true, said = (_enlarged(labels, image) for labels in (truth, pred))
    tinted = [_tinted(image, labels, examples) for labels in (true, said)]
    wrong = (said != true) & (true != NONE)
    kinds = np.where(wrong, 3, 0)
    if examples.background is not None:
        kinds[wrong & (true == examples.background)] = 1
        kinds[wrong & ((said == examples.background) | (said == NONE))] = 2
    colors = [ERROR_COLORS[kind] for kind in _KINDS]
    line = max(1, round(max(image.shape) / 160))
    return tinted[0], draw_layer(tinted[1], kinds.astype(np.int32), colors, line=line, alpha=0.35)


def object_panels(example: Example) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """True objects, each in a colour of its own, and what became of them: found, missed and false alarms.

    Raises:
        ValueError: the example holds no objects.
    """
    true, found = example.true_objects, example.found_objects
    if true is None or found is None:
        raise ValueError(f"Image '{example.image_id}' was kept without objects.")
    image = _large(example.image)
    scale = image.shape[0] / example.image.shape[0]
    line = max(1, round(max(image.shape) / 200))
    numbers = color_numbers(true.boxes.astype(np.float64) * scale, margin=2.0)
    colors = [
        CROWD_COLOR if state == CROWD else instance_color(number)
        for number, state in zip(numbers.tolist(), true.states.tolist(), strict=True)
    ]
    true_ids, found_ids = (_enlarged(ids, image).astype(np.int32) for ids in (example.truth, example.pred))
    truth = draw_layer(image, true_ids, colors, line=line)
    drawn: NDArray[np.uint8] = np.rint(DIMMED * image).astype(np.uint8)
    layers: tuple[tuple[NDArray[np.int32], SmallObjects, int, Color, float], ...] = (
        (true_ids, true, CROWD, CROWD_COLOR, 0.25),
        (found_ids, found, HIT, FOUND, 0.0),
        (true_ids, true, WRONG, MISSED, 0.6),
        (found_ids, found, WRONG, FALSE_ALARM, 0.6),
    )
    for ids, objects, state, color, alpha in layers:
        shown = np.concatenate([[False], objects.states == state])[ids]
        drawn = draw_layer(drawn, np.where(shown, ids, 0), [color] * len(objects), line=line, alpha=alpha)
    if len(found) and not found_ids.any():
        drawn = _boxes(drawn, found, scale=scale, line=line)
    return truth, drawn


def _boxes(picture: NDArray[np.uint8], found: SmallObjects, *, scale: float, line: int) -> NDArray[np.uint8]:
    """Found objects of which boxes alone are known."""
    canvas = Image.fromarray(picture)
    for box, state in zip((found.boxes.astype(np.float64) * scale).tolist(), found.states.tolist(), strict=True):
        if state != CROWD and box[2] >= box[0] and box[3] >= box[1]:
            draw_box(ImageDraw.Draw(canvas), box, FALSE_ALARM if state == WRONG else FOUND, line=line)
    return np.asarray(canvas)


def _tinted(image: NDArray[np.uint8], labels: NDArray[np.uint16], examples: Examples) -> NDArray[np.uint8]:
    """Classes over the image, the background as it is."""
    shown = labels.astype(np.int64)
    if examples.background is not None:
        shown = np.where(shown == examples.background, NONE, shown)
    return overlay(image, shown, examples.palette, alpha=_TINT, ignore_index=NONE, layout="HWC")


def _large(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(fitted(image, small=SMALL, large=max(image.shape)))


def _enlarged(labels: NDArray[np.uint16], image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    factor = image.shape[0] // labels.shape[0]
    return labels.repeat(factor, axis=0).repeat(factor, axis=1)
