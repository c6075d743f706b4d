"""`segladder evaluate run=DIR` or `predictions=PATH data=NAME`: score once more, and leave a record of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.types import Interrupted, UserError

if TYPE_CHECKING:
    from segladder.runs.load import FoundRun

_STARTED = time.time()

_HELP = """\
segladder evaluate run=DIR [data.split=test|val|train] [checkpoint=best|last]      a trained run
segladder evaluate run=DIR inference=slide inference.window=[512,512]             looking in another way
segladder evaluate run=DIR data=NAME data.root=DIR                                on other data of the same classes
segladder evaluate predictions=DIR data=NAME data.root=DIR                          label PNGs that any tool made
segladder evaluate predictions=FILE.json data=coco data.annotations=FILE            COCO results that any tool made
segladder evaluate predictions=DIR data=cityscapes data.root=DIR                    its text files of instances, too
segladder evaluate predictions=FILE.json data=coco_panoptic data.annotations=FILE   panoptic JSON and PNGs, scored by PQ

predictions.ids=official|train    label PNGs hold the data set's own ids, as its benchmark has them, or class indices
Any other key of the run's config.yaml can be set; --cfg job shows them. Each evaluation leaves a record of its own.
"""

_TAKEN = ("task", "data", "model", "loss", "inference", "metric", "seed", "trainer")
"""Keys of a run's config that its scores hang on."""

_SPLITS = ("train", "val", "test")

_OF_PREDICTIONS = {"predictions", "data", "task", "metric", "name", "study_name", "plugins", "paths", "runtime", "seed"}
"""Keys that scoring label files reads."""


_OF_OBJECTS = {"task": "instance", "metric": "mask_ap"}
"""What scores a results file where nothing else is typed."""

_OF_SEGMENTS = {"metric": "pq"}
"""What a panoptic file is ranked by where nothing else is typed."""


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    if not argv or any(word in ("-h", "--help") for word in argv):
        print(_HELP, end="")
        return 0
    from segladder.config.app import run_app
    from segladder.config.paths import conf_dir
    from segladder.config.saved import read_config, store_base, typed_plugins, typed_words
    from segladder.config.words import renamed

    try:
        argv = renamed(argv, {"predictions": "predictions.path"})
        words = typed_words(argv)
        command = conf_dir() / "evaluate.yaml"
        found: FoundRun | None = None
        name = command.stem
        if words.get("run") is not None:
            from segladder.config.plugins import import_plugins
            from segladder.runs.load import find_run

            _refuse_beside_run(words)
            import_plugins(typed_plugins(words))
            found = find_run(str(words["run"]), checkpoint=str(words["checkpoint"]) if "checkpoint" in words else None)
            if found.told:
                argv = [*argv, "checkpoint=last"]
            saved = read_config(found.folder.config)
            # of the trainer the numbers' type alone: how long it trained, and on what, says nothing here
            precision = (saved.get("trainer") or {}).get("precision")
            saved["trainer"] = {"precision": precision} if precision and "trainer" not in words else None
            name = store_base(command, saved, taken=_TAKEN, words=words)
        elif _are_segments(words):
            argv = [*argv, *(f"{group}={choice}" for group, choice in _OF_SEGMENTS.items() if group not in words)]
        elif _are_objects(words):
            if words.get("data") == "coco_panoptic" and "task" not in words:
                from segladder.runs.prediction_kind import refuse_empty_list

                refuse_empty_list(Path(str(words["predictions.path"])).expanduser())
            argv = [*argv, *(f"{group}={choice}" for group, choice in _OF_OBJECTS.items() if group not in words)]
        return run_app(lambda cfg: evaluate(cfg, found), config_dir=command.parent, config_name=name, argv=argv)
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        print("Stopped; the record says so. The same command again starts over.", file=sys.stderr)
        return 130


def evaluate(cfg: Any, found: FoundRun | None) -> Any:
    """One evaluation from its composed configuration.

    Args:
        cfg: of `conf/evaluate.yaml`, on the base of the run's own where there is one.
        found: the run.

    Raises:
        UserError: the request makes no sense, or the data or the files do not fit.
    """
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import open_dict

    from segladder.config.check import check
    from segladder.config.plugins import import_plugins
    from segladder.config.saved import typed_plugins

    hydra = HydraConfig.get()
    overrides = [str(word) for word in hydra.overrides.task]
    typed = {word.partition("=")[0].lstrip("+~") for word in overrides}
    chosen = {
        group: None if choice in (None, "null") else str(choice)
        for group, choice in hydra.runtime.choices.items()
        if group in typed
    }
    _check(cfg, found, typed)
    with open_dict(cfg):
        split = cfg.data.pop("split")
    if split not in _SPLITS:
        raise UserError(
            f"data.split is '{split}'. Give train, val or test; data.train_split, data.val_split and data.test_split"
            " say which published splits those are."
        )
    import_plugins(list(cfg.plugins or []))
    if found is not None and found.told:
        print(f"Warning: {found.told}")
    if found is None:
        from segladder.runs.predictions import evaluate_predictions

        for warning in check(cfg):
            print(f"Warning: {warning}")
        return evaluate_predictions(cfg, split=split, choices=chosen, overrides=overrides, started=_STARTED)
    from segladder.config.loss import settle_loss
    from segladder.config.values import check_values
    from segladder.runs.evaluation import evaluate_run

    warnings = settle_loss(cfg, overrides=overrides)
    check_values(cfg, overrides)
    for warning in warnings + check(cfg):
        print(f"Warning: {warning}")
    return evaluate_run(
        cfg,
        run=found.folder,
        checkpoint=found.checkpoint,
        split=split,
        choices=chosen,
        overrides=overrides,
        plugins=typed_plugins({"plugins": list(cfg.plugins or [])}),
        started=_STARTED,
    )


def _are_segments(words: dict[str, Any]) -> bool:
    """Whether the predictions are a panoptic JSON file."""
    from segladder.runs.panoptic_scoring import is_panoptic_file
    from segladder.runs.prediction_kind import scored_path

    path = words.get("predictions.path")
    return bool(path) and is_panoptic_file(scored_path(Path(str(path)).expanduser()))


def _are_objects(words: dict[str, Any]) -> bool:
    """Whether the predictions are COCO results or Cityscapes' text files of instances, and no label PNGs."""
    from segladder.inference.submissions.cityscapes import is_instance_folder
    from segladder.runs.prediction_kind import scored_path

    if not words.get("predictions.path"):
        return False
    path = scored_path(Path(str(words["predictions.path"])).expanduser())
    return path.is_file() or is_instance_folder(path)


def _refuse_beside_run(words: dict[str, Any]) -> None:
    from segladder.config.saved import refuse_another_network

    if words.get("predictions.path") is not None:
        raise UserError("run= and predictions= were both given. Evaluate one of them at a time.")
    refuse_another_network(words)
    if "loss" in words:
        raise UserError("loss= has no effect on the scores of weights that are there. Leave it out.")
    trained = next((word for word in words if word.partition(".")[0] in ("optimizer", "scheduler", "init_from")), None)
    if trained is not None:
        raise UserError(f"{trained}= has no effect on an evaluation: nothing is trained. Leave it out.")
    idle = sorted(word for word in words if word in ("name", "study_name", "paths.outputs"))
    if idle:
        raise UserError(f"{idle[0]}= has no effect here: the record of a run's evaluation lies beside the run.")


def _check(cfg: Any, found: FoundRun | None, typed: set[str]) -> None:
    if found is not None:
        if cfg.trainer.devices not in (1, "1", "auto"):
            raise UserError(f"trainer.devices is {cfg.trainer.devices}, but an evaluation runs on one. Leave it out.")
        return
    if cfg.predictions.path is None:
        raise UserError("There is nothing to evaluate. Give run=DIR, or predictions=DIR and data=NAME.")
    if "_target_" not in cfg.data:
        raise UserError("predictions= are scored against the labels of a data set. Choose it: data=NAME data.root=DIR.")
    idle = sorted(key for key in typed if key.partition(".")[0] not in _OF_PREDICTIONS)
    if idle:
        raise UserError(f"{idle[0]}= has no effect on predictions that are there already. Leave it out.")
