"""The command line: `segladder <command> key=value …`. Each command is a thin file of its own here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import segladder
from segladder.config.sentences import say_warnings_plainly
from segladder.config.suggest import did_you_mean
from segladder.types import UserError

COMMANDS = {
    "train": "compose an experiment, train, score, picture and log it; -m sweeps",
    "evaluate": "score a trained run, or label files or results that any tool made, and keep a record of it",
    "predict": "label pictures never seen before, or find their objects, with a trained run",
    "data": "check, show, measure and convert a data set, and choose anchors for it",
    "runs": "list, show and prune the runs in an outputs folder",
    "report": "leaderboards, comparisons and ablation tables of the runs in an outputs folder",
    "bench": "tables about models, what average precision forgives, and how fast data are read",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the process's exit code.

    Args:
        argv: command and arguments; the process's own by default.
    """
    words = list(sys.argv[1:] if argv is None else [*argv, *sys.argv[1:]])
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"segladder {segladder.__version__}")
        return 0
    command, *rest = words
    if command not in COMMANDS:
        print(
            f"Unknown command '{command}'{did_you_mean(command, COMMANDS)}"
            f" The commands are {', '.join(COMMANDS)}; `segladder --help` says what each does.",
            file=sys.stderr,
        )
        return 2
    if command == "train" and {"-m", "--multirun"} & set(rest) and (refused := _sweep_of_many()) is not None:
        print(refused, end="", file=sys.stderr)
        return 1
    say_warnings_plainly()
    run = import_module(f"segladder.commands.{command}").run
    try:
        code: int = run(rest)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read us (`| head`) has seen enough; Python must not try to write the rest at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _sweep_of_many() -> str | None:
    """Why a sweep cannot start here; None where it can. Of many processes only the first says it."""
    from segladder.runs.ranks.world import World

    try:
        world = World.here()
    except UserError as error:
        return f"segladder: {error}\n"
    if world.size == 1:
        return None
    sentence = (
        f"segladder: {world.starter} has started {world.size} processes, and each would run the whole sweep. Start"
        " a sweep by itself: each of its jobs starts the processes that trainer.devices asks for, and with"
        " hydra/launcher=slurm on as many machines as trainer.num_nodes.\n"
    )
    return sentence if world.rank == 0 else ""


def _overview() -> str:
    lines = ["segladder: compare segmenters, from composed experiment to believable leaderboard.", ""]
    lines += [f"  segladder {name:<8} {what}" for name, what in COMMANDS.items()]
    lines += ["", "`segladder train --help` lists models, loss terms, data sets and presets."]
    return "\n".join(lines)
