"""Data sets, the order they are read in, and what happens to an image on its way to the network.

Names are imported on first use, so that reading disks never pays for torchvision or Lightning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.data.ade20k import Ade20k
    from segladder.data.augment import Augment
    from segladder.data.cityscapes import Cityscapes
    from segladder.data.coco import Coco
    from segladder.data.coco_dataset import CocoDataset
    from segladder.data.coco_file import CocoFile
    from segladder.data.collate import collate
    from segladder.data.datamodules import (
        Ade20kDataModule,
        CityscapesDataModule,
        CocoDataModule,
        CocoPanopticDataModule,
        DisksDataModule,
        FolderDataModule,
        VocDataModule,
    )
    from segladder.data.disks import Disks, DisksDataset
    from segladder.data.errors import DataError
    from segladder.data.files import FileDataset
    from segladder.data.folder import Folder
    from segladder.data.module import SegmentationDataModule
    from segladder.data.objects import from_layers, layers_of
    from segladder.data.order import EpochBatches
    from segladder.data.panoptic.coco import CocoPanoptic
    from segladder.data.photometric import Photometric
    from segladder.data.seeding import mix
    from segladder.data.turn import QuarterTurn
    from segladder.data.voc import Voc
    from segladder.data.window import RandomWindow

_HOMES = {
    "Ade20k": "ade20k",
    "Ade20kDataModule": "datamodules",
    "Augment": "augment",
    "Cityscapes": "cityscapes",
    "CityscapesDataModule": "datamodules",
    "Coco": "coco",
    "CocoDataModule": "datamodules",
    "CocoDataset": "coco_dataset",
    "CocoFile": "coco_file",
    "CocoPanoptic": "panoptic.coco",
    "CocoPanopticDataModule": "datamodules",
    "DataError": "errors",
    "Disks": "disks",
    "DisksDataModule": "datamodules",
    "DisksDataset": "disks",
    "EpochBatches": "order",
    "FileDataset": "files",
    "Folder": "folder",
    "FolderDataModule": "datamodules",
    "Photometric": "photometric",
    "QuarterTurn": "turn",
    "RandomWindow": "window",
    "SegmentationDataModule": "module",
    "Voc": "voc",
    "VocDataModule": "datamodules",
    "collate": "collate",
    "from_layers": "objects",
    "layers_of": "objects",
    "mix": "seeding",
}

__all__ = [
    "Ade20k",
    "Ade20kDataModule",
    "Augment",
    "Cityscapes",
    "CityscapesDataModule",
    "Coco",
    "CocoDataModule",
    "CocoDataset",
    "CocoFile",
    "CocoPanoptic",
    "CocoPanopticDataModule",
    "DataError",
    "Disks",
    "DisksDataModule",
    "DisksDataset",
    "EpochBatches",
    "FileDataset",
    "Folder",
    "FolderDataModule",
    "Photometric",
    "QuarterTurn",
    "RandomWindow",
    "SegmentationDataModule",
    "Voc",
    "VocDataModule",
    "collate",
    "from_layers",
    "layers_of",
    "mix",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
