"""Images without their EXIF rotation: turned as it says, or left as they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_AS_COLOR = {"P": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}
"""Modes whose arrays Pillow would take for another one."""

_TAGS, _SCAN, _END = b"\xe1", b"\xda", b"\xd9"
"""What follows 0xff in a JPEG: EXIF or XMP, the first pixels, the end."""


def write_without_tag(source: Path, target: Path, *, turned: bool) -> Path:
    """Writes an image's pixels, and nothing of what else its file says.

    Args:
        source: an image that can be read.
        target: the file without its suffix, in a folder that is there.
        turned: turn the pixels as the tag says; else they stay as they are stored.

    Returns:
        The file: of a JPEG that stays as stored a copy without tags, else a PNG, or a TIFF of 32 bits.
    """
    from PIL import Image, ImageOps

    if not turned and (bare := _jpeg_without_tags(source.read_bytes())) is not None:
        written = target.with_name(target.name + source.suffix)
        written.write_bytes(bare)
        return written
    with Image.open(source) as image:
        picture = ImageOps.exif_transpose(image) if turned else image
        if picture.mode in _AS_COLOR:
            picture = picture.convert(_AS_COLOR[picture.mode])
        pixels = np.asarray(picture)  # no tag comes along
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        pixels = pixels.astype(np.uint16)  # in this machine's order of bytes
    wide = pixels.dtype.itemsize > 2
    written = target.with_name(target.name + (".tiff" if wide else ".png"))  # with_suffix would cut a name's dots
    Image.fromarray(pixels).save(written)
    return written


def _jpeg_without_tags(file: bytes) -> bytes | None:
    """A JPEG's bytes without the segments in which EXIF and XMP lie; None for any other file."""
    if not file.startswith(b"\xff\xd8\xff"):
        return None
    kept, at = [file[:2]], 2
    while file[at : at + 1] == b"\xff" and (marker := file[at + 1 : at + 2]) not in (b"", _END, _SCAN):
        if marker == b"\xff":  # padding
            at += 1
            continue
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        if marker != _TAGS:
            kept.append(file[at:end])
        at = end
    return b"".join([*kept, file[at:]])
