"""Which models have a backbone, told from their config alone: the line `backbone: ${backbone}`.

A choice of backbone beside a model that has none would make equal runs look different, so it is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import DictConfig, open_dict


def settle_backbone(cfg: DictConfig, overrides: Sequence[str] = ()) -> list[str]:
    """Takes the backbone out of a config whose model has none.

    Args:
        cfg: the composed config, changed in place.
        overrides: what was typed.

    Returns:
        One warning for everything typed about a backbone that is not there.
    """
    model = cfg.get("model")
    if cfg.get("backbone") is None or (isinstance(model, DictConfig) and "backbone" in model):
        return []
    with open_dict(cfg):
        cfg["backbone"] = None
    typed = [word for word in overrides if word.lstrip("+").partition("=")[0].partition(".")[0] == "backbone"]
    if not typed:
        return []
    return [f"{' '.join(typed)} has no effect: this model has no backbone. (Those that have are in --help.)"]
