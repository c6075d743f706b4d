"""Which files mean the same to every decoder: nothing to turn, to cut, to scale or to mix in.

Everything else (other depths, alpha, orientation, damage that shows) is left to Pillow, and so are its errors.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HARMLESS = frozenset(b"IHDR PLTE gAMA cHRM sRGB iCCP pHYs bKGD tIME sBIT hIST tEXt zTXt iTXt".split())
_ORIENTATION_TEXTS = (b"Raw profile type ", b"XML:com.adobe.xmp")
GREY, RGB, PALETTE = 0, 2, 3

_FRAMES = frozenset([0xC0, 0xC1, 0xC2])
"""Baseline, extended and progressive frames with Huffman codes."""


@dataclass(frozen=True)
class PlainPng:
    """A PNG of 8 bits without interlacing, of which every chunk is known."""

    data: bytes
    color: int
    """`GREY`, `RGB` or `PALETTE`."""
    height: int
    width: int
    parts: tuple[tuple[int, int], ...]
    """Where each chunk of pixels begins, its name included, and how many bytes it holds."""

    @classmethod
    def of(cls, data: bytes) -> PlainPng | None:
        """The PNG in these bytes; None where it is none, or not plain."""
        if data[:8] != SIGNATURE or data[12:16] != b"IHDR" or len(data) < 45:
            return None
        width, height, depth, color, packing, filters, interlace = struct.unpack_from(">IIBBBBB", data, 16)
        if depth != 8 or color not in (GREY, RGB, PALETTE) or (packing, filters, interlace) != (0, 0, 0):
            return None
        at, parts, closed = 8, [], False
        while at + 12 <= len(data):
            length, name = struct.unpack_from(">I4s", data, at)
            if name == b"IDAT":
                if closed:
                    return None
                parts.append((at + 4, length))
            elif not _sound(data, at + 4, length):
                return None
            elif name == b"IEND":
                return cls(data, color, height, width, tuple(parts)) if parts else None
            elif name not in _HARMLESS or data.startswith(_ORIENTATION_TEXTS, at + 8):
                return None
            else:
                closed = bool(parts)
            at += 12 + length
        return None

    def checked_pixels(self, crc32: Callable[[bytes], int]) -> list[bytes]:
        """The packed pixels, piece by piece.

        Raises:
            ValueError: a piece is not what its checksum says.
        """
        pieces = []
        for at, length in self.parts:
            if crc32(self.data[at : at + 4 + length]) != int.from_bytes(self.data[at + 4 + length : at + 8 + length]):
                raise ValueError("broken pixels")
            pieces.append(self.data[at + 4 : at + 4 + length])
        return pieces

    def indices(self) -> bytes:
        """The PNG with its palette taken off: a grey one, whose values are the indices."""
        head = b"IHDR" + struct.pack(">IIBBBBB", self.width, self.height, 8, GREY, 0, 0, 0)
        checked = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
        return SIGNATURE + checked + self.data[self.parts[0][0] - 4 :]


def _sound(data: bytes, at: int, length: int) -> bool:
    """Whether a chunk, its name at `at`, is what its checksum says."""
    return zlib.crc32(data[at : at + 4 + length]) == int.from_bytes(data[at + 4 + length : at + 8 + length])


def is_plain_jpeg(data: bytes) -> bool:
    """Whether these bytes are a whole JPEG of 8 bits, grey or YCbCr. An orientation in it is not looked for."""
    if data[:3] != b"\xff\xd8\xff" or not data.endswith(b"\xff\xd9"):
        return False
    at = 2
    while at + 4 <= len(data):
        marker, kind, length = struct.unpack_from(">BBH", data, at)
        if marker != 0xFF or kind == 0xDA:
            return False  # no frame before the scan
        if kind == 0xEE and data.startswith(b"Adobe", at + 4) and data[at + 15] != 1:
            return False
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            depth, count = data[at + 4], data[at + 9]
            ids = data[at + 10 : at + 10 + 3 * count : 3]
            return kind in _FRAMES and depth == 8 and (count == 1 or ids == b"\x01\x02\x03")
        at += 2 + length
    return False
