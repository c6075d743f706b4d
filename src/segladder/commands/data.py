"""`segladder data show|stats data=NAME …`: what the network sees of a data set, and what its labels hold."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from segladder.data.measure import Measured
    from segladder.data.module import SegmentationDataModule
    from segladder.types import DatasetInfo, Sample

_HELP = """\
segladder data show data=NAME [augment=NAME] [count=8] [output=FILE.png] [seed=0] [data.KEY=VALUE …]
    one sheet of training samples as the network sees them after augmentation, their labels laid over them

segladder data stats data=NAME [data.KEY=VALUE …]
    mean and standard deviation of each channel, pixels of each class, class weights, over the whole training split;
    data.limit=500 for the first 500 images, data.train_split=val for another split

Both take --config-dir DIR and plugins=[mypkg] for data sets of your own. `segladder train --help` lists data sets.
"""
_OWN = {"show": ("count", "output"), "stats": ()}
"""The settings of each action that are no config keys."""

_COMPOSED = {"show": ("data", "augment", "seed", "plugins", "paths"), "stats": ("data", "seed", "plugins")}
"""The parts of the config that each action looks at."""


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    words = list(argv)
    if not words or any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    actions: Mapping[str, Callable[[DictConfig, Mapping[str, str]], None]] = {"show": _show, "stats": _stats}
    try:
        action = words.pop(0)
        if action not in actions:
            raise UserError(f"segladder data knows {' and '.join(actions)}, not '{action}'.")
        parser = argparse.ArgumentParser(add_help=False)
        parser.add_argument("--config-dir", "-cd", action="append", default=[])
        flags, words = parser.parse_known_args(words)
        own, overrides = _sorted(action, words)
        actions[action](_composed(overrides, flags.config_dir), own)
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _sorted(action: str, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The command's own settings, and what is left for the config."""
    own: dict[str, str] = {}
    overrides = []
    for word in words:
        key, equals, value = word.partition("=")
        top = key.lstrip("+").partition(".")[0]
        if not equals:
            raise UserError(f"'{word}' is no setting. Write key=value, as in data=folder data.root=/path/to/set.")
        if key in _OWN[action]:
            own[key] = value
        elif top in _COMPOSED[action]:
            overrides.append(word)
        else:
            known = (*_COMPOSED[action], *_OWN[action])
            raise UserError(
                f"'{word}' has no effect on segladder data {action}{did_you_mean(key, known)} It takes"
                f" {', '.join(known)}."
            )
    return own, overrides


def _composed(overrides: Sequence[str], config_dirs: Sequence[str]) -> DictConfig:
    """The config of `segladder train` with these words, as far as it is about data.

    Raises:
        UserError: it does not compose, or a value makes no sense.
    """
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from segladder.config.check import check
    from segladder.config.composition import Composition
    from segladder.config.explain import explain
    from segladder.config.paths import conf_dir
    from segladder.config.plugins import import_plugins
    from segladder.config.values import check_values
    from segladder.config.words import prepare_overrides

    prepared = prepare_overrides(overrides)
    context = Composition(conf_dir(), "train", tuple(prepared), tuple(config_dirs))
    try:
        cfg = context.loader.load_configuration("train", prepared, RunMode.RUN)
        data = OmegaConf.masked_copy(cfg, ["data", "augment", "seed", "plugins", "paths"])
        check_values(data, prepared)
        check(data)
    except Exception as error:
        sentence = explain(error, context)
        if sentence is None:
            raise
        raise UserError(sentence) from error
    import_plugins(data["plugins"] or [])
    return data


def _show(cfg: DictConfig, own: Mapping[str, str]) -> None:
    from segladder.config.assemble import build_datamodule
    from segladder.viz import SheetSample, sample_sheet

    count = own.get("count", "8")
    if not count.isdigit() or int(count) < 1:
        raise UserError(f"count is '{count}'. Give a whole number of samples, 1 or more.")
    datamodule = build_datamodule(cfg)
    info = datamodule.info
    path = Path(own.get("output") or Path(cfg["paths"]["outputs"]) / "data" / f"{info.name}.png")
    if path.suffix.lower() != ".png":
        raise UserError(f"output is '{path}'. Give a file name that ends in .png.")
    shown = []
    for number, sample in enumerate(_first(datamodule, int(count)), 1):
        name = f"{number}  {sample['image_id']}  {_size(sample)}"
        print(f"{name}  {_holds(sample, info)}")
        shown.append(SheetSample(image=sample["image"].numpy(), classes=sample["semantic"].numpy(), caption=name))
    sheet = sample_sheet(
        shown,
        classes=info.classes,
        palette=info.palette,
        ignore_index=info.ignore_index,
        title=f"{info.name}, training samples as the network sees them",
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path)
    except OSError as error:
        raise UserError(
            f"'{path}' cannot be written ({error.strerror or error}). Name another file with output=FILE.png."
        ) from None
    print(f"Wrote {path}")


def _first(datamodule: SegmentationDataModule, count: int) -> list[Sample]:
    """The first samples of the first epoch, in training order."""
    from segladder.data import EpochBatches
    from segladder.data.progress import with_progress

    samples = _training(datamodule)
    source: Any = samples.source
    order = EpochBatches(
        len(samples), 1, seed=datamodule.order_seed, shuffle=not source.synthetic, drop_last=False
    ).order(0)[:count]
    return [samples[(0, index)] for index in with_progress(order, len(order), "reading")]


def _training(datamodule: SegmentationDataModule) -> Any:
    samples = datamodule.samples("train")
    if samples is None:
        raise UserError("There is no training split (data.train_split=null or data.counts.train=0). Name one.")
    return samples


def _size(sample: Sample) -> str:
    height, width = sample["semantic"].shape
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


def _stats(cfg: DictConfig, own: Mapping[str, str]) -> None:
    from segladder.config.assemble import build_datamodule
    from segladder.data.measure import measure

    cfg["augment"] = None  # what augmentation adds is no property of the data
    datamodule = build_datamodule(cfg)
    samples = _training(datamodule)
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
