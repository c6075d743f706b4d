"""`segladder train key=value …`: compose an experiment, train it, score it, keep its record; `-m` sweeps."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from segladder.types import Interrupted, UserError

_STARTED = time.time()

_HELP = """\
python train.py key=value …        one run
python train.py -m key=a,b …       a run for each combination, each in a process of its own
python train.py --cfg job …        show the composed configuration and stop
python train.py --config-dir DIR … add your own config folder

Any value of the configuration can be set: data.batch_size=32 optimizer.lr=3e-4 trainer.max_epochs=20.
"""


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    from segladder.config.paths import conf_dir

    try:
        if any(word in ("-h", "--help") for word in argv):
            from segladder.config.help import render_help

            print(_HELP + "\n" + render_help([*_config_dirs(argv), conf_dir()]))
            return 0
        from segladder.config.app import run_app

        return run_app(train, config_dir=conf_dir(), config_name="train", argv=argv, facts=facts)
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    except Interrupted as stop:
        print("Stopped with its state saved. The same command again goes on from here.", file=sys.stderr)
        return 128 + stop.signum
    except KeyboardInterrupt:
        print(
            "Stopped. The same command again goes on from what was saved, or starts over if that was nothing.",
            file=sys.stderr,
        )
        return 130


def train(cfg: Any) -> Any:
    """One experiment from its composed configuration."""
    # in a job of a sweep this module is imported anew, so the clock is the job's own
    from segladder.runs.job import Job
    from segladder.runs.training import run_job

    return run_job(Job.from_hydra(cfg, started=_STARTED))


def facts(cfg: Any) -> Any:
    """What a sweep must know of a job before any starts."""
    from segladder.runs.facts import facts_of

    return facts_of(cfg)


def _config_dirs(argv: Sequence[str]) -> list[str]:
    found = []
    for word, after in zip(argv, [*argv[1:], ""], strict=True):
        if word in ("--config-dir", "-cd"):
            found.append(after)
        elif word.startswith("--config-dir="):
            found.append(word.partition("=")[2])
    return [folder for folder in found if folder]
