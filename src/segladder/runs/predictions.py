"""Scoring files that any tool made, label PNGs or objects, so that its method stands beside our own runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segladder.config.secrets import public, scrub
from segladder.runs.folder import check_name, run_name
from segladder.runs.scoring import conclude, scoring
from segladder.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from segladder.data.module import SegmentationDataModule
    from segladder.data.samples import Samples
    from segladder.runs.label_scoring import LabelFiles
    from segladder.runs.outcome import Outcome
    from segladder.runs.panoptic_scoring import PanopticFiles
    from segladder.runs.results_scoring import ResultsFile


def evaluate_predictions(
    cfg: DictConfig, *, split: str, choices: Mapping[str, str | None], overrides: Sequence[str], started: float
) -> Outcome:
    """Scores the files of `cfg.predictions.path` and leaves a record of their own.

    A JSON object is a panoptic file, a JSON list COCO results. A folder holds label PNGs, or with a task of the
    instance rung Cityscapes' text files, or one such JSON file.

    Args:
        cfg: `data`, `predictions`, `name`, `paths`, and what `build_datamodule` needs.
        split: train, val or test.
        choices: config group -> choice.
        overrides: what was typed.
        started: when the process began, in seconds of `time.time()`.

    Raises:
        UserError: files are missing, of another size, or hold values that are no ids; or the split has no labels.
    """
    from segladder.config.assemble import build_datamodule, own_metric
    from segladder.config.machine import prepare_machine
    from segladder.runs.code import code
    from segladder.runs.comparable import protocol_of
    from segladder.runs.environment import environment
    from segladder.runs.identity import identity
    from segladder.runs.lightning import quieten
    from segladder.runs.prediction_kind import scored_path
    from segladder.runs.record import Record

    for warning in prepare_machine(cfg.runtime):
        print(f"Warning: {warning}")
    quieten()
    path = Path(cfg.predictions.path).expanduser()
    datamodule = build_datamodule(cfg, labels_alone=True)
    datamodule.test_on = split
    samples = datamodule.test_samples()
    if samples is None:
        raise UserError(f"Data set '{datamodule.info.name}' has no {split} split. Name another: data.split=val.")
    files = _files(scored_path(path), datamodule, samples, cfg, split)
    name = check_name(cfg.name) if cfg.name else run_name({"model": path.resolve().stem})
    summary = datamodule.summary([split])
    fingerprint = code(list(cfg.get("plugins") or []))
    scored_by = {key: public(cfg)[key] for key in ("task", "metric")}
    run_id = identity(
        scored_by | {"split": split, "ids": files.ids_word, "predictions": files.hashes},
        data_hashes=summary["hashes"],
    )
    draft = Record(
        id=run_id,
        name=name,
        task=files.kind,
        choices={"model": name, "data": choices.get("data")},
        overrides=[scrub(word) for word in overrides],
        monitor={"name": cfg.metric.name, "mode": cfg.metric.mode},
        protocol=protocol_of({"task": public(cfg)["task"]}),
        data=summary,
        code=fingerprint,
        environment=environment(plugins=list(cfg.get("plugins") or [])),
    )
    with scoring(Path(cfg.paths.outputs), cfg.study_name, draft, config=public(cfg)) as (home, _):
        print(f"Scoring {files.words} in {home.path}", flush=True)
        for warning in files.warnings:
            print(f"Warning: {warning}")
        began = time.time()
        metric = own_metric(cfg.metric, datamodule.info)
        scored = files.score(cfg.task, {} if metric is None else {str(cfg.metric.name): metric})
        title = f"{datamodule.info.name}, {split}"
        told = files.draw(home.pictures / f"{split}.png", scored.images, title=title)
        if told:
            print(told)
        return conclude(home, scored, split=split, began=began, started=started)


def _files(
    path: Path, datamodule: SegmentationDataModule, samples: Samples, cfg: DictConfig, split: str
) -> LabelFiles | PanopticFiles | ResultsFile:
    from segladder.inference.submissions.cityscapes import is_instance_folder
    from segladder.runs.label_scoring import LabelFiles
    from segladder.runs.panoptic_scoring import PanopticFiles, is_panoptic_file
    from segladder.runs.results_scoring import ResultsFile

    if path.is_file() and is_panoptic_file(path):
        if cfg.predictions.ids is not None:
            raise UserError(
                "predictions.ids= has no effect on panoptic files: their categories are the data set's own."
            )
        return PanopticFiles(path, samples, datamodule.info, split=split)
    if path.is_file() or is_instance_folder(path):
        if cfg.predictions.ids is not None:
            raise UserError("predictions.ids= has no effect on objects: their ids are the data set's own.")
        return ResultsFile(path, samples, datamodule.info, split=split)
    return LabelFiles(path, samples, datamodule, ids=cfg.predictions.ids, split=split)
