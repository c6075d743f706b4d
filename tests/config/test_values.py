"""Values that make no sense together; the command line's own tests are in end_to_end/test_mistakes.py."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from segladder.config.values import PRECISIONS, check_values
from segladder.types import UserError


def config(**more):
    base = {
        "seed": 0,
        "metric": {"name": "miou", "mode": "max"},
        "trainer": {"max_epochs": 4, "check_val_every_n_epoch": 2},
    }
    return OmegaConf.merge(base, more)


def test_what_makes_sense_passes():
    check_values(config(), [])
    check_values(config(metric={"name": "iou/disk"}), ["loss=dice+ce"])
    check_values(config(trainer={"check_val_every_n_epoch": 8, "val_check_interval": 10}), [])


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"seed": None}, "seed"),
        ({"metric": {"name": "mio"}}, "did you mean 'miou'"),
        ({"trainer": {"check_val_every_n_epoch": 8}}, "no validation"),
        ({"trainer": {"max_epochs": 0}}, "nothing would be trained"),
        ({"sweep": {"retry": "maybe"}}, "true or false"),
        ({"callbacks": {"ema": True}}, "enabled=true"),
    ],
)
def test_what_does_not_is_refused(more, hint):
    with pytest.raises(UserError, match=hint):
        check_values(config(**more), [])


@pytest.mark.parametrize(
    ("trainer", "said"),
    [
        ({"max_epochs": "abc"}, "trainer.max_epochs is 'abc'. Give a whole number."),
        ({"check_val_every_n_epoch": 1.5}, "trainer.check_val_every_n_epoch is 1.5. Give a whole number."),
        ({"precision": "bf16-mixd"}, "trainer.precision is 'bf16-mixd': did you mean 'bf16-mixed'?"),
    ],
)
def test_a_trainers_words_are_checked(trainer, said):
    with pytest.raises(UserError) as error:
        check_values(config(trainer=trainer), [])
    assert str(error.value).startswith(said)


def test_the_precisions_are_those_of_lightning():
    from typing import get_args

    from lightning_fabric import connector

    kinds = (connector._PRECISION_INPUT_INT, connector._PRECISION_INPUT_STR, connector._PRECISION_INPUT_STR_ALIAS)
    assert {str(word) for kind in kinds for word in get_args(kind)} == set(PRECISIONS)
