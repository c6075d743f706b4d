"""`segladder data convert`: annotations from one format to another, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segladder.commands.ending import exit_code
from segladder.commands.words import settings_of
from segladder.config.suggest import did_you_mean
from segladder.types import UserError

HELP = """\
segladder data convert from=voc|yolo|coco|ids input=PATH to=voc|yolo|coco|ids output=DIR
                       [images=DIR] [classes=[a,b]] [only=FILE.txt] [pictures=none|copy|link]
                       [shapes=auto|boxes|polygons] [faulty=refuse|skip] [overwrite=false]
    annotations between Pascal VOC xml, YOLO txt, COCO json and id maps; says what the new format has no room for
segladder data convert from=sbd input=DIR to=voc_labels output=VOC2012 [overwrite=false]
    SBD's MATLAB files into the labels of VOC's train_aug
"""

SBD, VOC_LABELS = "sbd", "voc_labels"

_KEYS = (
    "from",
    "input",
    "to",
    "output",
    "images",
    "classes",
    "only",
    "pictures",
    "shapes",
    "faulty",
    "overwrite",
)
_WORDS = {
    "pictures": ("none", "copy", "link"),
    "shapes": ("auto", "boxes", "polygons"),
    "faulty": ("refuse", "skip"),
    "overwrite": ("false", "true"),
}
"""The values of keys that take words, the usual one first."""


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    if not argv or any(word in ("-h", "--help") for word in argv):
        print(HELP, end="")
        return 0
    return exit_code(lambda: _convert(_settings(argv)), stopped="Stopped. Nothing was written.")


def _settings(words: Sequence[str]) -> dict[str, str]:
    from segladder.data.formats import FORMATS

    settings = settings_of(words, _KEYS, command="segladder data convert", example="from=coco")
    for key in ("from", "input", "to", "output"):
        if not settings.get(key):
            raise UserError(
                f"{key}= is missing. Write, for example, from=coco input=instances.json to=yolo output=DIR."
            )
    if SBD in (settings["from"], settings["to"]) or VOC_LABELS in (settings["from"], settings["to"]):
        return _sbd_settings(settings)
    for key, choices in {"from": tuple(FORMATS), "to": tuple(FORMATS), **_WORDS}.items():
        value = settings.setdefault(key, choices[0])
        if value not in choices:
            raise UserError(f"{key} is '{value}'{did_you_mean(value, choices)} It takes {', '.join(choices)}.")
    if settings["shapes"] != "auto" and settings["to"] != "yolo":
        raise UserError(f"shapes={settings['shapes']} has no effect on to={settings['to']}: it is for to=yolo.")
    if "images" in settings and settings["from"] == "coco" and settings["pictures"] == "none":
        raise UserError(
            "images= has no effect on from=coco, which knows its images' sizes, without pictures=copy|link."
        )
    return settings


def _sbd_settings(settings: dict[str, str]) -> dict[str, str]:
    """Those of the one conversion that is of label maps, not of objects."""
    if (settings["from"], settings["to"]) != (SBD, VOC_LABELS):
        raise UserError(
            f"from={settings['from']} to={settings['to']} is no conversion: from={SBD} goes to={VOC_LABELS} (labels of"
            " VOC's train_aug), and nothing else does."
        )
    idle = [key for key in settings if key not in ("from", "input", "to", "output", "overwrite")]
    if idle:
        raise UserError(f"{idle[0]}= has no effect on from={SBD}. Leave it out.")
    overwrite = settings.setdefault("overwrite", "false")
    if overwrite not in _WORDS["overwrite"]:
        raise UserError(f"overwrite is '{overwrite}'. It takes {', '.join(_WORDS['overwrite'])}.")
    return settings


def _augment_voc(source: Path, output: Path, *, overwrite: bool) -> None:
    from segladder.data.formats.sbd import augment_voc

    done = augment_voc(source, output, overwrite=overwrite)
    print(
        f"{_counted(done.names, 'image')}, {done.from_sbd:,} of them with SBD's labels, the others with VOC's own:"
        f" train with data=voc data.root={output} data.train_split=train_aug"
    )
    if done.doubtful:
        print(f"  {_counted(done.doubtful, 'pixel')} of objects of another class than the class map says: of no object")


def _convert(settings: dict[str, str]) -> None:
    source, output = _path(settings["input"]), _path(settings["output"])
    if not source.exists():
        raise UserError(f"input={source} is not there. Name the file or folder of the annotations.")
    if settings["from"] == SBD:
        _augment_voc(source, output, overwrite=settings["overwrite"] == "true")
    else:
        _convert_objects(source, output, settings)


def _convert_objects(source: Path, output: Path, settings: dict[str, str]) -> None:
    from segladder.data.formats import format_of
    from segladder.data.formats.conversion import convert

    pictures: Any = settings["pictures"]
    done = convert(
        source,
        output,
        from_=settings["from"],
        to=settings["to"],
        images=_path(settings["images"]) if "images" in settings else None,
        classes=_classes(settings["classes"]) if "classes" in settings else None,
        only=_path(settings["only"]) if "only" in settings else None,
        polygons={"auto": None, "boxes": False, "polygons": True}[settings["shapes"]],
        pictures=pictures,
        skip_faulty=settings["faulty"] == "skip",
        overwrite=settings["overwrite"] == "true",
    )
    print(
        f"{_counted(done.images, 'image')} with {_counted(done.objects, 'object')} of"
        f" {_counted(done.classes, 'class', 'classes')}: {format_of(settings['from']).title} to"
        f" {format_of(settings['to']).title}, into {output}"
    )
    for sentence in done.losses:
        print(f"  {sentence}")
    if not done.losses:
        print("  nothing is lost")


def _classes(text: str) -> tuple[str, ...]:
    """Class names from `[a, b c]` or `a,b c`."""
    inside = text.strip()
    if inside.startswith("[") and inside.endswith("]"):
        inside = inside[1:-1]
    names = tuple(name.strip().strip("'\"") for name in inside.split(","))
    double = [name for name in names if names.count(name) > 1]
    if "" in names or double:
        raise UserError(f"classes is '{text}'. Give a list of different names, as in classes=[cat,dog].")
    return names


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
