"""Words with several values as a search space, and trials as words again."""

from __future__ import annotations

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path

from segladder.config.paths import conf_dir
from segladder.launchers.search.space import space_of
from segladder.types import UserError


@pytest.fixture(scope="module")
def loader() -> ConfigLoaderImpl:
    return ConfigLoaderImpl(create_config_search_path(f"file://{conf_dir()}"))


@pytest.mark.parametrize(
    ("word", "least", "most", "log"),
    [
        ("optimizer.lr=interval(0.1,0.5)", 0.1, 0.5, False),
        ("optimizer.lr=tag(log,interval(1e-4,1e-1))", 1e-4, 1e-1, True),
        ("model.depth=int(interval(1,4))", 1, 4, False),
        ("model.depth=int(tag(log,interval(1,64)))", 1, 64, True),
    ],
)
def test_an_interval_is_searched_from_end_to_end(word, least, most, log, loader):
    [dimension] = space_of([word], {}, loader).dimensions
    found = dimension.distribution()
    assert (found.low, found.high, found.log) == (least, most, log)
    assert isinstance(found.low, int) == ("int(" in word)


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("loss=ce,0.5*dice+ce", ["ce", "0.5*dice+ce"]),
        ("loss=choice(ce,dice,ce)", ["ce", "dice"]),
        ("data.root='/a,b','/c d'", ["'/a,b'", "'/c d'"]),
        ("model.depth=range(2,5)", ["2", "3", "4"]),
        ("model.depth=range(5,1,-2)", ["5", "3"]),
        ("model.dropout=range(0,0.3,0.1)", ["0.0", "0.1", "0.2"]),
        ("model.depth=sort(3,1,2)", ["1", "2", "3"]),
        ("+model.x=[1,2],{a:1}", ["[1,2]", "{a:1}"]),
        ("optimizer=glob(adam*)", ["adam", "adamw"]),
        ("optimizer=glob(*,exclude=adam*)", ["sgd"]),
    ],
)
def test_choices_come_back_as_they_were_typed(word, texts, loader):
    space = space_of([word, "seed=0,1"], {}, loader)
    key, _, _ = word.partition("=")
    searched = [d for d in space.dimensions if d.word == key]
    if not searched:  # one value is none to search
        assert f"{key}={texts[0]}" in space.fixed and len(texts) == 1
        return
    [dimension] = searched
    assert [dimension.text(value) for value in dimension.examples()] == texts
    assert dimension.distribution()._contains(dimension.distribution().to_internal_repr(dimension.examples()[-1]))


def test_what_is_typed_wins_over_the_yaml_and_plain_words_are_fixed(loader):
    params = {"loss": "ce,dice", "optimizer.lr": "interval(0.1,1)", "model": "unet"}
    space = space_of(["loss=ce", "seed=3", "~experiment"], params, loader)
    assert [d.key for d in space.dimensions] == ["optimizer.lr"]
    assert sorted(space.fixed) == ["loss=ce", "model=unet", "seed=3", "~experiment"]
    assert space.words({"optimizer.lr": 0.25})[-1] == "optimizer.lr=0.25"


def test_each_choice_and_each_end_occurs_in_a_probe(loader):
    space = space_of(["loss=ce,dice,focal", "optimizer.lr=interval(0.1,1)"], {}, loader)
    probes = space.probes()
    assert len(probes) == 4
    assert {probe["loss"] for probe in probes} == {"ce", "dice", "focal"}
    assert {probe["optimizer.lr"] for probe in probes} == {0.1, 1.0}


@pytest.mark.parametrize(
    ("word", "value", "kept"),
    [
        ("a=tag(log,interval(1e-4,1e-1))", 0.00123456789, 0.001235),
        ("a=interval(0,1)", 0.123456789, 0.123),
        ("a=interval(1000.1,1000.3)", 1000.234567, 1000.2346),
        ("a=interval(0.12342,1)", 0.12343, 0.12342),
        ("a=int(interval(1,4))", 3, 3),
    ],
)
def test_sampled_numbers_keep_few_digits_and_stay_inside(word, value, kept, loader):
    [dimension] = space_of([word], {}, loader).dimensions
    assert dimension.kept(value) == pytest.approx(kept, rel=1e-9)
    assert dimension.low <= dimension.kept(value) <= dimension.high


def test_a_shuffled_choice_is_the_same_space_and_says_that_order_counts_for_nothing(loader):
    spaces = [space_of(["seed=shuffle(1,2,3,4,5,6)"], {}, loader) for _ in range(3)]
    assert {space.dimensions[0].choices for space in spaces} == {("1", "2", "3", "4", "5", "6")}
    assert "shuffle has no effect" in spaces[0].idle[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["seed=1", "loss=ce"], "There is nothing to search"),
        (["a=tag(log,interval(0,1))"], "begins at 0"),
        (["a=tag(log,interval(-1,1))"], "begins at -1"),
        (["a=interval(4,1)"], r"Write interval\(1,4\)"),
        (["a=interval(0,inf)"], "no interval of finite numbers"),
        (["a=tag(lgo,interval(1,2))"], "did you mean 'log'"),
        (["a=tag(log,range(1,5))"], "which only an interval has"),
        (["optimizer=glob(x*)"], "gives no value to choose from"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(words, sentence, loader):
    with pytest.raises(UserError, match=sentence):
        space_of(words, {}, loader)
