import json

import pytest

from segladder.data.errors import DataError
from segladder.data.formats.json_lists import JsonText


def text_of(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    return JsonText(path)


def test_entries_of_a_list_come_with_their_lines(tmp_path):
    text = text_of(tmp_path, '\ufeff[\n {"a": 1},\n\n [2, "ö"], null]\n ')
    assert [(text.line(at), value) for at, value in text.entries()] == [(2, {"a": 1}), (4, [2, "ö"]), (4, None)]


def test_members_come_whole_but_for_the_lists_asked_for(tmp_path):
    content = {"info": {"annotations": [9]}, "annotations": [{"id": 1}, {"id": 2}], "images": [], "extra": [1, 2]}
    text = text_of(tmp_path, json.dumps(content, indent=2))
    found = [(key, value) for key, _, value in text.members(("annotations", "images"))]
    assert found == [
        ("info", content["info"]),
        ("annotations", {"id": 1}),
        ("annotations", {"id": 2}),
        ("extra", [1, 2]),
    ]
    assert text.keys == {"info", "annotations", "images", "extra"}


def test_a_value_can_be_read_again_by_its_place(tmp_path):
    text = text_of(tmp_path, '{"annotations": [{"id": 1}, {"id": [2]}]}')
    places = [at for _, at, _ in text.members(("annotations",))]
    assert [text.value(at) for at in places] == [{"id": 1}, {"id": [2]}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[\n{"a": 1},\n{"a": ', "line 3 is broken JSON: it ends in the middle"),
        ("[1\n2]", "line 2 is broken JSON: ',' or ']' is missing"),
        ("[1]\n[2]", "line 2 is broken JSON: more text follows"),
        ('[{"a" 1}]', "line 1 is broken JSON: expecting ':'"),
        ("", "holds nothing instead of a list"),
        ("{}", "holds an object instead of a list"),
        ("[" * 100_000, "broken JSON"),
    ],
)
def test_a_broken_list_is_told_with_its_line(tmp_path, content, said):
    with pytest.raises(DataError, match=r"a.json") as error:
        list(text_of(tmp_path, content).entries())
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "holds a list instead of an object"),
        ('{"images": 3}', "'images' is no object or list, not a list"),
        ('{"images": []', "it ends in the middle"),
        ('{"a": 1,\n "b" 2}', "line 2 is broken JSON: ':' is missing after a key"),
        ('{"a": 1 "b": 2}', "',' or '}' is missing"),
        ("{1: 2}", "a key is no text"),
    ],
)
def test_a_broken_object_is_told_with_its_line(tmp_path, content, said):
    with pytest.raises(DataError) as error:
        list(text_of(tmp_path, content).members(("images",)))
    assert said in str(error.value)


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path):
    (tmp_path / "b.json").write_bytes(b"[\xff]")
    with pytest.raises(DataError, match="not UTF-8"):
        JsonText(tmp_path / "b.json")
    with pytest.raises(DataError, match="cannot be read"):
        JsonText(tmp_path / "none.json")
