"""What a grid of words cannot be is told in a sentence before anything else happens."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from hydra_plugins.segladder_sweeper import _require_grid
from segladder.config.composition import Composition
from segladder.config.paths import conf_dir
from segladder.types import UserError


@pytest.fixture(scope="module")
def parsed():
    parser = OverridesParser.create(config_loader=Composition(conf_dir(), "train").loader)
    return lambda *words: parser.parse_overrides(list(words))


@pytest.mark.parametrize("word", ["model=glob(zzz*)", "seed=range(3,3)"])
def test_a_word_that_means_no_value_is_told(parsed, word):
    with pytest.raises(UserError, match="means no value at all"):
        _require_grid(parsed("seed=1,2", word))


def test_an_interval_is_sent_to_a_search(parsed):
    with pytest.raises(UserError, match="hydra/sweeper=optuna"):
        _require_grid(parsed("optimizer.lr=interval(0,1)"))


def test_words_of_every_other_kind_pass(parsed):
    words = ("model=glob(unet*)", "seed=range(0,3)", "loss=ce,dice+ce", "data.num_disks=[1,1],[1,3]", "~callbacks.ema")
    _require_grid(parsed(*words, "optimizer.lr=sort(3,1,2)", "+new=choice(1,2)", "name='a, b'"))
