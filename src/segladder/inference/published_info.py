"""The classes of published weights: COCO's of objects; of pixels torchvision's are of VOC's classes."""

from __future__ import annotations

from segladder.types import DatasetInfo


def published_info(*, objects: bool) -> DatasetInfo:
    """What a network with published weights names.

    Args:
        objects: whether it finds objects.
    """
    from segladder.data.palette import distinct_colors

    ids: tuple[int, ...] | None = None
    if objects:
        from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

        names = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
        # the numbers of COCO's categories have gaps
        ids = (0, *(number for number, name in enumerate(names) if number and name != "N/A"))
        name, classes = "coco", ("background", *(names[number] for number in ids[1:]))
    else:
        from segladder.data.readers.voc import CLASSES

        name, classes = "voc", CLASSES
    things = (False, *[True] * (len(classes) - 1))
    return DatasetInfo(
        name=name, classes=tuple(classes), palette=distinct_colors(len(classes)), things=things, label_ids=ids
    )
