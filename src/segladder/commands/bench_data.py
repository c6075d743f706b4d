"""`segladder bench data`: how long each stage of reading takes on this machine, and what reads fastest."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from segladder.data.module import SegmentationDataModule
    from segladder.data.speed.throughput import Speed

HELP = """\
segladder bench data data=NAME [augment=NAME] [data.KEY=VALUE …] [seconds=1] [task=instance]

How long each stage of reading training images takes on this machine, in milliseconds per image on one core: decoding,
geometry (scale, crop, flips), jitter (brightness, contrast, …), collating; then whole loaders with 0, 1, 2 and 4
workers, without a cache and with data.cache=ram and disk; each for about so many seconds. Names the bottleneck and what
reads fastest. At most 64 images, or two batches, are read; the cache on disk is made in data.cache_dir and removed.
"""
_COMPOSED = ("data", "augment", "task", "seed", "plugins")
_JITTER = ("brightness", "contrast", "saturation", "hue")
_WORKERS = (0, 1, 2, 4)
_IMAGES = 64


def bench_data(words: Sequence[str]) -> None:
    """Prints the tables.

    Raises:
        UserError: a word that it does not take, or data that are not what the configuration says.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    flags, words = parser.parse_known_args(list(words))
    seconds, overrides = _sorted(words)
    from segladder.commands.composed import composed
    from segladder.config.assemble import build_datamodule
    from segladder.data.cache import default_folder
    from segladder.data.options import cache_folder
    from segladder.data.speed.throughput import stage_times

    cfg = composed(overrides, flags.config_dir, with_model=False)
    folder = (cache_folder(cfg["data"].get("cache_dir")) or default_folder()).expanduser().absolute()
    for key, value in (("cache", False), ("cache_dir", None), ("num_workers", 0)):
        if key in cfg["data"]:
            cfg["data"][key] = value
    datamodule = build_datamodule(cfg)
    whole = datamodule.samples("train")
    if whole is None:
        raise UserError("There is no training split (data.train_split=null or data.counts.train=0). Name one.")
    steps = _steps(cfg, datamodule)
    used = min(len(whole), max(_IMAGES, 2 * datamodule.batch_size))
    total, datamodule.part.limit = len(whole), used
    datamodule.read_anew(cache=datamodule.cache, num_workers=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some of these ways are slow is what the tables show
        datamodule.train_dataloader()  # what a training would refuse is refused before anything is timed
        with _room(folder, datamodule) as place:
            stages = stage_times(datamodule, steps, seconds=seconds)
            _print_stages(datamodule, stages, used, total)
            speeds = _speeds(datamodule, place, seconds=seconds)
    _print_speeds(speeds)
    _print_verdict(stages, speeds)


def _sorted(words: Sequence[str]) -> tuple[float, list[str]]:
    """Seconds, and what is left for the config."""
    seconds = 1.0
    overrides = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"'{word}' is no setting. Write key=value, as in segladder bench data data=camvid.")
        if key == "seconds":
            try:
                seconds = float(value)
            except ValueError:
                seconds = 0.0
            if not 0 < seconds <= 600:
                raise UserError(f"seconds={value} is no time to measure for. Give a number above 0, up to 600.")
        elif key.lstrip("+").partition(".")[0] in _COMPOSED:
            overrides.append(word)
        else:
            known = (*_COMPOSED, "seconds")
            raise UserError(
                f"'{word}' has no effect on segladder bench data{did_you_mean(key, known)} It takes {', '.join(known)}."
            )
    return seconds, overrides


def _steps(cfg: DictConfig, datamodule: SegmentationDataModule) -> list[tuple[str, Callable[..., Any]]]:
    """The augmentation, in two parts where it is ours: what moves pixels, and what changes their colours."""
    from omegaconf import OmegaConf

    from segladder.config.build import build
    from segladder.data.transforms.augment import Augment

    whole: Any = datamodule.augment
    if whole is None:
        return []
    if type(whole) is not Augment:
        return [("augmentation", whole)]
    parts: list[tuple[str, Callable[..., Any]]] = []
    settings: Any = OmegaConf.to_container(cfg["augment"], resolve=True)
    settings.pop("device", None)  # measured on one core here, wherever training does it
    kept = ("_target_", "_convert_", *_JITTER)
    for name, changed in (
        ("geometry", {key: 0.0 if key in _JITTER else value for key, value in settings.items()}),
        ("jitter", {key: value for key, value in settings.items() if key in kept}),
    ):
        part = build(OmegaConf.create(changed)).bind(datamodule.info)
        if part:
            parts.append((name, part))
    return parts


@contextlib.contextmanager
def _room(folder: Path, datamodule: SegmentationDataModule) -> Iterator[Path | None]:
    """A folder of its own for the cache on disk, for as long as the block runs; None for a set that has none.

    Nothing is left of it, nor of the folders made for it.
    """
    from segladder.data.cache.content import is_file_source
    from segladder.data.cache.folders import absent, remove_empty

    samples: Any = datamodule.samples("train")
    if samples.source.synthetic or not is_file_source(samples.source):
        yield None
        return
    made: list[Path] = []
    try:
        made = absent(folder)
        folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="bench-", dir=folder))
    except OSError as error:
        remove_empty(made)
        raise UserError(
            f"'{folder}' cannot hold a cache ({error.strerror}). Choose another folder with data.cache_dir=…"
        ) from None
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        remove_empty(made)


def _speeds(datamodule: SegmentationDataModule, place: Path | None, *, seconds: float) -> list[Speed]:
    """Every way of reading; that from a cache on disk where there is room for one."""
    import io

    from segladder.data.progress import with_progress
    from segladder.data.speed.throughput import loader_speed

    samples: Any = datamodule.samples("train")
    caches = ["false"] if samples.source.synthetic else ["false", "ram"]
    if place is not None:
        caches.append("disk")
    ways = [(cache, workers) for cache in caches for workers in _WORKERS]
    speeds = []
    for cache, workers in with_progress(ways, len(ways), "reading"):
        with contextlib.redirect_stderr(io.StringIO()):  # where the cache of a moment lies is of no interest
            speed = loader_speed(datamodule, cache=cache, cache_dir=place, workers=workers, seconds=seconds)
        speeds.append(speed)
    return speeds


def _print_stages(
    datamodule: SegmentationDataModule, stages: Sequence[tuple[str, float]], used: int, total: int
) -> None:
    from segladder.data.speed.workers import available_cores

    batch = f"data.batch_size={datamodule.batch_size}"
    print(f"{datamodule.info.name}: {used:,} of {total:,} training images, {batch}, {available_cores()} cores\n")
    print(f"{'stage, on one core':<24}{'ms an image':>12}{'images/s':>12}")
    for name, milliseconds in (*stages, ("all", sum(time for _, time in stages))):
        print(f"{name:<24}{milliseconds:>12.3f}{1000 / max(milliseconds, 1e-6):>12,.0f}")


def _print_speeds(speeds: Sequence[Speed]) -> None:
    from segladder.data.speed.workers import workers_text

    print(f"\n{'loader, images/s':<24}" + "".join(f"{workers_text(count):>12}" for count in _WORKERS))
    for cache in dict.fromkeys(speed.cache for speed in speeds):
        cells = [f"{speed.images_per_second:>12,.0f}" for speed in speeds if speed.cache == cache]
        print(f"{f'data.cache={cache}':<24}{''.join(cells)}")


def _print_verdict(stages: Sequence[tuple[str, float]], speeds: Sequence[Speed]) -> None:
    name, slowest = max(stages, key=lambda stage: stage[1])
    total = sum(time for _, time in stages)
    print(f"\nThe slowest stage is '{name}': {slowest:.2f} of {total:.2f} ms an image ({slowest / total:.0%}).")
    best = max(speeds, key=lambda speed: speed.images_per_second)
    plain = speeds[0].images_per_second
    cached = len({speed.cache for speed in speeds}) > 1
    words = f"data.cache={best.cache} data.num_workers={best.workers}" if cached else f"data.num_workers={best.workers}"
    print(
        f"Fastest here: {words}, {best.images_per_second:,.0f} images/s;"
        f" {best.images_per_second / plain:.1f} times as many as without a cache and workers."
    )
