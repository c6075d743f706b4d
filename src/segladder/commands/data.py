"""`segladder data show|check|stats|levels|convert …`: what the network sees of a data set, and what its labels hold."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from segladder.commands.composed import composed
from segladder.commands.ending import exit_code
from segladder.config.suggest import did_you_mean
from segladder.types import UserError

_HELP = """\
segladder data show data=NAME [task=instance] [augment=NAME] [count=8] [output=FILE.png] [seed=0] [data.KEY=VALUE …]
    one sheet of training samples as the network sees them after augmentation, their labels laid over them;
    with task=instance their objects, each with outline, box and class

segladder data check data=NAME [fix=DIR] [output=DIR] [workers=auto] [strict=false] [data.KEY=VALUE …]
    reads the whole data set and names what is wrong with it, file by file, with what to do; leaves a page of findings
    and samples, and check.json. Exit code 1 after errors, with strict=true after warnings, too.
    fix=DIR writes a corrected copy; data.limit=500 looks at the first 500 images of each split

segladder data stats data=NAME [data.KEY=VALUE …]
    mean and standard deviation of each channel, pixels of each class, class weights, over the whole training split;
    data.limit=500 for the first 500 images, data.train_split=val for another split

segladder data levels data=NAME [anchor_sizes=[32,64,128,256,512]] [anchor_ratios=[0.5,1,2]] [min_size=800]
                      [max_size=1333] [output=FILE.png] [data.KEY=VALUE …]
    which level of a feature pyramid serves each object of the training split, and how many objects no anchor fits:
    tables and a plot; what is not given is as in model=maskrcnn, and model.anchor_sizes=… is the same word

segladder data convert …
    annotations of one format into another; `segladder data convert --help` says which

All but convert take --config-dir DIR and plugins=[mypkg] for data sets of your own. `segladder train --help` lists
data sets.
"""


@dataclass(frozen=True, kw_only=True)
class Action:
    """What one word after `segladder data` takes; `segladder.commands.<word>` has a function of that name."""

    composed: tuple[str, ...]
    """The parts of the config that it looks at."""
    own: tuple[str, ...] = ()
    """Its settings that are no config keys."""
    short: tuple[str, ...] = ()
    """Keys of the model that need no `model.` in front; no others of them have an effect."""


_ACTIONS = {
    "show": Action(composed=("data", "augment", "task", "seed", "plugins", "paths"), own=("count", "output")),
    "check": Action(composed=("data", "seed", "plugins", "paths"), own=("output", "fix", "workers", "strict")),
    "stats": Action(composed=("data", "seed", "plugins")),
    "levels": Action(
        composed=("data", "model", "seed", "plugins", "paths"),
        own=("output",),
        short=("anchor_sizes", "anchor_ratios", "min_size", "max_size"),
    ),
}


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    words = list(argv)
    if words[:1] == ["convert"]:
        from segladder.commands import convert

        return convert.run(words[1:])
    if not words or any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    return exit_code(lambda: _action(words.pop(0), words))


def _action(name: str, words: list[str]) -> int | None:
    if name not in _ACTIONS:
        raise UserError(f"segladder data knows {', '.join(_ACTIONS)} and convert, not '{name}'.")
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    flags, words = parser.parse_known_args(words)
    own, overrides = _sorted(name, words)
    function: Callable[..., int | None] = getattr(import_module(f"segladder.commands.{name}"), name)
    return function(composed(overrides, flags.config_dir, with_model=bool(_ACTIONS[name].short)), own)


def _sorted(name: str, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The command's own settings, and what is left for the config."""
    action = _ACTIONS[name]
    own: dict[str, str] = {}
    overrides = []
    for word in words:
        key, equals, value = word.partition("=")
        top, _, below = key.lstrip("+").partition(".")
        if not equals:
            raise UserError(f"'{word}' is no setting. Write key=value, as in data=folder data.root=/path/to/set.")
        if key in action.own:
            own[key] = value
        elif key in action.short:
            overrides.append(f"model.{word}")
        elif top in action.composed and (top != "model" or not below or below in action.short):
            overrides.append(word)
        else:
            known = (*action.composed, *action.own, *action.short)
            raise UserError(
                f"'{word}' has no effect on segladder data {name}{did_you_mean(key, known)} It takes"
                f" {', '.join(known)}."
            )
    if action.short and not any(word.startswith("model=") for word in overrides):
        overrides.append("model=maskrcnn")
    return own, overrides
