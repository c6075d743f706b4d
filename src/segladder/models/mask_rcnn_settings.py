"""The settings of Mask R-CNN's three heads: proposals, boxes and masks; defaults are torchvision's first version's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segladder.models.settings import did_you_mean, is_whole
from segladder.types import UserError

PARTS = ("rpn_objectness", "rpn_box", "box_class", "box", "mask")
"""The parts of the loss, in the order in which they arise."""


@dataclass(frozen=True, kw_only=True)
class ProposalSettings:
    """The region proposal network (Ren et al., NeurIPS 2015): which anchors may hold an object.

    Raises:
        UserError: a setting is outside its range.
    """

    convs: int = 1
    """3x3 convolutions before its two outputs."""
    pre_nms: Sequence[int] = (2000, 1000)
    """Best boxes of each level that are looked at, in training and in evaluation."""
    post_nms: Sequence[int] = (2000, 1000)
    """Best boxes of an image that are proposed, in training and in evaluation."""
    nms_threshold: float = 0.7
    """Of two boxes with a higher IoU the worse is dropped."""
    foreground_iou: float = 0.7
    """An anchor is an object from this IoU on; the best anchor of an object always is."""
    background_iou: float = 0.3
    """An anchor is none below this IoU; those between count for nothing."""
    batch: int = 256
    """Anchors of each image that a step learns from."""
    positive_share: float = 0.5
    """Share of them, at most, that are objects."""

    def __post_init__(self) -> None:
        _check_counts("model.rpn", self, "convs", "batch")
        _check_shares("model.rpn", self, "nms_threshold", "foreground_iou", "background_iou", "positive_share")
        _check_some("model.rpn", self.positive_share)
        for name in ("pre_nms", "post_nms"):
            value = getattr(self, name)
            pair = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
            if len(pair) != 2 or not all(is_whole(number) and number > 0 for number in pair):
                raise UserError(
                    f"model.rpn.{name} is {value!r}. Give two whole numbers of 1 or more, for training and evaluation,"
                    f" as in model.rpn.{name}=[2000,1000]."
                )
        if self.background_iou > self.foreground_iou:
            raise UserError(
                f"model.rpn.background_iou is {self.background_iou}, above model.rpn.foreground_iou"
                f" ({self.foreground_iou}): an anchor would be both. Lower it."
            )


@dataclass(frozen=True, kw_only=True)
class BoxSettings:
    """The box head (Girshick, Fast R-CNN, ICCV 2015): a class and a better box for each proposal.

    Raises:
        UserError: a setting is outside its range.
    """

    convs: int = 0
    """3x3 convolutions, as wide as the pyramid; with them one fully connected layer follows, without them two."""
    width: int = 1024
    """Of the fully connected layers."""
    batch: int = 512
    """Proposals of each image that a step learns from."""
    positive_share: float = 0.25
    """Share of them, at most, that lie on objects; the mask head learns from these."""

    def __post_init__(self) -> None:
        _check_counts("model.box", self, "convs", least=0)
        _check_counts("model.box", self, "width", "batch")
        _check_shares("model.box", self, "positive_share")
        _check_some("model.box", self.positive_share)


@dataclass(frozen=True, kw_only=True)
class MaskSettings:
    """The mask head (He et al., Mask R-CNN, ICCV 2017): which cells of a box are of its object.

    Raises:
        UserError: a setting is outside its range.
    """

    convs: int = 4
    """3x3 convolutions before the upsampling."""
    width: int = 256
    """Channels of them and of the upsampling."""
    resolution: int = 28
    """Cells along each side of a mask; the head works at half of it."""

    def __post_init__(self) -> None:
        _check_counts("model.mask", self, "convs", "width", "resolution")
        if self.resolution % 2:
            raise UserError(f"model.mask.resolution is {self.resolution}. Give an even number.")


def check_counts(**counts: object) -> None:
    """Refuses what is no whole number of 1 or more.

    Raises:
        UserError: with the setting's name below `model`.
    """
    for name, value in counts.items():
        if value is None:
            raise UserError(f"model.{name} is null, which a run fills in from its data. Give MaskRCNN a number.")
        if not is_whole(value) or value < 1:  # type: ignore[operator]
            raise UserError(f"model.{name} is {value!r}. Give a whole number of 1 or more.")


def check_detection(detections: object, score_threshold: object, nms_threshold: object) -> None:
    """Refuses numbers of detections and thresholds that make no sense.

    Raises:
        UserError: with the setting's name below `model`.
    """
    check_counts(detections=detections)
    _check_share("model.score_threshold", score_threshold)
    _check_share("model.nms_threshold", nms_threshold)


def checked_loss_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """A weight for each of `PARTS`, 1.0 where none is given.

    Raises:
        UserError: an unknown part, or a weight that is no number from 0.
    """
    given = dict(weights or {})
    for name, value in given.items():
        if name not in PARTS:
            raise UserError(
                f"Unknown part 'model.loss_weights.{name}'{did_you_mean(name, PARTS)} The parts of the loss are:"
                f" {', '.join(PARTS)}."
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise UserError(f"model.loss_weights.{name} is {value!r}. Give a number from 0.")
    return {name: float(given.get(name, 1.0)) for name in PARTS}


def _check_counts(key: str, settings: object, *names: str, least: int = 1) -> None:
    for name in names:
        value = getattr(settings, name)
        if not is_whole(value) or value < least:
            raise UserError(f"{key}.{name} is {value!r}. Give a whole number of {least} or more.")


def _check_shares(key: str, settings: object, *names: str) -> None:
    for name in names:
        _check_share(f"{key}.{name}", getattr(settings, name))


def _check_some(key: str, positive_share: float) -> None:
    if positive_share == 0:
        raise UserError(f"{key}.positive_share is 0, which learns of no object. Give a share above 0.")


def _check_share(key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(f"{key} is {value!r}. Give a number from 0 to 1.")
