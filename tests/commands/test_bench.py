"""`segladder bench models`."""

from __future__ import annotations

import pytest


def test_levels_parameters_and_time_of_two_models(segladder):
    ran = segladder("bench", "models", "models=unet_lab,unet", "size=[64,48]", "model.base_channels=8")
    assert ran.code == 0, ran.text
    assert "unet_lab at 64x48" in ran.out and "unet at 64x48" in ran.out
    assert "32 x 24" in ran.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("models", "models=unett"), "unet"),
        (("models", "size=[64]"), "height,width"),
        (("models", "colour=red"), "channels"),
        (("model",), "models"),
    ],
)
def test_mistakes_are_sentences(segladder, words, hint):
    ran = segladder("bench", *words)
    assert ran.code == 1
    assert hint in ran.err and "Traceback" not in ran.err
