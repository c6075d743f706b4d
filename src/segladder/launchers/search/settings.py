"""What is set below `hydra.sweeper`, checked, and the sampler and pruner of Optuna that it asks for."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

SAMPLERS = {"tpe": "TPESampler", "random": "RandomSampler", "gp": "GPSampler", "nsga2": "NSGAIISampler"}
"""Our word -> class in `optuna.samplers`."""

PRUNERS = {
    "median": "MedianPruner",
    "percentile": "PercentilePruner",
    "hyperband": "HyperbandPruner",
    "halving": "SuccessiveHalvingPruner",
    "threshold": "ThresholdPruner",
}
"""Our word -> class in `optuna.pruners`. Left out: those that wrap another, or are of no use to one training."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The search as it was asked for."""

    n_trials: int
    """Trials in all, those of earlier starts among them."""
    params: Mapping[str, str]
    """Words from the YAML: key -> value as one would type it."""
    objectives: tuple[str, ...]
    """Empty: the monitored metric."""
    sampler: str
    sampler_settings: Mapping[str, Any]
    pruner: str | None
    pruner_settings: Mapping[str, Any]
    seed: int

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """The settings of the YAML and the command line.

        Raises:
            UserError: Optuna is missing, or a value makes no sense.
        """
        optuna_or_sentence()
        values = {key: _plain(value) for key, value in given.items()}
        n_trials, seed = values.get("n_trials"), values.get("seed", 0)
        if isinstance(n_trials, bool) or not isinstance(n_trials, int) or n_trials < 1:
            raise UserError(f"hydra.sweeper.n_trials is {n_trials!r}. Give a whole number from 1.")
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
            raise UserError(f"hydra.sweeper.seed is {seed!r}. Give a whole number from 0 to 4294967295.")
        objectives = values.get("objectives")
        if isinstance(objectives, str):
            objectives = [objectives]
        sampler, pruner = values.get("sampler"), values.get("pruner")
        _known(sampler, SAMPLERS, "sampler")
        if pruner is not None:
            _known(pruner, PRUNERS, "pruner")
        settings = cls(
            n_trials=n_trials,
            params={str(key): typed(value) for key, value in (values.get("params") or {}).items()},
            objectives=tuple(str(name) for name in objectives or ()),
            sampler=str(sampler),
            sampler_settings=_mapping(values.get("sampler_settings"), "sampler_settings"),
            pruner=pruner,
            pruner_settings=_mapping(values.get("pruner_settings"), "pruner_settings"),
            seed=seed,
        )
        if settings.pruner is None and settings.pruner_settings:
            warnings.warn(
                "hydra.sweeper.pruner_settings has no effect without a pruner, such as hydra.sweeper.pruner=median.",
                stacklevel=2,
            )
        # made once here, so that a wrong value is told before anything runs
        settings.make_sampler(0)
        settings.make_pruner()
        return settings

    def make_sampler(self, trial: int) -> Any:
        """The sampler that asks for the trial with this number: a search that was cut off asks what it would have."""
        optuna = optuna_or_sentence()
        digest = hashlib.blake2b(f"{self.seed}/{trial}".encode(), digest_size=4).digest()
        settings = {"seed": int.from_bytes(digest, "big"), **self.sampler_settings}
        return _made(optuna.samplers, SAMPLERS[self.sampler], settings, "sampler", self.sampler)

    def make_pruner(self) -> Any:
        """The pruner; one that never prunes where none was asked for."""
        optuna = optuna_or_sentence()
        if self.pruner is None:
            return optuna.pruners.NopPruner()
        return _made(optuna.pruners, PRUNERS[self.pruner], self.pruner_settings, "pruner", self.pruner)


def optuna_or_sentence() -> ModuleType:
    """Optuna, quiet.

    Raises:
        UserError: it is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("hydra/sweeper=optuna needs Optuna. Install it: pip install 'segladder[optuna]'.") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def _made(module: ModuleType, name: str, settings: Mapping[str, Any], what: str, word: str) -> Any:
    cls = getattr(module, name)
    known = [key for key in inspect.signature(cls.__init__).parameters if key != "self"]
    for key in settings:
        if key not in known:
            raise UserError(
                f"hydra.sweeper.{what}_settings: '{word}' has no setting '{key}'{did_you_mean(key, known)}"
                f" It has {', '.join(known)}."
            )
    try:
        return cls(**settings)
    except (TypeError, ValueError, ImportError) as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise UserError(f"hydra.sweeper.{what}={word} refuses its settings: {why}. See {what}_settings.") from error


def _known(word: object, words: Mapping[str, str], what: str) -> None:
    if word not in words:
        near = did_you_mean(str(word), words)
        raise UserError(f"hydra.sweeper.{what} is '{word}'{near} It is one of {', '.join(words)}.")


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"hydra.sweeper.{key} is {value!r}. Give settings by name, as in '{{n_startup_trials: 5}}'.")
    return value


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if isinstance(value, DictConfig | ListConfig) else value


def typed(value: Any) -> str:
    """A value of the YAML as one would type it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(typed, value)) + "]"
    return str(value)
