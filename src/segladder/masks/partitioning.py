"""Found objects that overlap as one partition of the image: each pixel goes to the best of those that claim it."""

from __future__ import annotations

import numpy as np

from segladder.masks.painting import stretch
from segladder.types import Instances, Segments


def partition(found: Instances, *, score: float = 0.5, overlap: float = 0.5, rest: int | None = None) -> Segments:
    """The panoptic readout of found objects (Kirillov et al., Panoptic Segmentation, CVPR 2019, section 7).

    By falling score each object takes the pixels of its mask that no better one has. It is left out, and takes none,
    where better ones have more than `overlap` of its mask. Equal scores go in the order in which `paint_found` shows
    them, so that both readouts agree where nothing is left out.

    Args:
        found: the objects of one image, with masks.
        score: least score of an object that takes part; panopticapi's.
        overlap: largest share of an object's mask that better ones may have; panopticapi's.
        rest: the class of pixels that no object has; None: they are void.

    Returns:
        Segments numbered from 1 in the order in which they were painted, that of `rest` last.

    Raises:
        ValueError: boxes alone are known, or a mask has another size than the image.
    """
    if found.masks is None:
        raise ValueError("Boxes alone cannot be painted: these objects have no masks.")
    height, width = found.size
    flat = np.zeros(height * width, dtype=np.int32)
    labels: list[int] = []
    areas: list[int] = []
    for index in reversed(np.argsort(found.scores, kind="stable").tolist()):
        if found.scores[index] < score:
            break
        rle = found.masks[index]
        if tuple(rle["size"]) != (height, width):
            raise ValueError(f"A mask of {rle['size'][0]}x{rle['size'][1]} cannot be painted on {height}x{width}.")
        first, inside = stretch(rle)
        claimed = flat[first : first + len(inside)]
        free = inside & (claimed == 0)
        area, left = int(inside.sum()), int(free.sum())
        if not left or (area - left) / area > overlap:
            continue
        labels.append(int(found.labels[index]))
        areas.append(left)
        claimed[free] = len(labels)
    if rest is not None and (left := int((flat == 0).sum())):
        labels.append(rest)
        areas.append(left)
        flat[flat == 0] = len(labels)
    return Segments(
        id_map=np.ascontiguousarray(flat.reshape(width, height).T),
        ids=np.arange(1, len(labels) + 1, dtype=np.int64),
        labels=np.array(labels, dtype=np.int64),
        iscrowd=np.zeros(len(labels), dtype=bool),
        areas=np.array(areas, dtype=np.int64),
    )
