"""The loss algebra as a source of Hydra configs: `loss=dice+ce` needs no file of that name.

`loss/<expression>` becomes a config whose defaults list takes `loss/term/<name>.yaml` for each term to
`loss.terms.<name>`, and whose body names the weights. Hydra does the rest, so overrides, experiment files,
sweeps, `compose()`, `--cfg job`, `--info defaults` and every launcher know these losses as they know files.

Hydra behaviours this leans on (1.3; look here first when moving to 1.4):

* `SearchPathPlugin.manipulate_search_path` runs before `--config-dir` is put in front of the entry whose
  provider is "schema". Ours calls itself "schema", too, and so comes after the user's folders: a whole loss
  in a user's own `loss/mine.yaml` is found before the word `mine` is read as a term.
* A source only sees its config's path, `loss/0.5*dice+ce`; errors must be `ConfigCompositionException`,
  any other becomes a traceback.
* Flags of a config that is merged are taken over by what it is merged into (`BaseContainer._map_merge`).
  `_self_` comes last in our defaults list, so that its flags win: `terms` and `weights` are open, each
  present term is closed. A setting of an absent term then composes (and `segladder.config.loss.settle_loss`
  drops or refuses it), a misspelt setting of a present one is Hydra's usual error.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.errors import ConfigCompositionException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from segladder.losses.expression import canonical, parse
from segladder.types import UserError

if TYPE_CHECKING:
    from hydra.core.config_search_path import ConfigSearchPath

SCHEME = "segladder-loss"
GROUP = "loss"
TERMS = "loss/term"
TARGET = "segladder.losses.LossSum"


class LossSource(ConfigSource):
    """Answers for every `loss/<expression>`; has nothing else."""

    @staticmethod
    def scheme() -> str:
        return SCHEME

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path == GROUP

    def is_config(self, config_path: str) -> bool:
        group, _, expression = config_path.partition("/")
        # a path (`loss/term/dice`) is a file's business; all else is ours, so that bad syntax gets a sentence
        return group == GROUP and bool(expression) and "/" not in expression

    def load_config(self, config_path: str) -> ConfigResult:
        """The config of one sum.

        Raises:
            ConfigCompositionException: the expression does not parse.
        """
        try:
            weights = parse(config_path.partition("/")[2])
        except UserError as error:
            raise ConfigCompositionException(str(error)) from error
        # sorted, so that `ce+dice` and `1*dice+ce` compose to the same config, key for key
        weights = dict(sorted(weights.items()))
        config = OmegaConf.create(
            {
                "defaults": [*({f"term@terms.{name}": name} for name in weights), "_self_"],
                "_target_": TARGET,
                "expr": canonical(weights),
                "weights": weights,
                "terms": {name: {} for name in weights},
            }
        )
        config.weights._set_flag("struct", False)
        config.terms._set_flag("struct", False)
        for name in weights:
            config.terms[name]._set_flag("struct", True)
        return ConfigResult(provider="segladder", path=self.full_path(), config=config, header={"package": None})

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """The single terms (for globs and lists of options); while a shell completes, also the next sums."""
        if config_path != GROUP or results_filter == ObjectType.GROUP or not GlobalHydra().is_initialized():
            return []
        names: list[str] = GlobalHydra.instance().config_loader().get_group_options(TERMS)
        return sorted({*names, *next_sums(os.environ.get("COMP_LINE", ""), names)})


class LossSearchPath(SearchPathPlugin):
    """Puts `LossSource` on the search path of apps whose own config folder has loss terms, and of no others.

    Without that condition every Hydra app in the same environment would find a config group `loss`, and its
    own `loss=0.5` would break.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        from hydra._internal.sources_registry import SourcesRegistry

        for entry in search_path.get_path():
            if entry.provider == "hydra":
                continue
            scheme = entry.path.partition("://")[0] if "://" in entry.path else "file"
            if SourcesRegistry.instance().resolve(scheme)(entry.provider, entry.path).is_group(TERMS):
                search_path.append("schema", f"{SCHEME}://")
                return


def next_sums(line: str, names: list[str]) -> list[str]:
    """What the sum at the end of a shell's line can become: `loss=dice+` -> `dice+ce`, `dice+focal`."""
    key, _, value = line.split(" ")[-1].rpartition("=")
    head, plus, _ = value.rpartition("+")
    if key != GROUP or not plus:
        return []
    comma = head.rpartition(",")
    taken = {part.rpartition("*")[2].lstrip("0123456789.") for part in comma[2].split("+")}
    return [f"{head}+{name}" for name in names if name not in taken]
