"""`segladder bench models` and `segladder bench detectors`."""

from __future__ import annotations

import pytest

from segladder.commands.bench import run


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
        (("model",), "segladder bench knows models, detectors and data, not 'model'"),
        (("detectors", "images=0"), "images (from 1) and seed (from 0), whole numbers, not 'images=0'"),
        (("detectors", "image=3"), "not 'image=3'"),
    ],
)
def test_mistakes_are_sentences(segladder, words, hint):
    ran = segladder("bench", *words)
    assert ran.code == 1
    assert hint in ran.err and "Traceback" not in ran.err


def test_simulated_detectors_are_scored_and_explained(capsys):
    assert run(["detectors", "images=4", "seed=2"]) == 0
    first = capsys.readouterr().out
    assert run(["detectors", "images=4", "seed=2"]) == 0
    assert capsys.readouterr().out == first
    lines = first.splitlines()
    assert lines[1].split() == ["detector", "AP", "AP50", "AP75", "AP", "AP50", "AP75"]
    perfect = next(line for line in lines if line.startswith("perfect"))
    assert perfect.count("1.000") == 6 and perfect.endswith("nothing is wrong")
    assert any(line.startswith("poor") for line in lines)
