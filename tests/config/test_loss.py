"""What is settled after composition: absent terms, the canonical form, words that are no loss."""

from __future__ import annotations

import pytest

from segladder.config.loss import canonical_loss, refuse_loss_words, settle_loss
from segladder.types import UserError


@pytest.mark.parametrize(
    ("overrides", "form"),
    [
        (["loss=dice+ce"], "ce+dice"),
        (["loss=1*dice+ce"], "ce+dice"),
        (["loss=dice+ce", "loss.weights.dice=3"], "ce+3*dice"),
        (["loss=0.5*dice+ce", "loss.weights.dice=1"], "ce+dice"),
        (["experiment=lab"], "ce+0.5*dice"),
    ],
)
def test_the_canonical_form_is_read_after_the_overrides(composed, overrides, form):
    cfg = composed(*overrides)
    assert canonical_loss(cfg) == form
    settle_loss(cfg, overrides=overrides)
    assert cfg.loss.expr == form


def test_settings_of_an_absent_term_are_dropped_in_a_sweep(composed):
    words = ["loss=ce", "loss.terms.dice.smooth=0", "loss.weights.dice=3"]
    cfg = composed(*words)
    warnings = settle_loss(cfg, overrides=words, sweep=True, known=["ce", "dice", "focal"])
    assert warnings == ["Settings of 'dice' have no effect: the loss is 'ce'."]
    assert cfg.loss == composed("loss=ce").loss


def test_settings_of_an_absent_term_are_dropped_in_an_experiment(composed):
    cfg = composed("experiment=lab", "loss=ce")
    assert len(settle_loss(cfg, overrides=["experiment=lab", "loss=ce"])) == 1
    assert list(cfg.loss.terms) == ["ce"]


def test_a_job_of_a_sweep_that_has_the_term_keeps_its_settings(composed):
    words = ["loss=dice", "loss.terms.dice.smooth=0"]
    cfg = composed(*words)
    assert settle_loss(cfg, overrides=words, sweep=True) == []
    assert cfg.loss.terms.dice.smooth == 0


@pytest.mark.parametrize("word", ["loss.terms.dice.smooth=0", "loss.weights.dice=3"])
def test_settings_of_an_absent_term_are_an_error_in_one_run(composed, word):
    with pytest.raises(UserError) as error:
        settle_loss(composed("loss=ce", word), overrides=["loss=ce", word])
    assert str(error.value) == (
        "The loss 'ce' has no term 'dice'. Its terms are ce. Add it (loss=ce+dice) or leave its settings out."
    )


def test_a_misspelt_term_is_an_error_even_in_a_sweep(composed):
    words = ["loss=ce", "loss.terms.dise.smooth=0"]
    with pytest.raises(UserError, match="no loss term 'dise': did you mean 'dice'"):
        settle_loss(composed(*words), overrides=words, sweep=True, known=["ce", "dice"])


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "abc", "true", "null"])
def test_a_weight_that_is_no_positive_number_is_refused(composed, value):
    with pytest.raises(UserError, match=r"loss.weights.dice is"):
        settle_loss(composed("loss=dice+ce", f"loss.weights.dice={value}"))


def test_weights_overridden_by_a_number_are_refused(composed):
    with pytest.raises(UserError, match=r"loss.weights is 3"):
        settle_loss(composed("loss.weights=3"))


@pytest.mark.parametrize("word", ["loss=null", "loss=", "~loss", "loss=ce,null", "+loss=null"])
def test_no_loss_is_refused(word):
    with pytest.raises(UserError, match="nothing to train with"):
        refuse_loss_words(["model=unet", word])


def test_a_term_in_place_of_a_loss_is_refused(composed):
    with pytest.raises(UserError, match=r"Write loss=dice\."):
        refuse_loss_words(["loss=term/dice"])
    with pytest.raises(UserError, match=r"Write loss=dice\."):
        settle_loss(composed("loss=term/dice", hydra=True))


def test_an_experiment_without_loss_is_refused(composed):
    with pytest.raises(UserError, match="nothing to train with"):
        settle_loss(composed("experiment=noloss"))


def test_a_whole_loss_of_the_users_own_is_named_after_its_class(context):
    cfg = context("loss=whole", own=True).config
    assert settle_loss(cfg) == []
    assert canonical_loss(cfg) == "Term"


def test_a_weight_may_point_at_another_value(composed):
    assert canonical_loss(composed("loss=dice+ce", "seed=4", "loss.weights.dice='${seed}'")) == "ce+4*dice"
