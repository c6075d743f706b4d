"""Whatever a sample holds besides image and label, as bytes and back: arrays as they lie in memory, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segladder.types import Objects

_LENGTH = 8
"""Bytes in front that say how long the table of contents is."""


def packed(values: Mapping[str, Any]) -> bytes:
    """The values as bytes.

    Raises:
        TypeError: one is of a kind that has no form here.
    """
    parts: list[bytes] = []
    heads = {name: _head(value, parts) for name, value in values.items()}
    contents = json.dumps(heads).encode()
    return b"".join([len(contents).to_bytes(_LENGTH, "little"), contents, *parts])


def unpacked(data: bytes) -> dict[str, Any]:
    """The values that `packed` made into bytes, in memory of their own."""
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    heads = json.loads(data[_LENGTH:start])
    reader = _Reader(data, start)
    return {name: _value(head, reader) for name, head in heads.items()}


class _Reader:
    """Bytes, taken from the front."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]


def _head(value: Any, parts: list[bytes]) -> Any:
    """What a value is, for the table of contents; its bytes are added to `parts`."""
    if isinstance(value, Objects):
        return {"objects": {name: _head(getattr(value, name), parts) for name in Objects.__slots__}}
    if isinstance(value, Tensor):
        return {"tensor": _head(value.numpy(), parts)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        parts.append(value.tobytes())
        return {"array": [value.dtype.str, list(value.shape)]}
    if isinstance(value, bytes):
        parts.append(value)
        return {"bytes": len(value)}
    if isinstance(value, dict):
        return {"dict": {str(name): _head(one, parts) for name, one in value.items()}}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_head(one, parts) for one in value]}
    if value is None or isinstance(value, str | bool | int | float):
        return {"plain": value}
    raise TypeError(f"a {type(value).__name__}")


def _value(head: Any, reader: _Reader) -> Any:
    [(kind, what)] = head.items()
    if kind == "objects":
        return Objects(**{name: _value(one, reader) for name, one in what.items()})
    if kind == "tensor":
        return torch.from_numpy(_value(what, reader))
    if kind == "array":
        dtype, shape = np.dtype(what[0]), tuple(what[1])
        array = np.frombuffer(reader.take(dtype.itemsize * int(np.prod(shape))), dtype=dtype)
        return array.reshape(shape).copy()
    if kind == "bytes":
        return reader.take(what)
    if kind == "dict":
        return {name: _value(one, reader) for name, one in what.items()}
    if kind in ("list", "tuple"):
        values = [_value(one, reader) for one in what]
        return tuple(values) if kind == "tuple" else values
    return what
