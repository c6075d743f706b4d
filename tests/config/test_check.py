from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from segladder.config.check import check, missing_keys
from segladder.types import UserError


def test_a_sound_config_passes_without_a_word(composed) -> None:
    assert check(composed("loss=dice+ce", "experiment=lab")) == []


def test_a_key_that_an_experiment_brings_in_is_compared_with_the_target(composed) -> None:
    with pytest.raises(UserError, match=r"Unknown setting 'model.depht': did you mean 'model.depth'\?"):
        check(composed("experiment=extra"), imports=True)


def test_a_value_left_open_is_named(composed) -> None:
    cfg = composed("data=folder")
    assert missing_keys(cfg) == ["data.root"]
    with pytest.raises(UserError, match=r"^'data.root' has no value yet. Set it on the command line: data.root=…$"):
        check(cfg)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("seed=abc", "seed is 'abc'. Give a whole number"),
        ("seed=-1", "seed is -1"),
        ("seed=1.5", "seed is 1.5"),
        ("seed=true", "seed is True"),
        ("trainer.devices=0", "trainer.devices is 0"),
        ("trainer.devices=all", "trainer.devices is 'all'"),
        ("trainer.max_epochs=ten", "trainer.max_epochs is 'ten'. Give a whole number."),
        ("data.batch_size=1.5", "data.batch_size is 1.5"),
        ("plugins=mypkg", r"plugins=mypkg is one word. Write a list: plugins=\[mypkg\]"),
        (
            "data.root='${nowhere.at}'",
            r"'data.root' is '\$\{nowhere.at\}', which does not resolve: Interpolation key 'nowhere.at'",
        ),
    ],
)
def test_a_wrong_value_is_named(composed, override, sentence) -> None:
    with pytest.raises(UserError, match=sentence):
        check(composed(override))


@pytest.mark.parametrize(
    "override",
    [
        "seed=3",
        "trainer.devices=auto",
        "trainer.devices=2",
        "trainer.devices=[0,1]",
        "trainer.devices='0,1'",
        "trainer.devices=-1",
    ],
)
def test_a_right_value_passes(composed, override) -> None:
    assert check(composed(override)) == []


def test_a_partial_without_target_has_no_effect() -> None:
    assert check(OmegaConf.create({"a": {"_partial_": True}})) == ["'a._partial_' has no effect: 'a' has no _target_."]
