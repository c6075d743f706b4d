"""`segladder predict run=DIR input=… output=DIR`: label PNGs, overlays and probabilities for images."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from segladder.inference.series import Item, Series
    from segladder.inference.submissions import Submission
    from segladder.runs.load import FoundRun

_HELP = """\
segladder predict run=DIR input=FILE|FOLDER|PATTERN output=DIR     images never seen before
segladder predict run=DIR data.split=test output=DIR              a split of the run's data, also without labels
segladder predict model=deeplab backbone=resnet50 model.weights=coco input=… output=DIR

inference=whole|resize|slide    how an image goes through the network; inference=slide inference.window=[512,512]
checkpoint=best|last            which weights of the run
overlay=true probabilities=false predictions.ids=official|train   what is written
format=cityscapes|voc|coco|coco_panoptic   instead, of a split: the files that the benchmark wants handed in
overwrite=false device=auto precision=32|bf16

Any other key of conf/predict.yaml and of the run's model and inference can be set; --cfg job shows them.
"""

_TAKEN = ("model", "inference", "task", "precision")
"""Keys of a run's config that a prediction needs; `data` beside them for its own data alone, whose reader takes
seconds to import."""


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0; 1 after an error told in a sentence, or if an image failed."""
    if not argv or any(word in ("-h", "--help") for word in argv):
        print(_HELP, end="")
        return 0
    from segladder.config.app import run_app
    from segladder.config.paths import conf_dir
    from segladder.config.saved import read_config, refuse_another_network, store_base, typed_plugins, typed_words

    try:
        words = typed_words(argv)
        command = conf_dir() / "predict.yaml"
        found: FoundRun | None = None
        name = command.stem
        if words.get("run") is not None:
            from segladder.config.plugins import import_plugins
            from segladder.runs.load import find_run, readout

            refuse_another_network(words)
            import_plugins(typed_plugins(words))
            found = find_run(str(words["run"]), checkpoint=str(words["checkpoint"]) if "checkpoint" in words else None)
            if found.told:
                argv = [*argv, "checkpoint=last"]
            saved = read_config(found.folder.config)
            saved["task"] = readout(saved.get("task"))
            # as it was validated, so that the label files score what the run scored
            trained_in = str((saved.get("trainer") or {}).get("precision", ""))
            saved["precision"] = "bf16" if trained_in.startswith("bf16") else 32
            taken = (*_TAKEN, "data") if any(key.partition(".")[0] == "data" for key in words) else _TAKEN
            name = store_base(command, saved, taken=taken, words=words)
        failed: list[str] = []
        code = run_app(
            lambda cfg: failed.extend(predict(cfg, found).failed),
            config_dir=command.parent,
            config_name=name,
            argv=argv,
        )
        return code or (1 if failed else 0)
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was predicted is written.", file=sys.stderr)
        return 130


def predict(cfg: Any, found: FoundRun | None) -> Series:
    """Predicts what a composed config asks for, and says what came of it.

    Args:
        cfg: of `conf/predict.yaml`, on the base of the run's own where there is one.
        found: the run.

    Raises:
        UserError: the request makes no sense, or nothing can be predicted.
    """
    from hydra.core.hydra_config import HydraConfig

    from segladder.commands.predicted import tell
    from segladder.config.assemble import finds_objects
    from segladder.config.machine import prepare_machine
    from segladder.inference.outputs import LABELS, OVERLAY, PROBABILITIES, PredictionList, start_list
    from segladder.inference.published_info import published_info
    from segladder.inference.series import predict_series
    from segladder.runs.load import build_segmenter

    choices = HydraConfig.get().runtime.choices
    _check(cfg, found)
    segments = _of_segments(cfg)
    added = [str(word) for word in HydraConfig.get().overrides.task if str(word).startswith("+")]
    idle = [word for word in added if word[1:].partition("=")[0].partition(".")[0] not in (*_TAKEN, "data", "runtime")]
    if idle:
        raise UserError(f"{idle[0]} has no effect on a prediction. Leave it out.")
    for warning in [*prepare_machine(cfg.runtime), *([found.told] if found is not None and found.told else [])]:
        print(f"Warning: {warning}")
    output = Path(cfg.output).expanduser()
    suffixes = [LABELS, *([OVERLAY] if cfg.overlay else []), *([PROBABILITIES] if cfg.probabilities else [])]
    info = found.info if found is not None else published_info(objects=finds_objects(cfg.model))
    # the inputs first: a mistake there is told before the network is built
    split = cfg.data.split
    items = _inputs(cfg, info, output, suffixes) if cfg.input is not None else _split(cfg, info)
    submission = None if cfg.format is None else _submission(cfg, output, info, split=str(split), segments=segments)
    listing = start_list(
        output,
        PredictionList.of(info, cfg.predictions.ids, _made_by(cfg, found, choices)),
        [] if submission is not None else [item.name for item in items],
        suffixes=suffixes,
        overwrite=cfg.overwrite,
    )
    segmenter = build_segmenter(cfg, info, checkpoint=found.checkpoint if found else None, device=cfg.device)
    series = predict_series(
        segmenter,
        items,
        output=output,
        listing=listing,
        overlay=cfg.overlay,
        probabilities=cfg.probabilities,
        bf16=str(cfg.precision) == "bf16",
        submission=submission,
    )
    tell(series, segmenter, cfg, output, given=len(items))
    return series


def _check(cfg: Any, found: FoundRun | None) -> None:
    from segladder.config.assemble import finds_objects

    for key in ("overlay", "probabilities", "overwrite"):
        if not isinstance(cfg[key], bool):
            raise UserError(f"{key} is {cfg[key]!r}. Give true or false.")
    if cfg.predictions.ids not in ("official", "train"):
        raise UserError(f"predictions.ids is '{cfg.predictions.ids}'. Give official or train.")
    if str(cfg.precision) not in ("32", "bf16"):
        raise UserError(f"precision is '{cfg.precision}'. Give 32 or bf16.")
    if found is None and cfg.get("model") is None:
        raise UserError("There is no network to predict with. Give run=DIR, or a model with model.weights=coco.")
    if found is None and not cfg.model.get("weights"):
        raise UserError(
            "This model is untrained: it has no weights to predict with. Give run=DIR of a trained one, or a model"
            " with published weights: model=deeplab backbone=resnet50 model.weights=coco."
        )
    if found is None and "backbone" in cfg.model and cfg.get("backbone") is None:
        raise UserError("This model needs a backbone. Choose the one that its weights are of: backbone=resnet50.")
    if cfg.probabilities and cfg.get("model") is not None and finds_objects(cfg.model):
        raise UserError(
            "probabilities=true has no effect on a network that finds objects: each has a score, in instances.json."
            " Leave it out."
        )
    if (cfg.input is None) == (cfg.data.split is None):
        raise UserError(
            "Give the images: either input=FILE, FOLDER or PATTERN, or data.split=NAME for a split of the data set"
            f"{'; not both' if cfg.input is not None else ''}."
        )
    if cfg.format is not None and cfg.input is not None:
        raise UserError("format= writes a benchmark's files, of a split of its data: give data.split=NAME, not input=.")
    if cfg.input is not None and "_target_" in cfg.data:
        raise UserError("Settings of data= have no effect beside input=. Leave them out, or give data.split=NAME.")


def _of_segments(cfg: Any) -> dict[str, float]:
    """How found objects become segments.

    Raises:
        UserError: no share, or settings without effect.
    """
    from segladder.config.assemble import finds_objects

    for key, value in cfg.panoptic.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise UserError(f"panoptic.{key} is {value!r}. Give a number from 0 to 1.")
    typed = sorted(word for word in _typed() if word.startswith("panoptic."))
    if typed and (cfg.format != "coco_panoptic" or not finds_objects(cfg.model)):
        raise UserError(
            f"{typed[0]}= has no effect but on format=coco_panoptic of a network that finds objects. Leave it out."
        )
    return {key: float(value) for key, value in cfg.panoptic.items()}


def _typed() -> set[str]:
    from hydra.core.hydra_config import HydraConfig

    return {str(word).partition("=")[0] for word in HydraConfig.get().overrides.task}


def _submission(cfg: Any, output: Path, info: DatasetInfo, *, split: str, segments: Mapping[str, float]) -> Submission:
    """A benchmark's files, in a folder that holds nothing else.

    Raises:
        UserError: the network cannot give them, a setting has no effect on them, or something lies there.
    """
    from segladder.config.assemble import finds_objects
    from segladder.inference.submissions import start

    typed = _typed()
    idle = sorted(typed & {"overlay", "probabilities", "predictions.ids"})
    if idle:
        raise UserError(f"{idle[0]}= has no effect beside format=, which says what is written. Leave it out.")
    if output.is_dir() and any(output.iterdir()) and not cfg.overwrite:
        raise UserError(
            f"'{output}' holds files already, which would be handed in, too. Choose an empty folder with output=DIR, or"
            " add overwrite=true."
        )
    submission = start(str(cfg.format), output, info, split=split, instances=finds_objects(cfg.model), **segments)
    for warning in submission.warnings:
        print(f"Warning: {warning}")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output={output} cannot be made: {error.strerror}. Choose another folder.") from error
    return submission


def _inputs(cfg: Any, info: DatasetInfo, output: Path, suffixes: Sequence[str]) -> list[Item]:
    import functools

    from segladder.inference.inputs import find_inputs, require_own_names
    from segladder.inference.pictures import read_picture
    from segladder.inference.series import Item

    inputs = find_inputs(cfg.input, output=output)
    require_own_names(inputs, suffixes, output=output)
    return [Item(one.name, str(one.path), functools.partial(read_picture, one.path, info)) for one in inputs]


def _split(cfg: Any, info: DatasetInfo) -> list[Item]:
    from omegaconf import OmegaConf, open_dict

    from segladder.config.build import build
    from segladder.data.errors import DataError
    from segladder.inference.pictures import Picture
    from segladder.inference.series import Item

    split = cfg.data.split
    with open_dict(cfg):
        cfg.data.pop("split")
    if OmegaConf.select(cfg, "data._target_") is None:
        raise UserError("data.split names a split, but of which data? Choose them: data=NAME data.root=DIR.")
    module = build(cfg.data)
    if module.info.channels != info.channels or module.info.classes != info.classes:
        what = "channels" if module.info.channels != info.channels else "classes"
        raise UserError(
            f"Data set '{module.info.name}' has other {what} than '{info.name}', which the network was trained on."
            " Predict its images as such: input=FOLDER."
        )
    try:
        samples = module.unlabelled(str(split))
    except DataError as error:
        published = cfg.data.get(f"{split}_split")
        if published is None:
            raise
        raise UserError(
            f"{error} data.split= is a published split's name here; what these data take for '{split}' is"
            f" '{published}': data.split={published}."
        ) from error
    names = samples.image_ids()

    def read(index: int) -> Any:
        return lambda: Picture(samples.plain(index)["image"])

    return [Item(name, f"{module.info.name}/{split}/{name}", read(index)) for index, name in enumerate(names)]


def _made_by(cfg: Any, found: FoundRun | None, choices: Any) -> dict[str, Any]:
    """What the list says of the network; equal for equal predictions."""
    from omegaconf import OmegaConf

    from segladder.runs.identity import hash_file, hash_weights

    inference = OmegaConf.to_container(cfg.inference, resolve=True) if cfg.inference else {}
    how = {"inference": inference, "precision": str(cfg.precision)}
    if found is not None:
        checkpoint = {"checkpoint": found.checkpoint.name, "sha256": hash_file(found.checkpoint)}
        return {"run": found.record.id, "name": found.record.name, **checkpoint, **how}
    model = OmegaConf.to_container(cfg.model, resolve=True)
    chosen = {"model": choices.get("model"), "backbone": choices.get("backbone")}
    return {**chosen, "settings": model, "files": hash_weights({"model": model}), **how}
