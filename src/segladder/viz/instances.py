"""Objects over their image: each in a colour of its own, with outline, box, class and score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from segladder.masks import areas, boxes, paint
from segladder.types import DatasetInfo, Instances, Objects
from segladder.viz.boundaries import boundaries
from segladder.viz.colorize import Color
from segladder.viz.fit import fitted
from segladder.viz.image import to_rgb
from segladder.viz.instance_colors import color_numbers, instance_color
from segladder.viz.instance_labels import draw_plates, placed_plates
from segladder.viz.matching import confident

LONGEST = 2048
"""Longest side of an overlay in pixels; larger images are reduced."""

CROWD: Color = (128, 128, 128)
"""Crowds, whose objects nobody told apart."""

ALPHA = 0.4
"""Share of an object's colour over the image inside its outline."""

MOST_NAMED = 60
"""With more objects than this in a picture, boxes and names would hide what they belong to; outlines stay."""

SMALLEST_BOX = 12
"""Longer side, in pixels of the picture, from which a box is drawn: around less it would be all that is seen."""


def instance_overlay(
    image: ArrayLike,
    objects: Instances | Objects,
    info: DatasetInfo,
    *,
    threshold: float = 0.5,
    longest: int = LONGEST,
    layout: str = "auto",
) -> NDArray[np.uint8]:
    """The image with its found or true objects, reduced where it is larger than `longest`.

    Args:
        image: anything that `to_rgb` reads, of the objects' size.
        objects: found or true ones.
        info: names the classes.
        threshold: least score of a found object that is shown, in [0, 1].
        longest: longest side of the picture in pixels.
        layout: of the image, see `to_rgb`.

    Returns:
        `(h, w, 3)` uint8.

    Raises:
        ValueError: image and objects differ in size.
    """
    rgb = to_rgb(image, layout=layout, size=objects.size)
    check_size(rgb, objects, "The image")
    shown = confident(objects, threshold) if isinstance(objects, Instances) else objects
    picture = np.asarray(fitted(rgb, small=0, large=longest))
    return draw_objects(picture, shown, info.classes, numbers=numbers_of(shown, picture.shape))


def draw_objects(
    picture: NDArray[np.uint8],
    objects: Instances | Objects,
    classes: Sequence[str],
    *,
    numbers: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """The picture, `(h, w, 3)` uint8 of any scale, with every object drawn at that scale.

    Args:
        picture: the image, enlarged or reduced.
        objects: their coordinates are those of the image itself.
        classes: class names.
        numbers: `(N,)` of each object's colour, see `numbers_of`.
    """
    height, width = picture.shape[:2]
    crowd = _crowd(objects)
    colors = [CROWD if is_crowd else instance_color(n) for n, is_crowd in zip(numbers.tolist(), crowd, strict=True)]
    frames = objects.boxes * _scale(objects, picture.shape)
    line = max(1, round(max(height, width) / 800))
    ids = object_map(objects, (height, width))
    canvas = Image.fromarray(draw_layer(picture, ids, colors, line=line))
    if len(objects) > MOST_NAMED and objects.masks is not None:
        return np.asarray(canvas)
    draw = ImageDraw.Draw(canvas)
    for box, color in zip(frames.tolist(), colors, strict=True):
        if objects.masks is None or max(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX:
            draw_box(draw, box, color, line=line)
    font_size = min(max(11, max(height, width) // 60), 24)
    texts = _texts(objects, classes)[:MOST_NAMED]
    plates = placed_plates(texts, frames[:MOST_NAMED], ids, font_size=font_size)
    draw_plates(draw, plates, colors, font_size=font_size)
    return np.asarray(canvas)


def draw_layer(
    picture: NDArray[np.uint8],
    ids: NDArray[np.int32],
    colors: Sequence[Color],
    *,
    line: int = 1,
    alpha: float = ALPHA,
) -> NDArray[np.uint8]:
    """The picture with object `k` of the map tinted and outlined in `colors[k - 1]`.

    Args:
        picture: `(h, w, 3)` uint8.
        ids: `(h, w)`, 0 where there is no object.
        colors: one per object.
        line: width of the outlines in pixels, drawn inside the object.
        alpha: share of the colour inside the outline, 0 to 1.
    """
    table = np.concatenate([np.zeros((1, 3), np.uint8), np.asarray(colors, dtype=np.uint8).reshape(-1, 3)])
    inside = ids > 0
    edge = outlines(ids, line=line)
    drawn = picture.copy()
    colored = table[ids[inside]]
    drawn[inside] = np.rint((1 - alpha) * picture[inside] + alpha * colored).astype(np.uint8)
    drawn[edge] = table[ids[edge]]
    return drawn


def outlines(ids: NDArray[np.int32], *, line: int) -> NDArray[np.bool_]:
    """`(h, w)`, True in each object within `line` pixels of its end; the picture's border is no end."""
    inside = ids > 0
    edge = boundaries(ids, ignore_index=-1) & inside
    for _ in range(line - 1):
        grown = edge.copy()
        grown[1:] |= edge[:-1]
        grown[:-1] |= edge[1:]
        grown[:, 1:] |= edge[:, :-1]
        grown[:, :-1] |= edge[:, 1:]
        edge = grown & inside
    return edge


def draw_box(draw: ImageDraw.ImageDraw, box: Sequence[float], color: Color, *, line: int) -> None:
    """A frame at x1 y1 x2 y2, whose far sides lie on the last pixels inside."""
    x1, y1, x2, y2 = (round(value) for value in box)
    draw.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=color, width=line)


def object_map(
    objects: Instances | Objects, size: tuple[int, int], *, only: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """The number from 1 of the object at each pixel of a picture of the image, `(h, w)`; 0 where there is none.

    Where objects overlap, the surer one shows, of true ones the smaller, and crowds below all. An object too small for
    the picture's pixels has one pixel all the same. Objects known by their boxes alone are nowhere.

    Args:
        objects: of the image.
        size: height and width of the picture.
        only: `(N,)`, the objects that are shown; None for all.
    """
    height, width = size
    if objects.masks is None:
        return np.zeros(size, dtype=np.int32)
    if isinstance(objects, Instances):
        order = np.argsort(objects.scores, kind="stable")
    else:
        order = np.lexsort((-areas(objects.masks), ~objects.iscrowd))
    if only is not None:
        order = order[only[order]]
    whole = paint([objects.masks[i] for i in order.tolist()], (order + 1).tolist(), objects.size, fill=0)
    # the pixel of the image at the middle of each pixel of the picture
    rows = (2 * np.arange(height) + 1) * objects.size[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * objects.size[1] // (2 * width)
    shown: NDArray[np.int32] = whole[rows[:, None], columns]
    if height < objects.size[0] or width < objects.size[1]:
        lost = np.flatnonzero(_present(whole, len(objects)) & ~_present(shown, len(objects)))
        middles = (extents(objects)[lost - 1].reshape(-1, 2, 2).mean(axis=1) * _scale(objects, size)[:2]).astype(int)
        shown[np.minimum(middles[:, 1], height - 1), np.minimum(middles[:, 0], width - 1)] = lost
    return shown


def extents(objects: Instances | Objects) -> NDArray[np.float64]:
    """Around box and mask of each object, `(N, 4)` x1 y1 x2 y2 in pixels of the image."""
    if objects.masks is None or not len(objects):
        return objects.boxes
    around = boxes(objects.masks)
    return np.concatenate(
        [np.minimum(objects.boxes[:, :2], around[:, :2]), np.maximum(objects.boxes[:, 2:], around[:, 2:])], axis=1
    )


def numbers_of(
    objects: Instances | Objects, shape: Sequence[int], *, wishes: Sequence[int] | None = None
) -> NDArray[np.int64]:
    """Numbers of the objects' colours, `(N,)`, different wherever two come near each other in a picture of that shape.

    Args:
        objects: of the image.
        shape: height and width of the picture.
        wishes: see `color_numbers`.
    """
    return color_numbers(extents(objects) * _scale(objects, shape), margin=2.0, wishes=wishes)


def check_size(rgb: NDArray[np.uint8], objects: Instances | Objects, name: str) -> None:
    """Refuses objects of another image.

    Raises:
        ValueError: the sizes differ.
    """
    if rgb.shape[:2] != tuple(objects.size):
        raise ValueError(f"{name} is {rgb.shape[:2]} and its objects are of {tuple(objects.size)} (height, width).")


def _present(ids: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Which numbers from 0 to `count` occur, `(count + 1,)`."""
    present = np.zeros(count + 1, dtype=bool)
    for line in ids:  # by lines: an index of the whole map would be twice its size
        present[line] = True
    return present


def _scale(objects: Instances | Objects, shape: Sequence[int]) -> NDArray[np.float64]:
    """From pixels of the image to those of the picture, `(4,)` for x1 y1 x2 y2."""
    across, down = shape[1] / objects.size[1], shape[0] / objects.size[0]
    return np.array([across, down, across, down])


def _crowd(objects: Instances | Objects) -> list[bool]:
    return [False] * len(objects) if isinstance(objects, Instances) else objects.iscrowd.tolist()


def _texts(objects: Instances | Objects, classes: Sequence[str]) -> list[tuple[str, ...]]:
    """What may be said of each object, the best first."""
    names = [classes[label] for label in objects.labels.tolist()]
    if isinstance(objects, Instances):
        return [(f"{n} {s:.2f}", f"{s:.2f}") for n, s in zip(names, objects.scores.tolist(), strict=True)]
    return [(f"crowd: {n}",) if c else (n,) for n, c in zip(names, _crowd(objects), strict=True)]
