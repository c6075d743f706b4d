"""What the Cityscapes benchmark scores besides IoU (Cordts et al., CVPR 2016): the values of cityscapesScripts."""

from segladder.metrics.cityscapes.categories import category_iou
from segladder.metrics.cityscapes.precision import CityscapesPrecision
from segladder.metrics.cityscapes.weighted import WeightedIou

__all__ = ["CityscapesPrecision", "WeightedIou", "category_iou"]
