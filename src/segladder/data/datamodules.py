"""The DataModule of each data set: which reader it has."""

from __future__ import annotations

from segladder.data.ade20k import Ade20k
from segladder.data.cityscapes import Cityscapes
from segladder.data.coco import Coco
from segladder.data.disks import Disks
from segladder.data.folder import Folder
from segladder.data.module import SegmentationDataModule
from segladder.data.panoptic.coco import CocoPanoptic
from segladder.data.voc import Voc


class DisksDataModule(SegmentationDataModule):
    """`data=disks`: see `segladder.data.disks.Disks` for the options."""

    reader = Disks


class FolderDataModule(SegmentationDataModule):
    """`data=folder` and its presets: see `segladder.data.folder.Folder` for the options."""

    reader = Folder


class CocoDataModule(SegmentationDataModule):
    """`data=coco` and its presets: see `segladder.data.coco.Coco` for the options."""

    reader = Coco


class CocoPanopticDataModule(SegmentationDataModule):
    """`data=coco_panoptic`: see `segladder.data.panoptic.coco.CocoPanoptic` for the options."""

    reader = CocoPanoptic


class VocDataModule(SegmentationDataModule):
    """`data=voc`: see `segladder.data.voc.Voc` for the options."""

    reader = Voc


class Ade20kDataModule(SegmentationDataModule):
    """`data=ade20k`: see `segladder.data.ade20k.Ade20k` for the options."""

    reader = Ade20k


class CityscapesDataModule(SegmentationDataModule):
    """`data=cityscapes`: see `segladder.data.cityscapes.Cityscapes` for the options."""

    reader = Cityscapes
