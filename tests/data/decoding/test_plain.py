import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from segladder.data.decoding.plain import GREY, PALETTE, RGB, PlainPng, is_plain_jpeg

PICTURE = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)


def png(mode="RGB", **options):
    file = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(file, "PNG", **options)
    return file.getvalue()


def jpeg(mode="RGB", **options):
    file = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def with_chunk(data, name, content, *, last=False):
    """`data` with a chunk after the header, or before the end."""
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    at = len(data) - 12 if last else 33
    return data[:at] + chunk + data[at:]


@pytest.mark.parametrize(("mode", "color"), [("RGB", RGB), ("L", GREY), ("P", PALETTE)])
def test_pngs_of_eight_bits_are_plain(mode, color):
    found = PlainPng.of(png(mode))
    assert found is not None and (found.color, found.height, found.width) == (color, 9, 13)


def test_notes_and_colour_spaces_make_no_difference():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "drawn")
    assert PlainPng.of(png(pnginfo=notes, dpi=(72, 72), icc_profile=b"x" * 200)) is not None


@pytest.mark.parametrize(
    "data",
    [
        png("RGBA"),
        png("LA"),
        png("1"),
        png("P", bits=4),
        png("RGB", transparency=(1, 2, 3)),
        png("P", transparency=0),
        with_chunk(png(), b"eXIf", b"MM\0*\0\0\0\x08\0\0"),
        with_chunk(png(), b"eXIf", b"MM\0*\0\0\0\x08\0\0", last=True),
        with_chunk(png(), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>", last=True),
        with_chunk(png(), b"tEXt", b"Raw profile type exif\0x"),
        with_chunk(png(), b"newX", b""),
        png()[:-12],
        png()[:40],
        b"",
        jpeg(),
    ],
    ids=[
        "alpha", "grey and alpha", "one bit", "four bits", "a transparent colour", "a transparent index", "EXIF",
        "EXIF at the end", "XMP", "EXIF as text", "a chunk nobody knows", "no end", "cut", "nothing", "JPEG",
    ],
)  # fmt: skip
def test_what_decoders_may_read_otherwise_is_not_plain(data):
    assert PlainPng.of(data) is None


def test_16_bit_and_interlaced_pngs_are_not_plain():
    file = io.BytesIO()
    Image.fromarray(PICTURE[..., 0].astype(np.uint16) * 256).save(file, "PNG")
    assert PlainPng.of(file.getvalue()) is None
    head = bytearray(png()[12:29])
    head[-1] = 1  # Adam7
    assert PlainPng.of(png()[:12] + bytes(head) + struct.pack(">I", zlib.crc32(head)) + png()[33:]) is None


def test_a_palette_taken_off_leaves_the_indices():
    data = png("P")
    found = PlainPng.of(data)
    assert found is not None
    grey = Image.open(io.BytesIO(found.indices()))
    assert grey.mode == "L" and np.array_equal(np.asarray(grey), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("data", [jpeg(), jpeg("L"), jpeg(subsampling=0), jpeg(progressive=True), jpeg(dpi=(72, 72))])
def test_grey_and_ycbcr_jpegs_are_plain(data):
    assert is_plain_jpeg(data)


@pytest.mark.parametrize(
    "data", [jpeg("CMYK"), jpeg(keep_rgb=True), jpeg()[:-2], jpeg()[:60], b"\xff\xd8\xff", b"", png()],
    ids=["CMYK", "RGB", "no end", "cut", "a beginning", "nothing", "PNG"],
)  # fmt: skip
def test_other_jpegs_are_not_plain(data):
    assert not is_plain_jpeg(data)
