import io

import numpy as np
import pytest
from PIL import Image

from segladder.data.decoding.plain import PlainPng
from segladder.data.decoding.png import decode

imagecodecs = pytest.importorskip("imagecodecs", reason="needs imagecodecs (the extra 'fast')")


def stored(array, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG", **options)
    return file.getvalue()


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "array",
    [
        noise(1, 1),
        noise(1, 1, 3),
        noise(255, 256),  # 65,535 unpacked bytes: one stored block, full
        noise(256, 255),
        noise(510, 256),  # two of them, full
        noise(300, 401, 3),  # several
        np.zeros((500, 700), dtype=np.uint8),
    ],
    ids=lambda array: "x".join(map(str, array.shape)),
)
@pytest.mark.parametrize("deflate", [True, False])
def test_pixels_are_pillows_however_many_blocks_they_fill(array, deflate, monkeypatch):
    if not deflate:
        monkeypatch.setattr(imagecodecs.DEFLATE, "available", False)
    png = PlainPng.of(stored(array))
    assert png is not None
    assert np.array_equal(decode(png), array)


def test_every_filter_is_undone():
    rows, columns = np.mgrid[:200, :300]
    smooth = np.stack([rows, columns, rows + columns], axis=-1).astype(np.uint8)
    png = PlainPng.of(stored(smooth + noise(200, 300, 3) // 32, optimize=True))
    assert png is not None
    unpacked = np.frombuffer(imagecodecs.zlib_decode(b"".join(png.checked_pixels(imagecodecs.deflate_crc32))), np.uint8)
    assert len(set(unpacked.reshape(200, 901)[:, 0])) >= 3
    assert np.array_equal(decode(png), smooth + noise(200, 300, 3) // 32)


def test_a_wrong_checksum_and_too_few_or_too_many_pixels_are_refused():
    data = stored(noise(30, 40))
    png = PlainPng.of(data)
    assert png is not None
    ((at, length), *_) = png.parts
    broken = bytearray(data)
    broken[at + 4 + length] ^= 1  # the checksum alone: the pixels are right
    for height, given in ((30, bytes(broken)), (31, data), (29, data)):
        changed = PlainPng(given, png.color, height, 40, png.parts)
        with pytest.raises(Exception, match=r".+"):
            decode(changed)
