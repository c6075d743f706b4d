"""The part of a training's config that commands about data look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from segladder.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig


def composed(overrides: Sequence[str], config_dirs: Sequence[str], *, with_model: bool) -> DictConfig:
    """The config of `segladder train` with these words, as far as it is about data, and about the model where asked.

    Raises:
        UserError: it does not compose, or a value makes no sense.
    """
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from segladder.config.check import check
    from segladder.config.composition import Composition
    from segladder.config.explain import explain
    from segladder.config.paths import conf_dir
    from segladder.config.plugins import import_plugins
    from segladder.config.values import check_values
    from segladder.config.words import prepare_overrides

    prepared = prepare_overrides(overrides)
    context = Composition(conf_dir(), "train", tuple(prepared), tuple(config_dirs))
    try:
        cfg = context.loader.load_configuration("train", prepared, RunMode.RUN)
        model = ["model", "backbone"] if with_model else []
        kept = OmegaConf.masked_copy(cfg, ["data", "augment", "task", "seed", "plugins", "paths", *model])
        check_values(kept, prepared)
        check(kept)
    except Exception as error:
        sentence = explain(error, context)
        if sentence is None:
            raise
        raise UserError(sentence) from error
    import_plugins(kept["plugins"] or [])
    return kept
