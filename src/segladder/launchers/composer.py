"""Composes the jobs of a sweep: the choices of groups once for all jobs that share them, single values for each.

Hydra composes every job from its files anew, a tenth of a second each. Jobs that differ in values alone (a seed, a
learning rate) differ only in what Hydra does last, so they are copies of one composition with their values set.

Hydra behaviours this leans on (1.3): words on groups shape the defaults list, all others are applied to the composed
config at the end, in their order (`ConfigLoaderImpl._apply_overrides_to_config`).
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

if TYPE_CHECKING:
    from hydra.types import HydraContext


class Composer:
    """Composes as `load_sweep_config` of Hydra's loader does."""

    def __init__(self, context: HydraContext, config: DictConfig) -> None:
        """
        Args:
            context: Hydra's.
            config: the sweep's own configuration.
        """
        self._loader: Any = context.config_loader
        self._config = config
        self._bases: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, words: Sequence[str]) -> DictConfig:
        """The configuration of the job with these words, its `hydra` node included.

        Raises:
            Exception: what Hydra raises of words that do not compose.
        """
        try:
            parsed = [_parsed(word) for word in words]
            groups = tuple(w for w, o in zip(words, parsed, strict=True) if self._shapes(o))
            if groups not in self._bases:
                self._bases[groups] = self._loader.load_sweep_config(self._config, list(groups))
            job = copy.deepcopy(self._bases[groups])
            ConfigLoaderImpl._apply_overrides_to_config([o for o in parsed if not self._shapes(o)], job)
        except (HydraException, OmegaConfBaseException, AttributeError):
            # whatever is wrong, Hydra's own words for it are those that are explained
            whole: DictConfig = self._loader.load_sweep_config(self._config, list(words))
            return whole
        typed = [w for w, o in zip(words, parsed, strict=True) if not o.is_hydra_override()]
        with open_dict(job.hydra):
            job.hydra.overrides.task = typed
            job.hydra.job.override_dirname = self._dirname(job, parsed)
        return job

    def _shapes(self, override: Override) -> bool:
        """Whether a word decides which files are composed; Hydra's own settings are left to it, too."""
        if override.is_hydra_override() or override.package is not None:
            return True
        return bool(self._loader.repository.group_exists(override.key_or_group)) and not isinstance(
            override.value(), dict
        )

    def _dirname(self, job: DictConfig, parsed: Sequence[Override]) -> str:
        from hydra._internal.config_loader_impl import get_overrides_dirname

        about = job.hydra.job.config.override_dirname
        return str(
            get_overrides_dirname(
                overrides=[o for o in parsed if not o.is_hydra_override()],
                kv_sep=about.kv_sep,
                item_sep=about.item_sep,
                exclude_keys=[str(key) for key in about.exclude_keys],
            )
        )


@functools.lru_cache(maxsize=4096)
def _parsed(word: str) -> Override:
    return OverridesParser.create().parse_override(word)
