"""`segladder data show`: one sheet of training samples as the network sees them after augmentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.commands.picture_file import picture_path, write_picture
from segladder.commands.training_split import training_samples
from segladder.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from segladder.data.module import SegmentationDataModule
    from segladder.types import DatasetInfo, Objects, Sample


def show(cfg: DictConfig, own: Mapping[str, str]) -> None:
    """Draws the sheet, and prints a line for each sample.

    Args:
        cfg: `data`, `augment`, `task`, `seed` and `paths`.
        own: `count` and `output`.

    Raises:
        UserError: the data are not what the configuration says, or the picture cannot be written.
    """
    from segladder.config.assemble import build_datamodule
    from segladder.viz import SheetSample, sample_sheet

    count = own.get("count", "8")
    if not count.isdigit() or int(count) < 1:
        raise UserError(f"count is '{count}'. Give a whole number of samples, 1 or more.")
    datamodule = build_datamodule(cfg)
    info = datamodule.info
    path = picture_path(own.get("output") or Path(cfg["paths"]["outputs"]) / "data" / f"{info.name}.png")
    shown = []
    for number, sample in enumerate(_first(datamodule, int(count)), 1):
        name = f"{number}  {sample['image_id']}  {_size(sample)}"
        objects = _objects(sample)
        print(f"{name}  {_holds(sample, info) if objects is None else _counted(objects, info)}")
        label = sample["semantic"].numpy() if objects is None else objects
        shown.append(SheetSample(image=sample["image"].numpy(), label=label, caption=name))
    sheet = sample_sheet(
        shown,
        classes=info.classes,
        palette=info.palette,
        ignore_index=info.ignore_index,
        title=f"{info.name}, training samples as the network sees them",
    )
    write_picture(sheet.save, path)


def _first(datamodule: SegmentationDataModule, count: int) -> list[Sample]:
    """The first samples of the first epoch, in training order."""
    from segladder.data import EpochBatches
    from segladder.data.progress import with_progress

    samples = training_samples(datamodule)
    source: Any = samples.source
    order = EpochBatches(
        len(samples), 1, seed=datamodule.order_seed, shuffle=not source.synthetic, drop_last=False
    ).order(0)[:count]
    return [samples[(0, index)] for index in with_progress(order, len(order), "reading")]


def _size(sample: Sample) -> str:
    height, width = sample["image"].shape[-2:]
    whole = "" if sample["size"] == (height, width) else f" of {sample['size'][0]}x{sample['size'][1]}"
    return f"{height}x{width}{whole}"


def _holds(sample: Sample, info: DatasetInfo) -> str:
    """The classes of one sample, the largest first."""
    from segladder.viz import class_statistics

    labels = sample["semantic"].numpy()
    found = class_statistics(labels, info.num_classes, ignore_index=info.ignore_index)
    shares = sorted(((one.share, name) for one, name in zip(found, info.classes, strict=True)), reverse=True)
    parts = [f"{name} {share:.1%}" for share, name in shares if share > 0]
    listed = ", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")
    ignored = float((labels == info.ignore_index).mean())
    return listed + (f"; ignored {ignored:.1%}" if ignored else "")


def _objects(sample: Sample) -> Objects | None:
    """What augmentation left of a sample's objects; None in a semantic view."""
    if "masks" not in sample:
        return sample.get("objects")
    from segladder.masks import encode, objects_of

    height, width = sample["masks"].shape[1:]
    return objects_of(
        encode(sample["masks"]),
        sample["labels"].numpy(),
        size=(height, width),
        boxes=sample["boxes"].numpy(),
        iscrowd=sample["iscrowd"].numpy(),
    )


def _counted(objects: Objects, info: DatasetInfo) -> str:
    """How many objects of each class there are, the most frequent first."""
    single = Counter(objects.labels[~objects.iscrowd].tolist())
    parts = [f"{count} {info.classes[label]}" for label, count in single.most_common()]
    listed = ", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")
    crowds = int(objects.iscrowd.sum())
    return (listed or "no objects") + (f"; {crowds} crowd{'s' if crowds > 1 else ''}" if crowds else "")
