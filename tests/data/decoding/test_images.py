import numpy as np
import pytest
import torch
from PIL import Image

from segladder.data.decoding.images import header, read_image
from segladder.data.errors import DataError

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def save(path, mode):
    Image.fromarray(GREY).convert(mode).save(path)
    return path


@pytest.mark.parametrize(
    ("mode", "name", "channels"),
    [
        ("L", "a.png", 1),
        ("LA", "a.png", 2),
        ("RGB", "a.bmp", 3),
        ("P", "a.png", 3),
        ("RGBA", "a.png", 4),
        ("CMYK", "a.tif", 3),
        ("1", "a.png", 1),
    ],
)
def test_the_header_tells_the_channels_and_the_pixels_have_them(tmp_path, mode, name, channels):
    path = save(tmp_path / name, mode)
    assert header(path) == (channels, False, (3, 4))
    image = read_image(path, channels=channels)
    assert image.shape == (channels, 3, 4) and image.dtype == torch.uint8
    assert image.permute(1, 2, 0).is_contiguous()  # a pixel's channels lie beside each other
    if mode in ("L", "RGB", "P", "RGBA"):
        assert np.array_equal(image[0].numpy(), GREY)


def test_grey_fits_a_colour_set_and_alpha_is_dropped(tmp_path):
    for mode in ("L", "RGBA", "LA"):
        assert read_image(save(tmp_path / "a.png", mode), channels=3).tolist() == [GREY.tolist()] * 3


def test_colour_is_turned_grey_only_when_asked(tmp_path):
    path = save(tmp_path / "a.png", "RGB")
    with pytest.raises(DataError, match=r"has 3 channels \(Pillow mode RGB\), but the data set has 1"):
        read_image(path, channels=1)
    assert np.array_equal(read_image(path, channels=1, narrow=True)[0].numpy(), GREY)


def test_16_bit_images_keep_their_own_units(tmp_path):
    deep = np.array([[0, 300], [40000, 65535]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    assert header(tmp_path / "a.png") == (1, True, (2, 2))
    image = read_image(tmp_path / "a.png", channels=1, deep=True)
    assert image.dtype == torch.float32 and image.tolist() == [deep.tolist()]
    with pytest.raises(DataError, match="is deeper than 8 bits"):
        read_image(tmp_path / "a.png", channels=1)


def test_exif_orientation_is_applied(tmp_path):
    image = Image.fromarray(np.stack([GREY] * 3, axis=-1))
    exif = image.getexif()
    exif[0x0112] = 6  # turned a quarter clockwise for display
    image.save(tmp_path / "a.png", exif=exif)
    assert header(tmp_path / "a.png")[2] == (4, 3)
    assert np.array_equal(read_image(tmp_path / "a.png", channels=3)[0].numpy(), np.rot90(GREY, -1))


def test_a_cut_off_file_is_named(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError) as error:
        read_image(path, channels=3)
    assert f"Image '{path}' cannot be decoded" in str(error.value)
    path.write_bytes(b"not a picture")
    with pytest.raises(DataError, match="cannot be decoded"):
        header(path)
