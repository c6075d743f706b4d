"""One experiment as it was asked for: its settled configuration, what was chosen and what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from segladder.config.backbone import settle_backbone
from segladder.config.check import check
from segladder.config.loss import canonical_loss, settle_loss
from segladder.config.plugins import import_plugins
from segladder.config.secrets import public, scrub
from segladder.config.values import check_values
from segladder.runs.folder import check_name, run_name
from segladder.runs.weights import find_checkpoint
from segladder.types import UserError

_MOST_SHOWN = 4
_READABLE = 24
"""Settings in a run's name, and characters of each."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run is to do, checked as far as it can be without the data."""

    cfg: DictConfig
    """Composed, settled and resolved."""
    public: dict[str, Any]
    """The same as plain values, without secrets: what may be written down."""
    choices: dict[str, str | None]
    """Config group -> choice; the loss in its canonical form."""
    overrides: list[str]
    """What was typed, without secrets."""
    name: str
    sweep: bool
    """Whether this is a job of a multirun."""
    varying: dict[str, str] = field(default_factory=dict)
    """What tells it from the other jobs of its sweep: key -> what was typed."""
    warnings: list[str]
    started: float
    """When the process began, in seconds of `time.time()`."""

    @classmethod
    def from_hydra(cls, cfg: DictConfig, *, started: float) -> Job:
        """The job that Hydra has just composed in this process.

        Raises:
            UserError: the configuration cannot be run.
        """
        hydra = HydraConfig.get()
        overrides = [str(word) for word in hydra.overrides.task]
        sweep = hydra.mode == RunMode.MULTIRUN
        study = hydra.runtime.choices.get("study")
        if study not in (None, "null") and not sweep:
            raise UserError(f"study={study} is a sweep. Add -m: python train.py -m study={study}")
        import_plugins(cfg.get("plugins") or [])
        warnings = settle_loss(cfg, overrides=overrides, sweep=sweep) + settle_backbone(cfg, overrides)
        if cfg.get("init_from") is not None:
            cfg["init_from"] = str(find_checkpoint(cfg["init_from"], key="init_from"))
            warnings += [
                f"{key} is overwritten by what init_from brings: leave one of the two out."
                for key in ("model.weights", "backbone.weights")
                if OmegaConf.select(cfg, key) is not None
            ]
        check_values(cfg, overrides)
        warnings += check(cfg) + idle_settings(cfg, overrides)
        choices = {
            group: None if choice in (None, "null") else str(choice)
            for group, choice in hydra.runtime.choices.items()
            if not str(group).startswith("hydra/") and "@" not in str(group)
        }
        choices["loss"] = canonical_loss(cfg)
        encoder = OmegaConf.select(cfg, "backbone.name")
        # backbone=timm says little, and backbone.name may be typed beside any choice
        choices["backbone"] = None if cfg.get("backbone") is None else str(encoder or choices.get("backbone"))
        varying = _varying(cfg, overrides)
        name = check_name(cfg["name"]) if cfg.get("name") else _name(choices, varying, cfg)
        resolved = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True))
        assert isinstance(resolved, DictConfig)
        # Lightning starts the other processes of a parallel run with Hydra's words, if it finds Hydra at work, and
        # they would compose into another folder; without it they are started with the words that were typed
        HydraConfig.instance().cfg = None
        return cls(
            cfg=resolved,
            public=public(cfg),
            choices=choices,
            overrides=[scrub(word) for word in overrides],
            name=name,
            sweep=sweep,
            varying={key: scrub(value) for key, value in varying.items()},
            warnings=warnings,
            started=started,
        )


def idle_settings(cfg: DictConfig, overrides: Sequence[str]) -> list[str]:
    """A sentence for each typed setting of a callback that is not enabled."""
    idle = []
    for word in overrides:
        key = word.partition("=")[0].lstrip("+")
        parts = key.split(".")
        if parts[0] != "callbacks" or len(parts) < 3 or parts[2] == "enabled":
            continue
        entry = cfg.callbacks.get(parts[1])
        if entry is not None and not entry.get("enabled", True):
            idle.append(f"'{word}' has no effect: add callbacks.{parts[1]}.enabled=true.")
    return idle


def _name(choices: dict[str, str | None], varying: Mapping[str, str], cfg: DictConfig) -> str:
    """A name that shows the choices and, in a sweep, what tells the job from the others, where it is short."""
    shown = {key: value for key, value in varying.items() if 0 < len(value) <= _READABLE}
    own = OmegaConf.select(cfg, "data.name") or OmegaConf.select(cfg, "data.root")
    if choices.get("data") == "folder" and own:
        # every folder would bear the same name
        choices = choices | {"data": PurePath(str(own)).name}
    return run_name(choices, seed=cfg["seed"], varying=dict(list(shown.items())[:_MOST_SHOWN]))


def _varying(cfg: DictConfig, overrides: Sequence[str]) -> dict[str, str]:
    """The keys that the jobs of this job's sweep differ in, with what was typed for it."""
    typed = {key.lstrip("+"): value for key, _, value in (word.partition("=") for word in overrides)}
    return {key: typed[key] for key in OmegaConf.select(cfg, "sweep.varying") or [] if key in typed}
