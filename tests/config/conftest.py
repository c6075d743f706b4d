"""A tiny conf tree, composed through Hydra itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from segladder.config.composition import Composition

HERE = Path(__file__).parent
CONF = HERE / "conf"
OWN = HERE / "own"
sys.path.insert(0, str(HERE / "toys"))

Compose = Callable[..., DictConfig]


@pytest.fixture
def composed() -> Compose:
    """`composed("loss=dice+ce")` -> the config, `hydra` included where asked for."""

    def run(*overrides: str, hydra: bool = False) -> DictConfig:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("train", overrides=list(overrides), return_hydra_config=hydra)

    return run


@pytest.fixture
def context() -> Callable[..., Composition]:
    def make(*overrides: str, own: bool = False) -> Composition:
        return Composition(CONF, "train", overrides, (OWN,) if own else ())

    return make
