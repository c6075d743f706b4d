"""What is left to do for a loss after composition: settle its terms and name it.

Hydra composes the loss (see `loss_source`); which overrides fit the terms that are there can only be said of
the finished config, the same way for one run, a job of a sweep and an experiment file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from segladder.config.suggest import did_you_mean
from segladder.losses.expression import canonical
from segladder.types import UserError


def settle_loss(
    cfg: DictConfig, *, overrides: Sequence[str] = (), sweep: bool = False, known: Iterable[str] | None = None
) -> list[str]:
    """Takes settings of absent terms out of `cfg.loss` and writes the canonical form to `cfg.loss.expr`.

    A composed loss may carry settings of terms that it does not have: `-m loss=dice,ce
    loss.terms.dice.smooth=0` sets them for every job, an experiment file for every loss chosen on the command
    line. These are dropped and reported. Typed for one run, they are a mistake.

    Args:
        cfg: the composed config, changed in place.
        overrides: the command line of this job; used to tell a mistake from an experiment's setting.
        sweep: whether the overrides were given for a whole sweep.
        known: every term there is on the search path; a term outside it is an error even in a sweep. None:
            those that the running Hydra application can see.

    Returns:
        One warning per term whose settings were dropped.

    Raises:
        UserError: there is no loss, a term alone was chosen as a loss, a weight is not a positive number, or
            a setting fits no term.
    """
    loss = _loss_node(cfg)
    if "weights" not in loss and "terms" not in loss:
        return []  # a whole loss from a user's own file
    terms, weights = _settings(loss, "terms"), _settings(loss, "weights")
    present = [
        name for name in terms if name in weights and isinstance(terms[name], dict) and "_target_" in terms[name]
    ]
    absent = [name for name in {**terms, **weights} if name not in present]
    typed = {name for override in overrides for name in [_term_of(override)] if name}
    real = terms_on_path() if known is None else sorted(known)
    for name in absent:
        if real is not None and name not in real:
            raise UserError(
                f"There is no loss term '{name}'{did_you_mean(name, real)} The terms are {', '.join(real)}."
            )
        if name in typed and not sweep:
            raise UserError(
                f"The loss '{loss.get('expr', '')}' has no term '{name}'{did_you_mean(name, present)} Its"
                f" terms are {', '.join(present)}. Add it (loss={'+'.join([*present, name])}) or leave its"
                " settings out."
            )
    with open_dict(loss):
        for name in absent:
            loss.terms.pop(name, None)
            loss.weights.pop(name, None)
        loss.expr = canonical_loss(cfg)
    return [f"Settings of '{name}' have no effect: the loss is '{loss.expr}'." for name in absent]


def terms_on_path() -> list[str] | None:
    """The terms that the running Hydra application can choose from; None outside of one."""
    if not HydraConfig.initialized():
        return None
    sources = [s for s in HydraConfig.get().runtime.config_sources if s.provider not in ("hydra", "schema")]
    if any(source.schema != "file" for source in sources):
        return None
    return sorted({file.stem for source in sources for file in Path(source.path, "loss/term").glob("*.yaml")})


def canonical_loss(cfg: DictConfig) -> str:
    """The one name of a composed loss, `ce+0.5*dice`: terms sorted, weights after all overrides.

    For a whole loss from a user's own file: the last part of its `_target_`.

    Raises:
        UserError: there is no loss, or a weight is not a positive number.
    """
    loss = _loss_node(cfg)
    if "weights" not in loss:
        return str(loss.get("expr") or str(loss.get("_target_", "loss")).rpartition(".")[2])
    _settings(loss, "weights")
    terms = _settings(loss, "terms")
    return canonical({str(name): loss.weights[name] for name in loss.weights if name in terms})


def refuse_loss_words(overrides: Iterable[str]) -> None:
    """Says what is wrong with `loss=null` (a traceback in Hydra) and `loss=term/x` (composes to nonsense).

    Raises:
        UserError: an override chooses no loss, or a term where a loss belongs.
    """
    for override in overrides:
        key, _, value = override.partition("=")
        if key.lstrip("+") != "loss":
            if key == "~loss":
                raise UserError("'~loss' would leave nothing to train with. Choose a loss, as in loss=dice+ce.")
            continue
        for choice in value.split(","):
            refuse_loss_choice(choice.strip(" '\""))


def refuse_loss_choice(choice: str | None) -> None:
    """The same for one choice, as `hydra.runtime.choices.loss` holds it."""
    if choice is None or choice.lower() in ("null", ""):
        raise UserError(
            f"loss={choice or 'null'} would leave nothing to train with. Choose a loss, as in loss=dice+ce."
        )
    if choice.startswith("term/"):
        raise UserError(f"loss={choice} names a term's file, not a loss. Write loss={choice.removeprefix('term/')}.")


def _loss_node(cfg: DictConfig) -> DictConfig:
    hydra_choices = OmegaConf.select(cfg, "hydra.runtime.choices")
    if hydra_choices is not None and "loss" in hydra_choices:
        refuse_loss_choice(hydra_choices.loss)
    loss = cfg.get("loss")
    if loss is None:
        refuse_loss_choice(None)
    if not isinstance(loss, DictConfig):
        raise UserError(f"loss is {loss!r}, not a group of settings. Choose a loss, as in loss=dice+ce.")
    if "_target_" not in loss:
        raise UserError("The config has settings for a loss but no loss. Choose one, as in loss=dice+ce.")
    return loss


def _settings(loss: DictConfig, key: str) -> dict[str, Any]:
    node = loss.get(key)
    if not isinstance(node, DictConfig):
        raise UserError(f"loss.{key} is {node!r}; it holds one entry per term, as in loss.weights.dice=3.")
    return {str(name): value for name, value in OmegaConf.to_container(node, resolve=False).items()}  # type: ignore[union-attr]


def _term_of(override: str) -> str | None:
    parts = override.partition("=")[0].lstrip("+~").split(".")
    return parts[2] if parts[:2] in (["loss", "terms"], ["loss", "weights"]) and len(parts) > 2 else None
