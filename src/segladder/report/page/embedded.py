"""Text, data and pictures as HTML takes them: whatever a record holds shows as text and ends nothing."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from segladder.types import UserError

_KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ENDS_SCRIPTS = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}


def clean(text: str) -> str:
    """Text with a mark in place of what is none: control characters, and bytes of file names that are not UTF-8."""
    return _NO_TEXT.sub("\ufffd", text)


def escaped(text: str) -> str:
    """Text for the inside of an element or of a quoted attribute."""
    return html.escape(clean(text), quote=True)


def json_text(value: Any) -> str:
    """Plain values as ASCII for the inside of a script element.

    Raises:
        ValueError: a number is not finite; JSON has none such.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).translate(_ENDS_SCRIPTS)


def link(path: str) -> str:
    """The address of a folder, relative as the path is; names of any bytes."""
    return quote(os.fsencode(path)) + "/"


def data_uri(path: Path) -> str:
    """A picture as the address of itself.

    Raises:
        UserError: it cannot be read, or is of a kind that browsers do not show.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"The picture '{path}' is no {', '.join(_KINDS)} file. Write it as one of them.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"The picture '{path}' cannot be read: {error.strerror}. Check that it is there.") from error
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
