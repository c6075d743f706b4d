"""Plain PNGs by imagecodecs, in two steps: libdeflate unpacks them, libpng undoes their filters.

libpng by itself unpacks with zlib, which takes half of the time; libdeflate does it in a quarter of that, but knows no
PNG. So libpng gets the same PNG with its pixels not packed at all (deflate's stored blocks).
"""

from __future__ import annotations

import struct
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.plain import GREY, RGB, SIGNATURE, PlainPng

_BLOCK = 65535
"""Most bytes of a stored block."""
_HEADER = 5


def decode(png: PlainPng) -> NDArray[np.uint8]:
    """The pixels: `(H, W)` grey values or indices, or `(H, W, 3)`.

    Raises:
        Exception: of whatever kind, where the file is damaged.
    """
    codecs = _imagecodecs()
    if not codecs.DEFLATE.available:
        decoded: NDArray[np.uint8] = codecs.png_decode(png.data if png.color != 3 else png.indices())
        return decoded
    channels = 3 if png.color == RGB else 1
    unpacked = np.empty(png.height * (1 + png.width * channels), dtype=np.uint8)
    packed = b"".join(png.checked_pixels(codecs.deflate_crc32))
    if codecs.deflate_decode(packed, out=unpacked).size != unpacked.size:
        raise ValueError("fewer pixels than the header says")
    whole = _stored(unpacked, packed[-4:], png, codecs)
    pixels: NDArray[np.uint8] = codecs.png_decode(whole)
    return pixels


def _stored(unpacked: NDArray[np.uint8], checksum: bytes, png: PlainPng, codecs: Any) -> NDArray[np.uint8]:
    """The PNG with its pixels in stored blocks; its palette is left out: indices are grey values."""
    count = unpacked.size
    blocks = -(-count // _BLOCK)
    length = 2 + blocks * _HEADER + count + 4
    color = RGB if png.color == RGB else GREY
    head = struct.pack(">IIBBBBB", png.width, png.height, 8, color, 0, 0, 0)
    start = SIGNATURE + _chunk(b"IHDR", head, codecs) + struct.pack(">I4s", length, b"IDAT") + b"\x78\x01"
    end = _chunk(b"IEND", b"", codecs)
    whole = np.empty(len(start) + length - 2 + 4 + len(end), dtype=np.uint8)
    whole[: len(start)] = np.frombuffer(start, np.uint8)
    at, full = len(start), blocks - 1
    rows = whole[at : at + full * (_HEADER + _BLOCK)].reshape(full, _HEADER + _BLOCK)
    rows[:, :_HEADER] = np.frombuffer(struct.pack("<BHH", 0, _BLOCK, 0), np.uint8)
    rows[:, _HEADER:] = unpacked[: full * _BLOCK].reshape(full, _BLOCK)
    last = unpacked[full * _BLOCK :]
    tail = struct.pack("<BHH", 1, last.size, last.size ^ 0xFFFF) + last.tobytes() + checksum
    at += rows.size
    whole[at : at + len(tail)] = np.frombuffer(tail, np.uint8)
    at += len(tail)
    checked = codecs.deflate_crc32(whole[len(start) - 6 : at])
    whole[at:] = np.frombuffer(struct.pack(">I", checked) + end, np.uint8)
    return whole


def _chunk(name: bytes, content: bytes, codecs: Any) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", codecs.deflate_crc32(name + content))


@cache
def _imagecodecs() -> Any:
    return import_module("imagecodecs")
