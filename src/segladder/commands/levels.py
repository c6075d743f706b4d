"""`segladder data levels`: which level of a feature pyramid serves each object, and how many no anchor fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segladder.commands.picture_file import picture_path, write_picture
from segladder.commands.training_split import training_samples
from segladder.types import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from omegaconf import DictConfig

    from segladder.data.levels import AnchorShapes, Served
    from segladder.types import DatasetInfo

_UNSERVED = (0.7, 0.5)
"""Below the first no anchor is an object's by itself (`rpn.foreground_iou`); it is left with the best of bad ones."""


def levels(cfg: DictConfig, own: Mapping[str, str]) -> None:
    """Prints the tables and draws the plot.

    Args:
        cfg: `data`, `augment`, `task`, `model`, `seed` and `paths`.
        own: `output`.

    Raises:
        UserError: the data are not what the configuration says or have no objects, a setting makes no sense, or the
            picture cannot be written.
    """
    from segladder.config.assemble import build_datamodule
    from segladder.data.levels import level_ranges, served
    from segladder.viz.levels import plot_levels

    anchors, min_size, max_size = _settings(cfg)
    cfg["augment"] = None  # what augmentation adds is no property of the data
    datamodule = build_datamodule(cfg)
    info = datamodule.info
    path = picture_path(own.get("output") or Path(cfg["paths"]["outputs"]) / "data" / f"{info.name}-levels.png")
    found = served(training_samples(datamodule), anchors=anchors, min_size=min_size, max_size=max_size)
    if not len(found.labels):
        raise UserError(
            f"None of the {found.images:,} training images of '{info.name}' holds an object. Look at another split with"
            " data.train_split=…, or for what is amiss with `segladder data show task=instance`."
        )
    counts = f"{len(found.labels):,} objects of {found.images:,} training images"
    title = f"{info.name}: {counts}, {_as_resized(min_size, max_size)}"
    print(f"{title}{f', {found.crowds:,} crowds left out' if found.crowds else ''}")
    _print_tables(found, anchors, info)
    sizes = [size for level in anchors.sizes for size in level]
    write_picture(
        lambda file: plot_levels(found.sizes, found.ious, file, ranges=level_ranges(), anchor_sizes=sizes, title=title),
        path,
    )


def _settings(cfg: DictConfig) -> tuple[AnchorShapes, int | None, int | None]:
    """The model's anchors, and what it resizes the shorter and the longer side of an image to; checked as it does."""
    from omegaconf import OmegaConf

    from segladder.data.levels import DIVISIBLE, STRIDES, AnchorShapes
    from segladder.models.anchors import anchors_for
    from segladder.models.image_sizes import ImageSizes

    model: Any = OmegaConf.to_container(cfg["model"], resolve=False)
    if "anchor_sizes" not in model:
        raise UserError("This model has no anchors: it proposes no boxes. Choose model=maskrcnn, or leave model= out.")
    anchors = anchors_for(STRIDES, model["anchor_sizes"], model["anchor_ratios"])
    sizes = ImageSizes(model["min_size"], model["max_size"], multiple=DIVISIBLE)
    shapes = AnchorShapes(sizes=tuple(map(tuple, anchors.sizes)), ratios=anchors.aspect_ratios[0])
    # of several sizes training draws one for each image, and evaluation takes the last
    return shapes, sizes.min_size[-1] if sizes.resizes else None, model["max_size"]


def _as_resized(min_size: int | None, max_size: int | None) -> str:
    if min_size is None:
        return "at their own size"
    return f"shorter side {min_size}" + ("" if max_size is None else f", longer at most {max_size}")


def _print_tables(found: Served, anchors: AnchorShapes, info: DatasetInfo) -> None:
    from segladder.data.levels import level_ranges

    present = np.unique(found.labels).tolist()
    groups = [(info.classes[label], found.labels == label) for label in present]
    if len(groups) > 1:
        groups.append(("all", np.ones(len(found.labels), dtype=bool)))
    quantiles = {
        name: lambda chosen, share=share: f"{np.quantile(found.sizes[chosen], share):.0f}"
        for name, share in (("5 %", 0.05), ("median", 0.5), ("95 %", 0.95))
    }
    print("\nRoIAlign reads an object from the level of its size (square root of its box's area, pixels):")
    ranges = {f"P{level} {_range(*ends)}": _share_of(found.levels == level) for level, ends in level_ranges().items()}
    _print(groups, {"objects": lambda chosen: f"{chosen.sum():,}", **quantiles, **ranges})
    print("\nThe anchor that fits it best, and the objects that none fits:")
    best = {
        f"P{level} {'+'.join(f'{size:g}' for size in sizes)}": _share_of(found.anchor_levels == level)
        for level, sizes in zip(anchors.levels, anchors.sizes, strict=True)
    }
    unserved = {f"IoU < {least}": _share_of(found.ious < least) for least in _UNSERVED}
    _print(groups, {**best, **unserved, "mean IoU": lambda chosen: f"{found.ious[chosen].mean():.2f}"})
    print()


def _share_of(held: NDArray[np.bool_]) -> Callable[[NDArray[np.bool_]], str]:
    """Says what share of the chosen objects is held."""
    return lambda chosen: f"{held[chosen].mean():.1%}"


def _range(start: float, stop: float) -> str:
    return f"<{stop:g}" if not start else f"{start:g}-{stop:g}" if np.isfinite(stop) else f">={start:g}"


def _print(
    groups: Sequence[tuple[str, NDArray[np.bool_]]], columns: Mapping[str, Callable[[NDArray[np.bool_]], str]]
) -> None:
    """A line for each group, a column for each name, right-aligned."""
    rows = [["class", *columns], *([name, *(say(chosen) for say in columns.values())] for name, chosen in groups)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([f"{first:<{widths[0]}}", *cells]))
