"""What was to be composed, and what there would have been to choose from: the ground for explaining an error.

Hydra behaviours this leans on (1.3): `ConfigLoaderImpl` built from `create_config_search_path` composes like
the application itself, without touching `GlobalHydra`; `--config-dir` goes in front of the entry of provider
"schema".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.object_type import ObjectType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segladder.config.loss_source import GROUP, TERMS


@dataclass(frozen=True)
class Composition:
    """One call of Hydra: where the configs are, which one, and what the user typed."""

    config_dir: Path | str
    """The application's own folder, or `pkg://…`."""
    config_name: str
    overrides: Sequence[str] = ()
    extra_dirs: Sequence[Path | str] = ()
    """The user's own folders, from `--config-dir`."""

    @cached_property
    def loader(self) -> ConfigLoaderImpl:
        main = str(self.config_dir)
        search_path = create_config_search_path(main if "://" in main else f"file://{Path(main).absolute()}")
        for folder in self.extra_dirs:
            search_path.prepend(
                provider="command-line",
                path=f"file://{Path(folder).absolute()}",
                anchor=SearchPathQuery(provider="schema"),
            )
        return ConfigLoaderImpl(config_search_path=search_path)

    def options(self, group: str) -> list[str]:
        """The choices of a group; empty where there is none of that name."""
        found: list[str] = self.loader.get_group_options(group, ObjectType.CONFIG)
        # the source of losses lists its terms only for the application's own loader
        return sorted({*found, *self.options(TERMS)}) if group == GROUP else found

    @cached_property
    def groups(self) -> list[str]:
        """All groups that can be chosen by `group=choice`, Hydra's own left out."""
        return [name for name in self._subgroups("") if not name.startswith("hydra")]

    def _subgroups(self, parent: str) -> list[str]:
        found = []
        for name in self.loader.get_group_options(parent, ObjectType.GROUP):
            group = f"{parent}/{name}" if parent else name
            if self.options(group):
                found.append(group)
            found += self._subgroups(group) if group != "hydra" else []
        return found

    @cached_property
    def config(self) -> DictConfig:
        """The config without the overrides that do not compose; empty where nothing composes."""
        kept: list[str] = []
        config = self._compose(kept)
        # choices first, as Hydra does: whether `data.counts.train` exists depends on which data were chosen
        for override in sorted(self.overrides, key=lambda word: "." in word.partition("=")[0]):
            tried = self._compose([*kept, override])
            if tried is not None:
                kept, config = [*kept, override], tried
        return OmegaConf.create() if config is None else config

    def _compose(self, overrides: list[str]) -> DictConfig | None:
        try:
            config = self.loader.load_configuration(self.config_name, overrides, RunMode.MULTIRUN)
        except (HydraException, OmegaConfBaseException, ValueError, OSError):
            return None
        return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])

    @cached_property
    def keys(self) -> list[str]:
        """Every dotted key of `config`, groups of settings included."""
        return _dotted(OmegaConf.to_container(self.config, resolve=False))

    @cached_property
    def hydra_keys(self) -> list[str]:
        """Every dotted key of the launcher and the sweeper that are chosen."""
        chosen = [word for word in self.overrides if word.startswith("hydra/")]
        try:
            config = self.loader.load_configuration(self.config_name, chosen, RunMode.MULTIRUN)
        except (HydraException, OmegaConfBaseException, ValueError, OSError):
            return []
        parts = {part: OmegaConf.to_container(config.hydra[part], resolve=False) for part in ("launcher", "sweeper")}
        return _dotted({"hydra": parts})


def _dotted(node: object, path: str = "") -> list[str]:
    found = [path] if path else []
    if isinstance(node, dict):
        for key, value in node.items():
            found += _dotted(value, f"{path}.{key}" if path else str(key))
    return found
