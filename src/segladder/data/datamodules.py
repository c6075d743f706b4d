"""The DataModule of each data set: which reader it has."""

from __future__ import annotations

from segladder.data.module import SegmentationDataModule
from segladder.data.panoptic.coco import CocoPanoptic
from segladder.data.readers.ade20k import Ade20k
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.coco import Coco
from segladder.data.readers.disks import Disks
from segladder.data.readers.folder import Folder
from segladder.data.readers.voc import Voc


class DisksDataModule(SegmentationDataModule):
    """`data=disks`: see `segladder.data.readers.disks.Disks` for the options."""

    reader = Disks


class FolderDataModule(SegmentationDataModule):
    """`data=folder` and its presets: see `segladder.data.readers.folder.Folder` for the options."""

    reader = Folder


class CocoDataModule(SegmentationDataModule):
    """`data=coco` and its presets: see `segladder.data.readers.coco.Coco` for the options."""

    reader = Coco


class CocoPanopticDataModule(SegmentationDataModule):
    """`data=coco_panoptic`: see `segladder.data.panoptic.coco.CocoPanoptic` for the options."""

    reader = CocoPanoptic


class VocDataModule(SegmentationDataModule):
    """`data=voc`: see `segladder.data.readers.voc.Voc` for the options."""

    reader = Voc


class Ade20kDataModule(SegmentationDataModule):
    """`data=ade20k`: see `segladder.data.readers.ade20k.Ade20k` for the options."""

    reader = Ade20k


class CityscapesDataModule(SegmentationDataModule):
    """`data=cityscapes`: see `segladder.data.readers.cityscapes.Cityscapes` for the options."""

    reader = Cityscapes
