"""Every mistake is made for real; the sentence that the user reads is tested word for word."""

from __future__ import annotations

import pytest
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segladder.config.composition import Composition
from segladder.config.explain import explain


def mistake(context: Composition) -> BaseException:
    with pytest.raises(Exception) as error:
        context.loader.load_configuration("train", list(context.overrides), RunMode.RUN)
    return error.value


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "trainer.max_epoch=5",
            "Unknown key 'trainer.max_epoch': did you mean 'trainer.max_epochs'? trainer has: max_epochs,"
            " devices, resume.",
        ),
        (
            "modle=unet",
            "Unknown key 'modle': did you mean 'model'? There are: data, experiment, loss, model,"
            " optimizer, paths, plugins, seed, sweep_note, trainer.",
        ),
        ("model=unett", "There is no model 'unett': did you mean 'model=unet'? Choose one of deeplab, unet."),
        ("model=zzz", "There is no model 'zzz'. Choose one of deeplab, unet."),
        (
            "loss=dise+ce",
            "There is no loss term 'dise' in loss=dise+ce: did you mean 'dice'? The terms are ce, dice,"
            " focal; add them up, as in loss=dice+ce.",
        ),
        (
            "loss=dise",
            "There is no loss term 'dise': did you mean 'dice'? The terms are ce, dice, focal; add them"
            " up, as in loss=dice+ce.",
        ),
        (
            "trainer.max_epochs=[1",
            "The value of 'trainer.max_epochs' cannot be read: '[1' has a bracket without its partner.",
        ),
        (
            "seed=range(1,4",
            "The value of 'seed' cannot be read: 'range(1,4' has a bracket without its partner. Close it.",
        ),
        ("seed=choice(1,2", "The value of 'seed' cannot be read: 'choice(1,2' has a bracket without its partner."),
        ("name='a", "The value of 'name' cannot be read: \"'a\" has a quote without its partner. Close it."),
        ("seed=1,,2", "The value of 'seed' cannot be read: '1,,2' has a comma with nothing beside it. Take it out."),
        ("seed=1,2,", "The value of 'seed' cannot be read: '1,2,' has a comma with nothing beside it."),
        ("=3", "'=3' has no key."),
        (
            "loss=ce,dice",
            "'loss=ce,dice' gives several values to one run. Add -m to run once for each, or write"
            " loss=[ce,dice] for a list.",
        ),
        ("seed=range(1,3)", "'seed=range(1,3)' describes several runs. Add -m to run them."),
        ("+seed=1", "'seed' exists already. Leave the + out: seed=…"),
        ("model", "'model' is no setting. Write key=value, as in model=unet."),
        (
            "experiment=null",
            "experiment=null names no choice. Choose one of broken, extra, lab, nogroup, noloss, typo. For"
            " none of them write ~experiment.",
        ),
        ("model=1", "model=1 names no choice. Choose one of deeplab, unet."),
        ("loss=null", "loss=null names no choice. Choose one of "),
        (
            "sweep_note=a(b",
            "The value of 'sweep_note' cannot be read: 'a(b' has characters with a meaning of their own."
            " Put it in quotes inside quotes: \"sweep_note='a(b'\".",
        ),
        (
            "experiment=typo",
            "In experiment/typo.yaml: unknown key 'loss.terms.dice.smoth': did you mean"
            " 'loss.terms.dice.smooth'? loss.terms.dice has: smooth.",
        ),
        (
            "experiment=nogroup",
            "In experiment/nogroup.yaml: There is no group 'modle': did you mean 'model'? The groups are"
            " data, experiment, loss, loss/term, model, optimizer, trainer.",
        ),
        ("experiment=labb", "There is no experiment 'labb': did you mean 'experiment=lab'? Choose one of "),
        ("~model.dept", "There is nothing to delete. Unknown key 'model.dept': did you mean 'model.depth'?"),
        ("loss=dice*ce", "The loss 'dice*ce' cannot be read"),
    ],
)
def test_a_mistake_reads_as_a_sentence(context, override, sentence):
    made = context(override)
    said = explain(mistake(made), made)
    assert said is not None
    assert said.startswith(sentence), said


def test_the_real_keys_are_listed_with_the_users_other_choices(context):
    made = context("model=deeplab", "model.dept=4")
    assert explain(mistake(made), made) == "Unknown key 'model.dept': did you mean 'model.depth'? model has: depth."


def test_broken_yaml_names_file_and_line(context):
    made = context("experiment=broken")
    said = explain(mistake(made), made)
    assert "experiment/broken.yaml, line" in said
    assert "is no valid YAML" in said


@pytest.mark.parametrize(
    ("config", "key", "sentence"),
    [
        (
            {"data": {"root": "???"}},
            "data.root",
            "'data.root' has no value yet. Set it on the command line: data.root=…",
        ),
        (
            {"data": {"root": "${seeed}"}},
            "data.root",
            "'data.root' points at 'seeed', which does not exist: did you mean 'seed'? Set data.root"
            " itself, or correct what it points at.",
        ),
        ({"a": "${nothing:1}"}, "a", None),
    ],
)
def test_values_that_do_not_resolve(context, config, key, sentence):
    with pytest.raises(OmegaConfBaseException) as error:
        OmegaConf.select(OmegaConf.create(config), key, throw_on_missing=True, throw_on_resolution_failure=True)
    said = explain(error.value, context())
    assert said == sentence or sentence is None


def test_an_error_of_our_own_is_not_explained_away(context):
    assert explain(KeyError("x"), context()) is None
    with pytest.raises(Exception) as error:
        cfg = OmegaConf.create({"a": 1})
        OmegaConf.set_struct(cfg, True)
        _ = cfg.b
    assert explain(error.value, context()) is None
