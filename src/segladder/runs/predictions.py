"""Scoring label files that any tool made, so that its method stands beside our own runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from segladder.config.secrets import public, scrub
from segladder.runs.folder import RunFolder, check_name, run_name
from segladder.runs.prediction_files import Predictions, find_predictions, listed
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from torch import nn

    from segladder.data.module import SegmentationDataModule
    from segladder.data.samples import Samples
    from segladder.metrics import PerImage
    from segladder.runs.outcome import Outcome

_NO_CLASS = "(no class)"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What label files score."""

    scores: dict[str, float]
    per_class: dict[str, dict[str, float]]
    images: PerImage


def evaluate_predictions(
    cfg: DictConfig, *, split: str, choices: Mapping[str, str | None], overrides: Sequence[str], started: float
) -> Outcome:
    """Scores the label files of `cfg.predictions.path` and leaves a record of their own.

    Args:
        cfg: `data`, `predictions`, `name`, `paths`, and what `build_datamodule` needs.
        split: train, val or test.
        choices: config group -> choice.
        overrides: what was typed.
        started: when the process began, in seconds of `time.time()`.

    Raises:
        UserError: files are missing, of another size, or hold values that are no ids; or the split has no labels.
    """
    from segladder.config.assemble import build_datamodule
    from segladder.config.machine import prepare_machine
    from segladder.runs.code import code
    from segladder.runs.ending import recorded
    from segladder.runs.environment import environment
    from segladder.runs.identity import hash_file, identity
    from segladder.runs.lightning import quieten
    from segladder.runs.log import LogTee
    from segladder.runs.record import Record
    from segladder.runs.resume import claim

    for warning in prepare_machine(cfg.runtime):
        print(f"Warning: {warning}")
    quieten()
    folder = Path(cfg.predictions.path).expanduser()
    datamodule = build_datamodule(cfg)
    datamodule.test_on = split
    samples = datamodule.test_samples()
    if samples is None:
        raise UserError(f"Data set '{datamodule.info.name}' has no {split} split. Name another: data.split=val.")
    predictions, extra = find_predictions(folder, samples, datamodule, ids=cfg.predictions.ids)
    name = check_name(cfg.name) if cfg.name else run_name({"model": folder.resolve().name})
    summary = datamodule.summary([split])
    fingerprint = code(list(cfg.get("plugins") or []))
    files = {image_id: hash_file(path) for image_id, path in predictions.files.items()}
    scored_by = {key: public(cfg)[key] for key in ("task", "metric")}
    run_id = identity(
        scored_by | {"split": split, "ids": predictions.ids, "predictions": files}, data_hashes=summary["hashes"]
    )
    draft = Record(
        id=run_id,
        name=name,
        task="semantic",
        choices={"model": name, "data": choices.get("data")},
        overrides=[scrub(word) for word in overrides],
        monitor={"name": cfg.metric.name, "mode": cfg.metric.mode},
        data=summary,
        code=fingerprint,
        environment=environment(plugins=list(cfg.get("plugins") or [])),
    )
    claimed = claim(
        Path(cfg.paths.outputs), cfg.study_name, name, run_id, fingerprint["fingerprint"], sweep=False, draft=draft
    )
    if claimed.lock is None:
        raise UserError(f"{claimed.decision.why} Wait for it.")
    home = claimed.decision.folder
    with claimed.lock, LogTee(home.log, scrub=scrub), recorded(home):
        if claimed.decision.why:
            print(claimed.decision.why)
        print(f"Scoring {len(files)} label files of '{folder}' ({predictions.ids} ids) in {home.path}", flush=True)
        if extra:
            print(f"Warning: {listed(extra)} belong{'s' if len(extra) == 1 else ''} to no image of {split}.")
        _write_down(home, cfg, draft.overrides)
        return _conclude(home, cfg, datamodule, samples, predictions, split=split, started=started)


def score(
    predictions: Predictions,
    samples: Samples,
    info: DatasetInfo,
    *,
    boundary_tolerance: float = 2,
    own: Mapping[str, Callable[[], nn.Module]] | None = None,
) -> Scored:
    """Counts every file against its label.

    A pixel without predicted class is wrong where the label is not ignored: missed for its true class, and a false
    one of none, as cityscapesScripts counts it.

    A metric of the user's own sees such a pixel as the class after the last.

    Raises:
        UserError: a file has another size than its label, or holds a value that is no id.
    """
    import numpy as np
    import torch

    from segladder.data.progress import with_progress
    from segladder.metrics import PerImage, SemanticMetrics

    K = info.num_classes
    # a class more, which no label has, takes up what is predicted as none
    wider = replace(
        info,
        classes=(*info.classes, _NO_CLASS),
        palette=(*info.palette, (255, 255, 255)),
        things=(*info.things, False),
        label_ids=None,
    )
    metrics = SemanticMetrics(wider, boundary_tolerance=boundary_tolerance, per_image=True, own=own)
    files = with_progress(predictions.files.items(), len(predictions.files), "scoring")
    for index, (image_id, path) in enumerate(files):
        labels = predictions.read(image_id, info)
        truth = samples.semantic(index)
        if labels.shape != tuple(truth.shape):
            raise UserError(
                f"Label file '{path}' is {labels.shape[0]}x{labels.shape[1]}, but the label of image '{image_id}' is"
                f" {truth.shape[0]}x{truth.shape[1]} (height x width). Predict at the label's size: nothing is resized"
                " here."
            )
        classes = torch.from_numpy(np.where(labels == info.ignore_index, K, labels).astype(np.int32))
        metrics.update(classes[None], truth[None], [image_id])
    totals, per_class = metrics.compute()
    per_class = {measure: {name: values[name] for name in info.classes} for measure, values in per_class.items()}
    for mean, measure in (("miou", "iou"), ("dice", "dice"), ("boundary_f1", "boundary_f1")):
        totals[mean] = float(torch.tensor(list(per_class[measure].values()), dtype=torch.float64).nanmean())
    assert metrics.images is not None
    arrays = metrics.images.arrays()
    cut = {name: arrays[name][:, :K] for name in ("tp", "fp", "fn")} | {"classes": arrays["classes"][:K]}
    return Scored(scores=totals, per_class=per_class, images=PerImage.from_arrays(arrays | cut))


def _conclude(
    home: RunFolder,
    cfg: DictConfig,
    datamodule: SegmentationDataModule,
    samples: Samples,
    predictions: Predictions,
    *,
    split: str,
    started: float,
) -> Outcome:
    from segladder.config.assemble import own_metric
    from segladder.runs.outcome import outcome_of, peak_memory, print_report
    from segladder.runs.record import read, write

    info = datamodule.info
    began = time.time()
    metric = own_metric(cfg.metric, info)
    own = {} if metric is None else {str(cfg.metric.name): metric}
    scored = score(predictions, samples, info, boundary_tolerance=cfg.task.boundary_tolerance, own=own)
    scored.images.save(home.per_image)
    _draw(home.pictures / f"{split}.png", scored.images, samples, predictions, info, title=f"{info.name}, {split}")
    record = read(home.result)
    record.scores[split] = dict(scored.scores)
    record.per_class[split] = {measure: dict(values) for measure, values in scored.per_class.items()}
    record.memory = peak_memory()
    record.time |= {"startup": began - started, "evaluate": time.time() - began, "total": time.time() - started}
    record.status = "finished"
    write(record, home.result)
    print_report(record, home)
    return outcome_of(record, home, status="finished")


def _draw(
    path: Path, images: PerImage, samples: Samples, predictions: Predictions, info: DatasetInfo, *, title: str
) -> None:
    from segladder.tasks.callbacks.pictures import chosen_images
    from segladder.viz import GridRow, picture_grid

    ids = list(predictions.files)
    rows = []
    for section, index, iou in chosen_images(images.miou(), 4):
        sample = samples.plain(index)
        row = GridRow(
            image=sample["image"].numpy(),
            pred=predictions.read(ids[index], info),
            truth=sample["semantic"].numpy(),
            image_id=ids[index],
            iou=iou,
            section=section,
        )
        rows.append(row)
    background = 0 if info.classes[0] == "background" else None
    grid = picture_grid(
        rows,
        classes=info.classes,
        palette=info.palette,
        ignore_index=info.ignore_index,
        background=background,
        title=title,
        iou_name="mean IoU of the image",
    )
    grid.save(path)


def _write_down(home: RunFolder, cfg: DictConfig, overrides: list[str]) -> None:
    from segladder.runs.atomic import write_atomic

    write_atomic(home.config, yaml.safe_dump(public(cfg), sort_keys=False, allow_unicode=True))
    write_atomic(home.overrides, yaml.safe_dump(overrides, allow_unicode=True))
