"""`loss=<expression>` through Hydra's real composition."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException
from hydra.types import RunMode
from omegaconf import OmegaConf

from segladder.config.loss_source import next_sums

CONF = Path(__file__).parent / "conf"


def plain(cfg):
    return OmegaConf.to_container(cfg.loss)


def test_a_sum_composes_from_the_files_of_its_terms(composed):
    assert plain(composed("loss=dice+ce")) == {
        "_target_": "segladder.losses.LossSum",
        "expr": "ce+dice",
        "weights": {"ce": 1.0, "dice": 1.0},
        "terms": {
            "ce": {"_target_": "toyparts.Term", "smooth": 1.0},
            "dice": {"_target_": "toyparts.Term", "smooth": 1.0},
        },
    }


@pytest.mark.parametrize(
    "word",
    [
        "loss=0.5*dice+ce",
        "loss=0.5dice+ce",
        "loss=ce+.5*dice",
        "loss=1*ce+5e-1*dice",
        "loss='ce + 0.5 * dice'",
    ],
)
def test_one_loss_composes_alike_however_it_is_written(composed, word):
    assert composed(word).loss == composed("loss=0.5*dice+ce").loss
    assert composed(word).loss.weights == {"ce": 1.0, "dice": 0.5}


def test_settings_and_weights_of_present_terms_are_overridden(composed):
    loss = composed("loss=dice+ce", "loss.terms.dice.smooth=0", "loss.weights.dice=3").loss
    assert loss.terms.dice.smooth == 0
    assert loss.weights.dice == 3


def test_an_experiment_chooses_a_sum_and_the_command_line_wins(composed):
    assert composed("experiment=lab").loss.weights == {"ce": 1.0, "dice": 0.5}
    assert composed("experiment=lab").loss.terms.dice.smooth == 7
    assert composed("experiment=lab", "loss=focal").loss.weights == {"focal": 1.0}


def test_the_choice_is_known_to_hydra(composed):
    assert composed("loss=0.5*dice+ce", hydra=True).hydra.runtime.choices.loss == "0.5*dice+ce"


def test_a_users_own_term_joins_sums(context):
    loss = context("loss=mine+ce", own=True).config.loss
    assert loss.weights == {"ce": 1.0, "mine": 1.0}
    assert loss.terms.mine.smooth == 2.0


def test_a_users_own_whole_loss_is_found_before_the_word_is_read_as_a_term(context):
    assert context("loss=whole", own=True).config.loss == {"_target_": "toyparts.Term", "smooth": 3.0}


def test_a_misspelt_setting_of_a_present_term_does_not_compose(composed):
    with pytest.raises(ConfigCompositionException, match="smoth"):
        composed("loss=dice", "loss.terms.dice.smoth=0")
    with pytest.raises(ConfigCompositionException, match="smoth"):
        composed("experiment=typo")


@pytest.mark.parametrize("word", ["loss=dice+dice", "loss=0*dice", "loss=dice+", "loss=dice*ce"])
def test_bad_syntax_is_a_composition_error_with_a_sentence(composed, word):
    with pytest.raises(ConfigCompositionException, match=r"loss"):
        composed(word)


def test_jobs_of_a_sweep_compose_through_the_loader_that_launchers_use(context):
    loader = context().loader
    master = loader.load_configuration("train", ["loss=dice,ce", "loss.terms.dice.smooth=0"], RunMode.MULTIRUN)
    jobs = [loader.load_sweep_config(master, [f"loss={word}", "loss.terms.dice.smooth=0"]) for word in ("dice", "ce")]
    assert [dict(job.loss.weights) for job in jobs] == [{"dice": 1.0}, {"ce": 1.0}]


def test_options_of_the_group_are_the_terms():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert GlobalHydra.instance().config_loader().get_group_options("loss") == ["ce", "dice", "focal"]


def test_other_hydra_apps_get_no_group_named_loss(tmp_path):
    (tmp_path / "app.yaml").write_text("loss: 0.5\n")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        assert compose("app", overrides=["loss=0.25"]).loss == 0.25


@pytest.mark.parametrize(
    ("line", "sums"),
    [
        ("loss=dice+", ["dice+ce", "dice+focal"]),
        ("model=unet loss=0.5*dice+f", ["0.5*dice+ce", "0.5*dice+focal"]),
        ("-m loss=ce,2dice+", ["ce,2dice+ce", "ce,2dice+focal"]),
        ("loss=dice", []),
        ("model=a+", []),
    ],
)
def test_completion_offers_the_next_term_of_a_sum(line, sums):
    assert next_sums(line, ["ce", "dice", "focal"]) == sums
