from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st

from segladder.config.words import prepare_overrides, quote_paths, renamed
from segladder.types import UserError

PARSER = OverridesParser.create()


def read(word: str):
    return PARSER.parse_override(word).value()


@given(st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), min_size=1))
@example("/data/a=b~c([{#&")
@example("it's")
@example("a\\'b")
@example("ends\\")
@example("'")
@example("\\\\'\\")
@example(" spaces ")
@example("1,2")
def test_any_path_reaches_the_config_as_it_was_typed(path: str) -> None:
    if path.lower() in ("null", "true", "false", "???") or path.startswith("${"):
        return
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        return
    assert read(quote_paths([f"data.root={path}"])[0]) == path


def test_what_is_no_path_passes_untouched() -> None:
    words = ["seed=1", "loss=dice+ce", "-m", "--config-dir", "--config-dir=/a,b", "data.root", "data.root="]
    assert quote_paths(words) == words


@pytest.mark.parametrize("value", ["null", "???", "'quoted'", '"quoted"'])
def test_words_with_a_meaning_stay_bare(value: str) -> None:
    assert quote_paths([f"+data.root={value}"]) == [f"+data.root={value}"]


def test_a_sweep_splits_path_values_at_commas() -> None:
    assert quote_paths(["backbone.weights=null,imagenet,/a=b"], sweep=True) == [
        "backbone.weights=null,'imagenet','/a=b'"
    ]
    assert quote_paths(["data.root=choice(a,b)"], sweep=True) == ["data.root=choice(a,b)"]


def test_a_sweep_leaves_an_existing_path_whole(tmp_path) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    assert quote_paths([f"data.root={folder}"], sweep=True) == [f"data.root='{folder}'"]


def test_prepared_overrides_refuse_what_is_no_loss() -> None:
    with pytest.raises(UserError):
        prepare_overrides(["loss=null"])
    assert prepare_overrides(["run=a(1)", "loss=ce"]) == ["run='a(1)'", "loss=ce"]


def test_an_interpolation_in_a_path_still_resolves(composed) -> None:
    words = quote_paths(["data.root=${paths.outputs}/a=b"])
    assert composed(*words).data.root == "outputs/a=b"


def test_a_key_gets_its_other_name_and_its_namesakes_keep_theirs() -> None:
    argv = ["predictions=a=b", "predictions.ids=train", "--cfg", "predictions"]
    assert renamed(argv, {"predictions": "predictions.path"}) == ["predictions.path=a=b", *argv[1:]]
