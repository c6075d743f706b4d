"""`segladder data stats`: what images and labels of the training split hold, counted over every pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from segladder.commands.training_split import training_samples

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from segladder.data.measure import Measured
    from segladder.types import DatasetInfo


def stats(cfg: DictConfig, own: Mapping[str, str]) -> None:
    """Prints the statistics, ready to paste.

    Args:
        cfg: `data`, `augment` and `seed`.
        own: nothing.

    Raises:
        UserError: the data are not what the configuration says.
    """
    from segladder.config.assemble import build_datamodule
    from segladder.data.measure import measure

    cfg["augment"] = None  # what augmentation adds is no property of the data
    datamodule = build_datamodule(cfg)
    samples = training_samples(datamodule)
    _print_stats(measure(samples, datamodule.info), datamodule.info)


def _print_stats(found: Measured, info: DatasetInfo) -> None:
    import torch

    from segladder.losses import inverse_log_weights, median_frequency_weights

    labelled = int(found.pixels.sum())
    share_ignored = found.ignored / max(labelled + found.ignored, 1)
    print(f"{info.name}: {found.images:,} training images, {labelled:,} labelled pixels, {share_ignored:.1%} ignored\n")
    width = max(len(name) for name in ("class", *info.classes))
    print(f"{'class':<{width}}{'pixels':>18}{'share':>11}{'images':>9}")
    for name, pixels, images in zip(info.classes, found.pixels, found.images_with, strict=True):
        print(f"{name:<{width}}{pixels:>18,}{pixels / max(labelled, 1):>11.3%}{images:>9,}")
    print("\nMean and standard deviation of each channel, as dataset.json has them:")
    print(f'"mean": {_numbers(found.mean)}, "std": {_numbers(found.std)}')
    counts = torch.from_numpy(found.pixels)
    for title, rule in (
        ("Median frequency (Eigen & Fergus, 2015), the same as class_weights=auto", median_frequency_weights),
        ("Inverse log (ENet; Paszke et al., 2016), 1 / ln(1.02 + share)", inverse_log_weights),
    ):
        print(f"\n{title}:")
        print(f"loss.terms.ce.class_weights={_numbers(rule(counts).tolist()).replace(' ', '')}")
    absent = [name for name, pixels in zip(info.classes, found.pixels, strict=True) if not pixels]
    if absent:
        print(f"\nNo pixel of {', '.join(absent)}: their weight is 0.")


def _numbers(values: Sequence[float]) -> str:
    """Rounded to four digits that count, as YAML and JSON read them."""
    return f"[{', '.join(f'{value:.4g}' for value in values)}]"
