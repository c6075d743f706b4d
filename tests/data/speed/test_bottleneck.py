"""What a training waited for, in a sentence; and that its advice is true where it is given."""

import pytest

from segladder.data.speed import bottleneck as module
from segladder.data.speed.bottleneck import Circumstances, _jitters, bottleneck
from segladder.data.speed.stages import StageClock, Stages
from segladder.data.transforms.augment import Augment

NOW = {
    "step_seconds": 60.0,
    "wait_seconds": 40.0,
    "workers": 0,
    "spare_cores": 7,
    "synthetic": False,
    "cached": False,
    "on_disk": True,
    "decoded_bytes": 10**9,
    "epochs": 10.0,
    "jitters_for_gpu": False,
}
SLOW_DECODING = Stages(decode=31.0, augment=8.0, collate=1.0, images=1000, decoded=1000)


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    monkeypatch.setattr(module, "_memory", lambda: 16 * 10**9)


def said(stages=SLOW_DECODING, **changed):
    return bottleneck(stages, Circumstances(**{**NOW, **changed}))


def test_the_slowest_stage_is_named_with_its_time_per_image_and_what_would_help():
    assert said() == (
        "Decoding takes 31 of 40 ms an image (no workers). data.cache=ram or data.num_workers=2 would help."
    )


def test_short_waiting_is_not_worth_a_word():
    assert said(wait_seconds=6.0) is None
    assert said(Stages()) is None


def test_a_run_that_waited_for_less_than_a_second_gets_no_advice_whatever_the_share():
    short = Stages(decode=0.7, augment=0.1, images=20, decoded=20)
    assert said(short, step_seconds=1.0, wait_seconds=0.9) is None
    assert said(short, step_seconds=1.0, wait_seconds=1.1) is not None


def test_a_set_that_does_not_fit_in_memory_belongs_on_disk():
    assert "data.cache=disk or data.num_workers=2 would help" in said(decoded_bytes=25 * 10**9)
    assert "data.cache" not in said(decoded_bytes=25 * 10**9, on_disk=False)


def test_what_is_read_once_gains_from_a_cache_in_the_next_run_alone():
    assert "data.cache=disk (from the second reading on)" in said(epochs=1.0)


def test_no_workers_are_advised_where_training_computes_on_all_cores():
    assert said(spare_cores=0).endswith("(no workers). data.cache=ram would help.")
    assert said(spare_cores=0, cached=True) == "Decoding takes 31 of 40 ms an image (no workers)."


def test_as_many_workers_are_advised_as_keep_up_with_the_network_and_no_more_than_there_are_cores():
    slow = Stages(decode=310.0, augment=80.0, images=1000, decoded=1000)
    assert "data.num_workers=5 would" in said(slow, step_seconds=100.0, wait_seconds=95.0, workers=2)
    assert "data.num_workers=7 would" in said(slow, step_seconds=10.0, wait_seconds=55.0, workers=6)
    assert "num_workers" not in said(slow, step_seconds=10.0, wait_seconds=45.0, workers=7)


def test_a_cache_is_not_advised_against_slow_augmentation():
    slow = Stages(decode=4.0, augment=36.0, images=1000, decoded=1000)
    assert said(slow) == "Augmentation takes 36 of 40 ms an image (no workers). data.num_workers=2 would help."
    assert said(Stages(cache=9.0, collate=1.0, images=1000), cached=True, spare_cores=0).startswith("Reading the cache")


def test_a_gpu_may_change_the_colours_where_that_takes_long():
    slow = Stages(decode=4.0, augment=36.0, images=1000, decoded=1000)
    assert "augment.device=gpu or data.num_workers=2 would help." in said(slow, jitters_for_gpu=True)
    assert "augment.device" not in said(jitters_for_gpu=True)
    assert _jitters(Augment(brightness=0.1)) and not _jitters(Augment(crop=8)) and not _jitters(None)
    assert not _jitters(Augment(brightness=0.1, device="gpu"))


def test_drawn_images_are_drawn_and_no_setting_helps():
    assert said(synthetic=True) == "Drawing images takes 31 of 40 ms an image (no workers)."


def test_workers_that_had_little_to_do_were_not_the_reason():
    assert said(workers=4).startswith("The 4 workers had work for 10% of the time: the rest is starting them")


def test_the_clock_sums_what_was_flushed():
    clock = StageClock()
    with clock.stage("decode"):
        pass
    clock.add("images", 3)
    assert clock.totals() == Stages()
    clock.flush()
    clock.add("images", 1)
    clock.flush()
    assert clock.totals().images == 4 and 0 < clock.totals().decode < 0.1
    assert clock.totals().to_json().keys() == {"decode", "cache", "augment", "collate", "images", "decoded"}
