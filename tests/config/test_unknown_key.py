"""What was meant by a key that is not there: asked of composed configs, word for word."""

from __future__ import annotations

import pytest

from segladder.config.unknown_key import unknown_key

TOP = "There are: data, experiment, loss, model, optimizer, paths, plugins, seed, sweep_note, trainer."


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("traner.max_epochs", f"Unknown key 'traner.max_epochs': did you mean 'trainer.max_epochs'? {TOP}"),
        ("lr", f"Unknown key 'lr': did you mean 'optimizer.lr'? {TOP}"),
        (
            "loss.terms.dice.smoth",
            "Unknown key 'loss.terms.dice.smoth': did you mean 'loss.terms.dice.smooth'? loss.terms.dice has: smooth.",
        ),
        ("seed.x", "Unknown key 'seed.x'. 'seed' holds a value, not a group of settings."),
        ("model/unet", "Unknown key 'model/unet': did you mean 'model=unet'?"),
    ],
)
def test_the_nearest_key_is_named_and_what_there_is(context, key, sentence):
    assert unknown_key(key, context()) == sentence
