"""Data sets, the order they are read in, and what happens to an image on its way to the network.

Names are imported on first use, so that reading disks never pays for torchvision or Lightning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from segladder.data.errors import DataError
    from segladder.data.module import SegmentationDataModule
    from segladder.data.order import EpochBatches
    from segladder.data.panoptic.coco import CocoPanoptic
    from segladder.data.readers.ade20k import Ade20k
    from segladder.data.readers.cityscapes import Cityscapes
    from segladder.data.readers.coco import Coco
    from segladder.data.readers.coco_dataset import CocoDataset
    from segladder.data.readers.coco_file import CocoFile
    from segladder.data.readers.disks import Disks
    from segladder.data.readers.disks_dataset import DisksDataset
    from segladder.data.readers.files import FileDataset
    from segladder.data.readers.folder import Folder
    from segladder.data.readers.voc import Voc
    from segladder.data.seeding import mix
    from segladder.data.transforms.augment import Augment
    from segladder.data.transforms.objects import from_layers, layers_of
    from segladder.data.transforms.photometric import Photometric
    from segladder.data.transforms.turn import QuarterTurn
    from segladder.data.transforms.window import RandomWindow

_HOMES = {
    "Ade20k": "readers.ade20k",
    "Ade20kDataModule": "datamodules",
    "Augment": "transforms.augment",
    "Cityscapes": "readers.cityscapes",
    "CityscapesDataModule": "datamodules",
    "Coco": "readers.coco",
    "CocoDataModule": "datamodules",
    "CocoDataset": "readers.coco_dataset",
    "CocoFile": "readers.coco_file",
    "CocoPanoptic": "panoptic.coco",
    "CocoPanopticDataModule": "datamodules",
    "DataError": "errors",
    "Disks": "readers.disks",
    "DisksDataModule": "datamodules",
    "DisksDataset": "readers.disks_dataset",
    "EpochBatches": "order",
    "FileDataset": "readers.files",
    "Folder": "readers.folder",
    "FolderDataModule": "datamodules",
    "Photometric": "transforms.photometric",
    "QuarterTurn": "transforms.turn",
    "RandomWindow": "transforms.window",
    "SegmentationDataModule": "module",
    "Voc": "readers.voc",
    "VocDataModule": "datamodules",
    "collate": "collate",
    "from_layers": "transforms.objects",
    "layers_of": "transforms.objects",
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
