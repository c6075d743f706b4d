"""Runs as a sweep leaves them, drawn by chance and not trained: records, images' statistics, curves, configurations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from segladder.metrics.match_table import average_precision
from segladder.metrics.per_image import write_arrays
from segladder.report.statistics.resampling import FROM_COUNTS, resampled
from segladder.runs.record import Record, write

CLASSES = ("background", "disk", "ring")
HASHES = {split: hashlib.sha256(split.encode()).hexdigest() for split in ("train", "val", "test")}


def counts(miss: float, *, images: int = 30, seed: int = 0, classes: Sequence[str] = CLASSES) -> dict[str, Any]:
    """Statistics of images in which about a share `miss` of the pixels is missed; the images are always the same."""
    world, own = np.random.default_rng(1), np.random.default_rng(seed)
    C = len(classes)
    sizes = world.integers(50, 500, (images, C)) * (world.random((images, C)) < 0.9)
    hard = world.normal(0, 0.3, (images, 1))
    logit = np.log(miss / (1 - miss)) + hard + own.normal(0, 0.05) + own.normal(0, 0.1, (images, C))
    fn = np.rint(sizes / (1 + np.exp(-logit))).astype(np.int64)
    fp = np.roll(fn, 1, axis=1)
    return {
        "format": np.array(1),
        "classes": np.array(classes),
        "image_id": np.array([f"image{index:04d}" for index in range(images)]),
        "tp": sizes - fn,
        "fp": fp,
        "fn": fn,
    }


def scores(arrays: Mapping[str, Any]) -> dict[str, float]:
    """What a record says of them."""
    once = np.ones((1, len(arrays["image_id"])), dtype=np.int64)
    return {name: float(resampled(name, arrays, once)[0]) for name in FROM_COUNTS}


def draw_run(
    outputs: Path,
    *,
    study: str = "study",
    model: str = "unet",
    loss: str = "ce",
    backbone: str | None = None,
    seed: int | None = 1,
    miss: float = 0.1,
    images: int = 30,
    status: str = "finished",
    folder: str | None = None,
    method: str | None = None,
    overrides: Sequence[str] = (),
    created: str = "2026-01-01T00:00:00+00:00",
    classes: Sequence[str] = CLASSES,
    **changes: Any,
) -> Path:
    """Writes the folder of one run and returns it; `changes` are fields of its record."""
    number = int(_hash(model, loss, backbone, seed)[:6], 16)
    arrays = counts(miss, images=images, seed=number, classes=classes)
    key = method if method is not None else _hash(model, loss, backbone, *overrides)
    record = Record(
        id=_hash(key, seed),
        name=f"disks-{model}-{loss}-s{seed}",
        method=key,
        status=status,  # type: ignore[arg-type]
        task="semantic",
        seed=seed,
        created=created,
        choices={"model": model, "loss": loss, "backbone": backbone, "data": "disks", "optimizer": "adam"},
        overrides=[f"model={model}", f"loss={loss}", f"seed={seed}", *overrides],
        monitor={"name": "miou", "mode": "max", "epoch": 3},
        protocol={"metrics": 1, "boundary_tolerance": 2, "inference": {}},
        data={
            "name": "disks",
            "hashes": dict(HASHES),
            "splits": {"train": "train", "val": "val", "test": "test"},
            "counts": {"train": 100, "val": 20, "test": images},
            "info": {"classes": list(classes), "palette": [[40 * i % 256, 0, 0] for i in range(len(classes))]},
        },
        model={"parameters": 1000 * len(model), "flops": 10**6 * len(model), "pretrained": []},
        time={"fit": 60.0, "total": 70.0, "images_per_second": 100.0, "data_wait": 0.1, "optimizer_steps": 300},
        memory={"peak_host": 10**9},
        environment={"cpu": "a processor", "devices": []},
        code={"commit": "c" * 40, "dirty": False, "fingerprint": "f" * 64},
    )
    if status == "finished":
        found = scores(arrays)
        record.scores = {"val": {name: value - 0.001 for name, value in found.items()}, "test": found}
        union = (arrays["tp"] + arrays["fp"] + arrays["fn"]).sum(0)
        iou = arrays["tp"].sum(0) / np.maximum(union, 1)
        record.per_class = {"test": {"iou": dict(zip(classes, map(float, iou), strict=True))}}
        record.monitor["value"] = record.scores["val"]["miou"]
    else:
        record.error = {"type": "RuntimeError", "message": "bad luck"}
    record = replace(record, **changes)
    path = outputs / study / (folder or f"{record.name}-{record.id[:8]}")
    path.mkdir(parents=True)
    write(record, path / "result.json")
    # `write` sets the time; a report goes by the one given
    content = json.loads((path / "result.json").read_text())
    (path / "result.json").write_text(json.dumps(content | {"created": created}))
    config = {"seed": seed, "model": {"_target_": "x.Model", "depth": len(model)}, "loss": {"expr": loss}}
    (path / "config.yaml").write_text(yaml.safe_dump(config))
    if status == "finished":
        write_arrays(path / "per_image.npz", arrays)
        _curves(path / "metrics.csv", record, seed=number)
    return path


def _curves(path: Path, record: Record, *, seed: int) -> None:
    rng = np.random.default_rng(seed)
    final = record.scores["test"]["miou"] or 0.0
    lines = ["step,epoch,val/miou,train/loss"]
    for epoch in range(4):
        lines += [f"{100 * epoch + 50},{epoch},,{1.0 / (epoch + 1) + 0.01 * rng.random():.5f}"]
        lines += [f"{100 * epoch + 99},{epoch},{final * (1 - 0.5 ** (epoch + 1)):.6f},"]
    path.write_text("\n".join(lines) + "\n")


def draw_object_run(outputs: Path, *, good: float = 0.3, images: int = 30, seed: int = 1, **settings: Any) -> Path:
    """Writes the folder of a run that finds objects: with `good` from 0 to 1 more of them are right."""
    number = int(_hash(good, settings.get("loss", "ce"), seed)[:6], 16)
    world, own = np.random.default_rng(2), np.random.default_rng(number)
    C = len(CLASSES)
    truths = world.integers(0, 5, (images, C))
    image, label = (axis.ravel() for axis in np.indices((images, C)))
    found = np.repeat(np.arange(images * C), 5)
    image, label, score = image[found], label[found], own.random(len(found))
    order = np.lexsort((-score, label, image))
    image, label, score = image[order], label[order], score[order]
    hard = world.random(images)[image]
    matched = (score + good - 0.3 * hard)[:, None] > np.linspace(0.4, 1.2, 10)
    # no more objects of an image and class are right than there are
    place = np.tile(np.arange(5), images * C)
    matched &= (place < truths[image, label])[:, None]
    arrays = counts(0.1, images=images, seed=number) | {
        "kind": np.array("mask"),
        "truths": truths,
        "det_image": image,
        "det_class": label,
        "det_score": score,
        "det_matched": matched,
        "det_ignored": np.zeros_like(matched),
    }
    ap = average_precision(arrays)["ap"]
    path = draw_run(
        outputs,
        seed=seed,
        images=images,
        task="instance",
        monitor={"name": "mask_ap", "mode": "max"},
        **settings,
    )
    record = json.loads((path / "result.json").read_text())
    record["scores"] = {split: {"mask_ap": float(ap.mean())} for split in ("val", "test")}
    record["per_class"] = {"test": {"mask_ap": dict(zip(CLASSES, map(float, ap), strict=True))}}
    (path / "result.json").write_text(json.dumps(record))
    write_arrays(path / "per_image.npz", arrays)
    return path


def draw_sweep(
    outputs: Path,
    *,
    methods: Mapping[str, float],
    seeds: Sequence[int] = (1, 2, 3),
    by: str = "loss",
    **settings: Any,
) -> list[Path]:
    """A run for each method and seed: value of `by` -> share of pixels missed."""
    return [
        draw_run(outputs, seed=seed, miss=miss, **{by: value}, **settings)
        for value, miss in methods.items()
        for seed in seeds
    ]


def _hash(*words: Any) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()
