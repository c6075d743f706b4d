"""Aligned columns that fit a terminal."""

from __future__ import annotations

import pytest

from segladder.launchers.show.columns import Column, cells, cut, encodable, laid_out, look, one_line, wrapped


def test_columns_give_way_in_their_order_and_then_the_line_ends():
    columns = [
        Column(title="name", cells=["a" * 10], gives=3, least=4),
        Column(title="score", cells=["0.5000"], right=True),
        Column(title="extra", cells=["123456"], right=True, gives=2, vanishes=True),
        Column(title="folder", cells=["outputs/x-1a2b"], gives=1, least=8, vanishes=True, keeps_end=True),
    ]
    assert laid_out(columns)[1] == "aaaaaaaaaa  0.5000  123456  outputs/x-1a2b"
    assert laid_out(columns, width=38)[1] == "aaaaaaaaaa  0.5000  123456  …ts/x-1a2b"
    assert laid_out(columns, width=30)[1] == "aaaaaaaaaa  0.5000  123456"
    assert laid_out(columns, width=20)[1] == "aaaaaaaaaa  0.5000"
    assert laid_out(columns, width=14)[1] == "aaaaa…  0.5000"
    assert laid_out(columns, width=9)[1] == "aaa…  0.…"
    assert laid_out(columns, width=1)[1] == "…"


def test_wide_characters_stay_aligned():
    lines = laid_out([Column(title="model", cells=["网络", "unet", "é́"]), Column(title="x", cells=["1", "2", "3"])])
    assert [cells(line) for line in lines] == [8, 8, 8, 8]


@pytest.mark.parametrize(
    ("text", "room", "start", "end"),
    [("abc", 3, "abc", "abc"), ("abcd", 3, "ab…", "…cd"), ("网络网络", 4, "网…", "…络"), ("abc", 0, "", "")],
)
def test_a_cut_is_marked(text, room, start, end):
    assert cut(text, room) == start
    assert cut(text, room, keep_end=True) == end


def test_nothing_in_a_value_moves_the_cursor():
    assert one_line("a\r\nb\t\x1b[2J\udcff") == "a b \\x1b[2J\\udcff"
    assert encodable("x\udcff") == "x\\udcff"


def test_a_reason_is_broken_between_words():
    assert wrapped("failed  a: one two", 12, indent=2) == ["failed  a:", "  one two"]
    assert wrapped("failed  " + "x" * 20, 12, indent=2) == ["failed ", "  " + "x" * 20]
    assert wrapped("one two", None, indent=2) == ["one two"]


def test_a_file_is_plain_and_whole(monkeypatch, tmp_path):
    with open(tmp_path / "out", "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert look() == {"color": False, "width": None}
