"""Skipped samples on their way into the record."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest

from segladder.tasks.callbacks import BadSamples
from segladder.types import UserError

DATAMODULE = SimpleNamespace(test_on="test", on_bad_sample="skip", samples=lambda split: range(6))
TRAINER = SimpleNamespace(world_size=1, sanity_checking=False, is_global_zero=True, datamodule=DATAMODULE)


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
    assert (summary["count"], summary["counts"]) == (3, {"test": 1, "train": 2})
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
        callback.on_test_batch_start(TRAINER, None, batch("x", skipped=[(f"{n:03d}", "x") for n in range(300)]), 0)
    summary = callback.summary()
    assert (summary["count"], len(summary["samples"])) == (300, 100)


@pytest.mark.filterwarnings("ignore:Sample")
def test_a_score_of_the_smaller_part_of_a_split_is_refused():
    callback = BadSamples()
    for name in ("a", "b"):
        callback.on_validation_batch_start(TRAINER, None, batch(skipped=[(name, f"{name} is broken.")]), 0)
    callback.on_validation_batch_start(TRAINER, None, batch("x"), 0)
    with pytest.raises(UserError) as error:
        callback.on_validation_epoch_end(TRAINER, None)
    assert str(error.value) == (
        "2 of the 3 samples of val cannot be read: more than half is too much to skip (data.on_bad_sample=skip)."
        " `segladder data check` names them all; the first: a is broken."
    )


@pytest.mark.filterwarnings("ignore:Sample")
@pytest.mark.parametrize("size", [1, 2, 4])
def test_training_ends_where_more_than_half_of_the_split_is_lost_whatever_the_batches(size):
    """Of six samples three may be lost, in one batch or in three, again and again; a fourth is one too many."""
    callback = BadSamples()
    for _ in range(2):
        callback.on_train_epoch_start(TRAINER, None)
        for lost in ("abc"[start : start + size] for start in range(0, 3, size)):
            callback.on_train_batch_start(TRAINER, None, batch("x", skipped=[(name, "broken.") for name in lost]), 0)
        callback.on_train_epoch_end(TRAINER, None)
    with pytest.raises(UserError, match=r"^4 of the 6 samples of train cannot be read"):
        callback.on_train_epoch_start(TRAINER, None)
        for lost in ("abcd"[start : start + size] for start in range(0, 4, size)):
            callback.on_train_batch_start(TRAINER, None, batch("x", skipped=[(name, "broken.") for name in lost]), 0)


@pytest.mark.filterwarnings("ignore:Sample")
def test_a_score_without_some_of_its_samples_is_told_once():
    callback = BadSamples()
    told = "1 of the 4 samples of val cannot be read: its scores are of the others."
    for expected in (1, 0):
        callback.on_validation_batch_start(TRAINER, None, batch("x", "y", "z", skipped=[("a", "broken.")]), 0)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            callback.on_validation_epoch_end(TRAINER, None)
        assert [str(one.message) for one in found] == [told] * expected


@pytest.mark.filterwarnings("ignore:Sample")
def test_what_ends_a_run_finds_everything_noted_down(monkeypatch):
    noted = []
    callback = BadSamples(note=noted.append)
    for name in "ab":
        callback.on_train_batch_start(TRAINER, None, batch("x", skipped=[(name, "broken.")]), 0)
    assert [one["count"] for one in noted] == [1], "the second waits for its time"
    callback.on_exception(TRAINER, None, KeyboardInterrupt())
    callback.on_exception(TRAINER, None, KeyboardInterrupt())
    assert [one["count"] for one in noted] == [1, 2]


@pytest.mark.filterwarnings("ignore:Sample")
def test_what_an_earlier_part_of_the_run_noted_is_kept():
    """Its checkpoint may be older than that."""
    first = BadSamples()
    first.on_train_batch_start(TRAINER, None, batch("x", skipped=[("a", "broken.")]), 0)
    second = BadSamples(earlier=first.summary())
    second.load_state_dict({})
    second.on_train_batch_start(TRAINER, None, batch("x", skipped=[("b", "broken.")]), 0)
    assert [one["image_id"] for one in second.summary()["samples"]] == ["a", "b"]
