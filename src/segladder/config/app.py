"""Runs a Hydra application so that every mistake of the user ends in a sentence, none in a traceback.

Hydra behaviours this leans on (1.3): `hydra._internal.utils._run_hydra` behind `@hydra.main`, with the parsed
arguments given; `HYDRA_FULL_ERROR=1` makes `run_and_report` raise instead of printing and leaving.
"""

from __future__ import annotations

import functools
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from segladder.config.composition import Composition
from segladder.config.explain import explain
from segladder.config.loss import settle_loss
from segladder.config.loss_source import TERMS
from segladder.config.sweep_words import refuse_sweep_words
from segladder.config.words import PATH_KEYS, prepare_overrides
from segladder.types import Interrupted, UserError

Task = Callable[[DictConfig], Any]


def run_app(
    task: Task,
    *,
    config_dir: Path | str,
    config_name: str,
    argv: Sequence[str],
    path_keys: Collection[str] = PATH_KEYS,
    facts: Callable[[DictConfig], Any] | None = None,
) -> int:
    """Composes as the command line says and calls `task` with the config (`-m`: once per job, by the
    launcher).

    All of Hydra's flags work: `-m`, `--cfg job`, `--info`, `--config-dir`, `-sc`.

    Args:
        task: what is done with the config.
        config_dir: the application's configs.
        config_name: the main one.
        argv: the command line, without program and command.
        path_keys: keys whose values are paths, see `words.quote_paths`.
        facts: what a sweep finds out of each job's config before it starts any (see `runs.facts`).

    Returns:
        The exit code: 0, or 1 after a message on stderr.
    """
    from hydra.main import main as hydra_main

    flags, argv = read_flags(argv)
    context = Composition(
        config_dir,
        flags.config_name or config_name,
        tuple(flags.overrides),
        (flags.config_dir,) if flags.config_dir else (),
    )
    before = os.environ.get("HYDRA_FULL_ERROR"), sys.argv
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        if not flags.shell_completion:
            prepared = prepare_overrides(flags.overrides, sweep=flags.multirun, path_keys=path_keys)
            context = Composition(context.config_dir, context.config_name, tuple(prepared), context.extra_dirs)
            argv = _replaced(argv, flags.overrides, prepared)
            for warning in refuse_sweep_words(prepared, sweep=flags.multirun, context=context):
                print(f"Warning: {warning}", file=sys.stderr)
        if flags.cfg:
            _refuse_unfit_loss(context)
        sys.argv = [sys.argv[0], *argv]
        failed: list[Exception] = []
        hydra_main(version_base="1.3", config_path=str(config_dir), config_name=config_name)(
            _quiet(task, failed, facts, context)
        )()
        if failed:
            raise failed[0]
    except Exception as error:
        sentence = explain(error, context)
        if sentence is None:
            raise
        print(f"segladder: {sentence}", file=sys.stderr)
        return 1
    finally:
        sys.argv = before[1]
        if before[0] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before[0]
    return 0


def read_flags(argv: Sequence[str]) -> tuple[Namespace, list[str]]:
    """Hydra's flags, and the arguments with the overrides behind them.

    Hydra itself takes `-m` before all overrides or after them, and not between.
    """
    flags = get_args_parser().parse_intermixed_args(list(argv))
    rest = list(argv)
    for override in flags.overrides:
        rest.remove(override)
    return flags, [*rest, *flags.overrides]


def _quiet(
    task: Task, failed: list[Exception], facts: Callable[[DictConfig], Any] | None, composition: Composition
) -> Task:
    """`task`, its mistakes kept for us: Hydra would write a line of its own to stderr for each.

    Launchers find on it what they need to plan a sweep.
    """

    @functools.wraps(task)
    def run(cfg: DictConfig) -> Any:
        # asked before the task, which may clear it
        single = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.RUN
        try:
            return task(cfg)
        except (UserError, Interrupted) as error:
            if not single:
                raise  # the launcher must know that this job failed
            failed.append(error)

    vars(run).update(facts=facts, composition=composition)
    return run


def _refuse_unfit_loss(context: Composition) -> None:
    """`--cfg` never reaches the task, where the loss is settled; what a run would refuse, it refuses, too."""
    overrides = list(context.overrides)
    cfg = context.loader.load_configuration(context.config_name, overrides, RunMode.RUN)
    if "loss" in cfg:
        known = context.options(TERMS)
        for warning in settle_loss(cfg, overrides=overrides, known=known):
            print(f"segladder: {warning}", file=sys.stderr)


def _replaced(argv: Sequence[str], old: Sequence[str], new: Sequence[str]) -> list[str]:
    pairs = list(zip(old, new, strict=True))
    result = []
    for argument in argv:
        if pairs and argument == pairs[0][0]:
            argument = pairs.pop(0)[1]
        result.append(argument)
    return result
