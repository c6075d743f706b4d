from __future__ import annotations

import functools

import pytest
from omegaconf import OmegaConf
from toyparts import Facts, Net, Wrap

from segladder.config.build import build
from segladder.types import UserError

NET = {"_target_": "toyparts.Net", "depth": 4}


def test_settings_of_the_node_and_arguments_of_the_caller_reach_the_target() -> None:
    facts = Facts(classes=3)
    net = build(OmegaConf.create(NET), info=facts, num_classes=3)
    assert (net.depth, net.num_classes) == (4, 3)
    assert net.info is facts


def test_nested_nodes_are_built_and_containers_are_plain() -> None:
    wrap = build({"_target_": "toyparts.Wrap", "net": NET, "options": {"a": [1, 2]}})
    assert isinstance(wrap, Wrap)
    assert isinstance(wrap.net, Net)
    assert type(wrap.options) is dict
    assert type(wrap.options["a"]) is list


def test_a_partial_waits_for_its_call() -> None:
    made = build({**NET, "_partial_": True}, width=2.0)
    assert isinstance(made, functools.partial)
    assert made().width == 2.0


def test_none_builds_none() -> None:
    assert build(None) is None


def test_interpolations_see_the_whole_config() -> None:
    cfg = OmegaConf.create({"size": 7, "model": {"_target_": "toyparts.Net", "depth": "${size}"}})
    assert build(cfg.model).depth == 7


@pytest.mark.parametrize(
    ("model", "given", "sentence"),
    [
        (
            {"_target_": "toyparts.Net", "depht": 4},
            {},
            "Unknown setting 'model.depht': did you mean 'model.depth'? Net takes: depth, width, num_classes, info.",
        ),
        (
            {"_target_": "toyparts.Wrap"},
            {},
            "Wrap needs 'net', which the config does not give. Add it: +model.net=…",
        ),
        (
            {"_target_": "toyparts.Wrap", "net": {"_target_": "toyparts.Net", "widht": 1}},
            {},
            "Unknown setting 'model.net.widht': did you mean 'model.net.width'?",
        ),
        (
            {"_target_": "toyparts.Nett"},
            {},
            "model._target_ 'toyparts.Nett': 'toyparts' has no 'Nett': did you mean 'toyparts.Net'?",
        ),
        (
            {"_target_": "nopackage.Net"},
            {},
            "model._target_ 'nopackage.Net': there is no package 'nopackage'.",
        ),
        (
            {"_target_": "toyparts.Net.depth.x"},
            {},
            "model._target_ 'toyparts.Net.depth.x': 'toyparts.Net' has no 'depth'.",
        ),
        ({"_target_": 3}, {}, "model._target_ is 3."),
        (
            {"_target_": "toyparts.Net", "depth": "???"},
            {},
            "'model.depth' has no value yet. Set it on the command line: model.depth=…",
        ),
        ({"depth": 3}, {}, "'model' has no _target_"),
        ({"_target_": "toyparts.Net"}, {"depht": 1}, "Unknown setting 'model.depht'"),
    ],
)
def test_a_node_that_does_not_build_says_which_setting_is_wrong(model, given, sentence) -> None:
    cfg = OmegaConf.create({"model": model})
    with pytest.raises(UserError) as error:
        build(cfg.model, **given)
    assert str(error.value).startswith(sentence), error.value


@pytest.mark.parametrize("nested", [False, True])
def test_what_a_target_raises_passes_through_as_it_is(nested: bool) -> None:
    def node(depth: int) -> dict[str, object]:
        net = {"_target_": "toyparts.Net", "depth": depth}
        return {"_target_": "toyparts.Wrap", "net": net} if nested else net

    with pytest.raises(UserError, match="at most 9"):
        build(node(10))
    with pytest.raises(TypeError, match="our own mistake"):
        build(node(-1))


def test_a_package_that_lacks_another_names_it(tmp_path, monkeypatch) -> None:
    (tmp_path / "halfthere.py").write_text("import notinstalled.deep\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="needs the package 'notinstalled'"):
        build({"_target_": "halfthere.Net"})
