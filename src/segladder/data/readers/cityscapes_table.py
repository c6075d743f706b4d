"""What cityscapesScripts know of Cityscapes' classes: ids, colours, categories, and how large an object is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# cityscapesScripts, labels.py: name, id, colour, has instances; in the order of train ids. Those with instances are the
# classes of the categories human and vehicle.
CLASSES = (
    ("road", 7, (128, 64, 128), False),
    ("sidewalk", 8, (244, 35, 232), False),
    ("building", 11, (70, 70, 70), False),
    ("wall", 12, (102, 102, 156), False),
    ("fence", 13, (190, 153, 153), False),
    ("pole", 17, (153, 153, 153), False),
    ("traffic light", 19, (250, 170, 30), False),
    ("traffic sign", 20, (220, 220, 0), False),
    ("vegetation", 21, (107, 142, 35), False),
    ("terrain", 22, (152, 251, 152), False),
    ("sky", 23, (70, 130, 180), False),
    ("person", 24, (220, 20, 60), True),
    ("rider", 25, (255, 0, 0), True),
    ("car", 26, (0, 0, 142), True),
    ("truck", 27, (0, 0, 70), True),
    ("bus", 28, (0, 60, 100), True),
    ("train", 31, (0, 80, 100), True),
    ("motorcycle", 32, (0, 0, 230), True),
    ("bicycle", 33, (119, 11, 32), True),
)

LABEL_IDS = tuple(label_id for _, label_id, _, _ in CLASSES)
"""The official id of each class."""

CATEGORIES = {
    "flat": ("road", "sidewalk"),
    "construction": ("building", "wall", "fence"),
    "object": ("pole", "traffic light", "traffic sign"),
    "nature": ("vegetation", "terrain"),
    "sky": ("sky",),
    "human": ("person", "rider"),
    "vehicle": ("car", "truck", "bus", "train", "motorcycle", "bicycle"),
}

# pixels, cityscapesScripts, evalPixelLevelSemanticLabeling.py
MEAN_AREAS = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
}

HIGHEST_ID = 33

PER_LABEL = 1000
"""An object is called 1000 times its label id, plus its number."""


def _tables() -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """By value of an instanceIds file: whether it is void, and what it is called in `Sample.object_ids`."""
    void = np.zeros(2**16, dtype=bool)
    void[[value for value in range(HIGHEST_ID + 1) if value not in LABEL_IDS]] = True
    numbered = np.zeros(2**16, dtype=np.int32)
    for index, (_, label_id, _, thing) in enumerate(CLASSES):
        if thing:
            first = PER_LABEL * label_id
            numbered[first : first + PER_LABEL] = np.arange(1, PER_LABEL + 1) * len(CLASSES) + index
    return void, numbered


IS_VOID, NUMBERED = _tables()
"""By value of an instanceIds file: whether the benchmark ignores it, and its number in `Sample.object_ids`."""
