"""`segladder bench models|detectors|data`: networks with size and speed, what average precision forgives, reading."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from segladder.commands.ending import exit_code
from segladder.types import UserError

_HELP = """\
segladder bench models models=unet_lab,unet size=[64,64] channels=1 classes=2 batch=1
                       [backbone=NAME] [model.KEY=VALUE …]

For each model: levels with channels and feature sizes, parameters, GFLOP of a forward pass (a multiply-add is two)
and the median milliseconds of one on this machine. `python train.py -m study=unet_depth` adds what they score.

segladder bench detectors [images=100] [seed=0]

Simulated detectors that are wrong in one known way each, on objects drawn by code: box and mask AP, and what they
forgive.

segladder bench data data=NAME [augment=NAME] [data.KEY=VALUE …] [seconds=1] [task=instance]

How fast training images are read here: decoding, geometry, jitter and collating by themselves, and whole loaders with
several numbers of workers, without and with a cache. `segladder bench data --help` says more.
"""
_DEFAULTS: dict[str, Any] = {"models": ["unet"], "size": [64, 64], "channels": 1, "classes": 2, "batch": 1}


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    words = list(argv)
    if words[:1] == ["data"]:
        from segladder.commands import bench_data

        if any(word in ("-h", "--help") for word in words):
            print(bench_data.HELP, end="")
            return 0
        return exit_code(lambda: bench_data.bench_data(words[1:]))
    if not words or any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    try:
        actions = {"models": _models, "detectors": _detectors}
        if words[0] not in actions:
            raise UserError(
                f"segladder bench knows {', '.join(actions)} and data, not '{words[0]}'. See segladder bench --help."
            )
        actions[words[0]](words[1:])
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    return 0


def _models(words: Sequence[str]) -> None:
    options, overrides = _options(words)
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException

    from segladder.config.assemble import finds_objects
    from segladder.config.build import build
    from segladder.config.composition import Composition
    from segladder.config.explain import explain
    from segladder.config.paths import conf_dir

    rows = []
    for name in options["models"]:
        chosen = [f"model={name}", *overrides]
        try:
            with initialize_config_dir(str(conf_dir()), version_base="1.3"):
                cfg = compose("train", overrides=chosen)
        except HydraException as error:
            sentence = explain(error, Composition(conf_dir(), "train", tuple(chosen)))
            raise UserError(sentence or str(error)) from error
        count = {"num_things" if finds_objects(cfg.model) else "num_classes": options["classes"]}
        model = build(cfg.model, in_channels=options["channels"], **count)
        rows.append((name, *_measured(model, options)))
        _print_levels(name, model, options["size"])
    print(f"{'model':<16}{'parameters':>14}{'GFLOP':>10}{'ms':>10}")
    for name, parameters, gflop, milliseconds in rows:
        print(f"{name:<16}{parameters:>14,}{gflop:>10.2f}{milliseconds:>10.1f}")


def _options(words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The command's own settings, and what is left for the models."""
    import yaml

    options, overrides = dict(_DEFAULTS), []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and (key == "backbone" or key.startswith(("model.", "backbone."))):
            overrides.append(word)
        elif key in options and equals:
            options[key] = yaml.safe_load(value)
        else:
            known = ", ".join([*options, "backbone", "model.KEY"])
            raise UserError(f"segladder bench models takes {known} and backbone.KEY, not '{word}'.")
    if isinstance(options["models"], str):
        options["models"] = [name.strip() for name in options["models"].split(",")]
    size = options["size"]
    options["size"] = [size, size] if isinstance(size, int) else size
    counts = [options[key] for key in ("channels", "classes", "batch")]
    lengths = options["size"] if isinstance(options["size"], list) and len(options["size"]) == 2 else [None]
    if not all(isinstance(number, int) and number > 0 for number in [*counts, *lengths]):
        raise UserError("size is a number or [height,width]; channels, classes and batch are whole numbers from 1.")
    return options, overrides


def _measured(model: Any, options: dict[str, Any]) -> tuple[int, float, float]:
    """Parameters, GFLOP and median milliseconds of a forward pass."""
    import statistics
    import time

    import torch

    from segladder.models import flops, parameter_count

    shape = (options["batch"], options["channels"], *options["size"])
    model = model.eval().to(memory_format=torch.channels_last)
    image = torch.rand(shape).contiguous(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(7):
            began = time.perf_counter()
            model(image)
            times.append(time.perf_counter() - began)
    return parameter_count(model), flops(model, shape) / 1e9, 1e3 * statistics.median(times[2:])


def _print_levels(name: str, model: Any, size: Sequence[int]) -> None:
    from segladder.models import levels_text

    if hasattr(model, "levels"):
        print(f"{name} at {size[0]}x{size[1]}\n{levels_text(model.levels(*size))}\n")


def _detectors(words: Sequence[str]) -> None:
    options = {"images": 100, "seed": 0}
    for word in words:
        key, _, value = word.partition("=")
        least = 1 if key == "images" else 0
        if key not in options or not value.isdecimal() or int(value) < least:
            raise UserError(
                f"segladder bench detectors takes images (from 1) and seed (from 0), whole numbers, not '{word}'."
            )
        options[key] = int(value)
    from segladder.data.progress import with_progress
    from segladder.metrics.simulated import DETECTORS, score_detectors

    rows = list(with_progress(score_detectors(**options), len(DETECTORS), "scoring detectors"))
    columns = [f"{kind}_{name}" for kind in ("box", "mask") for name in ("ap", "ap50", "ap75")]
    width = max(len(detector.name) for detector, _ in rows) + 2
    print(f"{'':<{width}}{'box':>7}{'':>14}{'mask':>8}")
    print(f"{'detector':<{width}}{'AP':>7}{'AP50':>7}{'AP75':>7}{'AP':>8}{'AP50':>7}{'AP75':>7}")
    for detector, scores in rows:
        cells = [f"{scores[name]:>{8 if name == 'mask_ap' else 7}.3f}" for name in columns]
        print(f"{detector.name:<{width}}{''.join(cells)}  {detector.note}")
