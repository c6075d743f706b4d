"""Skipped samples on their way into the record."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest

from segladder.tasks.callbacks import BadSamples
from segladder.types import UserError

DATAMODULE = SimpleNamespace(test_on="test", on_bad_sample="skip")
TRAINER = SimpleNamespace(world_size=1, sanity_checking=False, datamodule=DATAMODULE)


def batch(*names, skipped=()):
    found = {"image_id": list(names)}
    return found | ({"skipped": list(skipped)} if skipped else {})


def test_names_are_taken_out_counted_once_and_said_once():
    callback = BadSamples()
    with pytest.warns(UserWarning, match="^Sample 'a' of train is skipped .*: broken. Further ones") as told:
        for _ in range(2):
            one = batch("x", "y", skipped=[("a", "broken."), ("b", "too.")])
            callback.on_train_batch_start(TRAINER, None, one, 0)
            assert "skipped" not in one
        callback.on_test_batch_start(TRAINER, None, batch("z", skipped=[("a", "broken.")]), 0)
    assert len(told) == 1
    summary = callback.summary()
    assert summary["count"] == 3
    assert summary["samples"][0] == {"split": "test", "image_id": "a", "reason": "broken."}


def test_where_nothing_was_skipped_nothing_is_kept():
    callback = BadSamples()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        callback.on_train_batch_start(TRAINER, None, batch("x"), 0)
    assert callback.summary() is None and callback.state_dict() == {}


def test_a_resumed_run_remembers():
    first, second = BadSamples(), BadSamples()
    with pytest.warns(UserWarning):
        first.on_train_batch_start(TRAINER, None, batch("x", skipped=[("a", "broken.")]), 0)
    second.load_state_dict(first.state_dict())
    assert second.summary() == first.summary()


def test_the_record_names_a_hundred_and_counts_all():
    callback = BadSamples()
    with pytest.warns(UserWarning):
        callback.on_train_batch_start(TRAINER, None, batch("x", skipped=[(f"{n:03d}", "x") for n in range(300)]), 0)
    summary = callback.summary()
    assert (summary["count"], len(summary["samples"])) == (300, 100)


@pytest.mark.filterwarnings("ignore:Sample")
def test_a_score_of_the_smaller_part_of_a_split_is_refused():
    callback = BadSamples()
    for name in ("a", "b"):
        callback.on_validation_batch_start(TRAINER, None, batch(skipped=[(name, f"{name} is broken.")]), 0)
    callback.on_validation_batch_start(TRAINER, None, batch("x"), 0)
    with pytest.raises(UserError, match=r"^2 of the 3 samples of val cannot be read, .* The first: a is broken\.$"):
        callback.on_validation_epoch_end(TRAINER, None)
    callback.on_validation_epoch_end(TRAINER, None)  # the next pass begins anew
