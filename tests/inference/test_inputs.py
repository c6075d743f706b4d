"""Which images a file, a folder or a pattern means, and which names are refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from segladder.inference.inputs import Input, find_inputs, require_own_names
from segladder.types import UserError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name in ("b.jpg", "a.PNG", "trip/day 1/c.tif", "notes.txt", ".hidden.png", "out/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(inputs: list[Input]) -> list[str]:
    return [one.name for one in inputs]


def test_a_folder_is_searched_to_its_depths_but_not_where_predictions_go(photos):
    assert names(find_inputs(photos, output=photos / "out")) == ["a", "b", "trip/day 1/c"]
    assert names(find_inputs(photos, output=photos.parent)) == ["a", "b", "out/a", "trip/day 1/c"]


def test_one_file_is_called_by_its_stem_whatever_its_suffix(photos):
    assert find_inputs(photos / "notes.txt", output=photos) == [Input(photos / "notes.txt", "notes")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("*.jpg", ["b"]), ("**/*.tif", ["trip/day 1/c"]), ("tr?p/*/*", ["trip/day 1/c"]), ("trip/*/c.tif", ["day 1/c"])],
)
def test_a_pattern_keeps_the_tree_below_its_fixed_part(photos, pattern, expected):
    assert names(find_inputs(photos / pattern, output=photos / "out")) == expected


def test_a_pattern_skips_what_was_predicted_unless_it_asks_for_that(photos):
    assert names(find_inputs(photos / "**/a.*", output=photos / "out")) == ["a"]
    assert names(find_inputs(photos / "out" / "*.png", output=photos / "out")) == ["a"]


def test_a_folder_with_a_star_in_its_name_is_that_folder(tmp_path):
    (tmp_path / "a*[1]").mkdir()
    (tmp_path / "a*[1]" / "x.png").touch()
    assert names(find_inputs(tmp_path / "a*[1]", output=tmp_path / "out")) == ["x"]


@pytest.mark.parametrize(
    ("given", "sentence"), [("nowhere", "is not there"), ("*.gif", "matches no picture"), ("empty", "holds no picture")]
)
def test_nothing_to_predict_is_told(photos, given, sentence):
    (photos / "empty").mkdir()
    with pytest.raises(UserError, match=sentence):
        find_inputs(photos / given, output=photos / "out")


def test_the_output_folder_is_not_the_input_folder(photos):
    with pytest.raises(UserError, match=r"is the input folder itself.*output=.*predictions"):
        find_inputs(photos, output=photos)


def test_two_images_of_one_name_are_refused():
    inputs = [Input(Path("x/a.jpg"), "a"), Input(Path("x/a.png"), "a")]
    with pytest.raises(UserError, match=r"'x/a\.jpg' and 'x/a\.png' would both be predicted into 'a\.png'"):
        require_own_names(inputs, [".png"], output=Path("out"))


def test_an_image_called_like_another_s_overlay_is_refused():
    inputs = [Input(Path("x/a.jpg"), "a"), Input(Path("x/a_overlay.jpg"), "a_overlay")]
    require_own_names(inputs, [".png"], output=Path("out"))
    with pytest.raises(UserError, match=r"'a_overlay\.png'"):
        require_own_names(inputs, [".png", "_overlay.png"], output=Path("out"))


def test_an_image_is_never_overwritten(photos):
    inputs = find_inputs(photos / "out" / "a.png", output=photos / "out")
    with pytest.raises(UserError, match="would take the place of an image"):
        require_own_names(inputs, [".png"], output=photos / "out")


def test_earlier_predictions_below_the_input_are_left_out(tmp_path):
    for name in ("a.png", "before/a.png", "before/deeper/b.png", ".hidden/c.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"")
    (tmp_path / "in" / "before" / "predictions.json").write_text("{}")
    with pytest.warns(UserWarning, match="before' is left out"):
        found = find_inputs(tmp_path / "in", output=tmp_path / "out")
    assert [one.name for one in found] == ["a"]
    assert [one.name for one in find_inputs(tmp_path / "in" / "before", output=tmp_path / "out")] == ["a", "deeper/b"]
