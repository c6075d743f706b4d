"""Anything at all can stand in the page without ending an element, a script or an attribute."""

from __future__ import annotations

import json
import os
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.report.page.embedded import clean, escaped, json_text, link

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_escaped_text_is_read_back_as_it_was(text):
    found: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.append(dict(attributes)["title"])

        def handle_data(self, data):
            found.append(data)

    parser = Parser()
    parser.feed(f'<p title="{escaped(text)}">{escaped(text)}</p>')
    parser.close()
    assert "".join(found) == 2 * clean(text)


@given(
    st.recursive(ANY_TEXT | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner))
)
def test_json_for_a_script_is_plain_letters_that_end_nothing(value):
    text = json_text(value)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert text.isascii() and not set(text) & set("<>&")


def test_numbers_that_json_has_not_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text([float("nan")])


def test_what_is_no_text_is_marked():
    assert clean("a\x00b\x1b[0m\udcff\ttab\nline ü 😀") == "a\ufffdb\ufffd[0m\ufffd\ttab\nline ü 😀"


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_a_link_leads_to_the_bytes_of_the_name(name):
    address = link(os.fsdecode(name))
    assert unquote_to_bytes(address) == name + b"/"
    assert ":" not in address and address.isascii() and not set(address) & set("<>&\"' #?")
