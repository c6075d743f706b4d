"""What a network that finds objects says: detections in evaluation, parts of its loss in training."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Detections(NamedTuple):
    """The N objects found in one image, best score first."""

    boxes: Tensor
    """`(N, 4)` float, x1 y1 x2 y2 in pixels of the image as it was given."""
    labels: Tensor
    """`(N,)` int64, from 1; 0 would be "no object"."""
    scores: Tensor
    """`(N,)` float in [0, 1]."""
    masks: Tensor
    """`(N, M, M)` float in [0, 1], of the label's class: how likely each of the box's M x M cells is of the object."""


class MaskRCNNTraining(NamedTuple):
    """What a batch teaches: the finished parts of the loss, and the masks for whichever loss is chosen."""

    losses: dict[str, Tensor]
    """`rpn_objectness`, `rpn_box`, `box_class` and `box`, scalars, unweighted."""
    mask_logits: Tensor
    """`(P, M, M)` of the P regions that lie on an object, for that object's class. P may be 0; the (empty) tensor then
    still leads to every parameter of the mask head, with gradients of zero."""
    mask_targets: Tensor
    """`(P, M, M)` uint8, 1 where the region's cell is of the object."""
