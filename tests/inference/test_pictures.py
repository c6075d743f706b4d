"""Pictures of every mode become what the network was trained on, or a sentence says why not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from segladder.data.decoding.images import read_image
from segladder.inference.pictures import as_raw, read_picture
from segladder.types import DatasetInfo, UserError

DRAW = np.random.default_rng(0)
COLOR = DRAW.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = COLOR[..., 0]


def info_of(channels: int, **stats) -> DatasetInfo:
    stats = {"mean": (0.5,) * channels, "std": (0.25,) * channels} | stats
    return DatasetInfo(
        name="set", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), things=(False,) * 2, channels=channels, **stats
    )


DEEP = info_of(1, mean=(9000.0,), std=(3000.0,))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_reads_as_training_reads_it(tmp_path, mode, channels):
    path = tmp_path / ("a.tif" if mode in ("CMYK", "YCbCr") else "a.png")
    image = Image.fromarray(COLOR).convert(mode)
    (image.convert("RGB") if mode == "HSV" else image).save(path)
    picture = read_picture(path, info_of(channels))
    assert picture.raw.dtype == torch.uint8 and picture.raw.shape == (channels, 5, 7)
    assert torch.equal(picture.raw, read_image(path, channels=channels, narrow=True))
    in_color = mode not in ("1", "L", "LA")
    assert picture.changes == ({"grey"} if channels == 1 and in_color else set())


def test_a_palette_with_transparency_reads_as_its_colours(tmp_path):
    Image.fromarray(COLOR).convert("P").save(tmp_path / "a.png", transparency=b"\x00\x80\xff")
    expected = np.asarray(Image.open(tmp_path / "a.png").convert("RGBA"))[..., :3]
    assert np.array_equal(read_picture(tmp_path / "a.png", info_of(3)).raw.numpy(), expected.transpose(2, 0, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_read_as_it_is_displayed(tmp_path, orientation):
    image = Image.fromarray(COLOR)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    turned = COLOR.transpose(1, 0, 2)
    upright = {
        1: COLOR, 2: COLOR[:, ::-1], 3: COLOR[::-1, ::-1], 4: COLOR[::-1],
        5: turned, 6: turned[:, ::-1], 7: turned[::-1, ::-1], 8: turned[::-1],
    }[orientation]  # fmt: skip
    picture = read_picture(tmp_path / "a.png", info_of(3))
    assert np.array_equal(picture.raw.numpy(), upright.transpose(2, 0, 1))
    assert picture.changes == (set() if orientation == 1 else {"turned"})


def test_16_bits_are_brought_to_the_8_that_the_network_knows(tmp_path):
    Image.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "a.png")
    for channels in (1, 3):
        picture = read_picture(tmp_path / "a.png", info_of(channels))
        assert picture.raw.dtype == torch.uint8 and picture.changes == {"shallower"}
        assert np.array_equal(picture.raw.numpy(), np.stack([GREY] * channels))


def test_a_network_of_16_bits_gets_them_untouched_and_8_scaled_up(tmp_path):
    deep = DRAW.integers(0, 65536, (5, 7), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    kept, scaled = (read_picture(tmp_path / f"{name}.png", DEEP) for name in ("deep", "grey"))
    assert kept.raw.dtype == torch.float32 and np.array_equal(kept.raw[0].numpy(), deep) and not kept.changes
    assert np.array_equal(scaled.raw[0].numpy(), GREY * 257.0) and scaled.changes == {"deeper"}


def test_floats_beyond_brightness_are_refused(tmp_path):
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match=r"a\.tif' holds values from .* floats from 0 to 1"):
        read_picture(tmp_path / "a.tif", info_of(1))
    Image.fromarray(GREY.astype(np.float32) / 255).save(tmp_path / "a.tif")
    assert np.allclose(read_picture(tmp_path / "a.tif", info_of(1)).raw[0].numpy() * 255, GREY)


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 4), ("L", 4), ("L", 2), ("RGB", 2)])
def test_channels_that_cannot_be_made_up_are_refused(tmp_path, mode, channels):
    Image.fromarray(COLOR).convert(mode).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=f"trained on {channels} "):
        read_picture(tmp_path / "a.png", info_of(channels))


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"a\.png' cannot be decoded"):
        read_picture(tmp_path / "a.png", info_of(3))
    Image.fromarray(COLOR).resize((200, 200)).save(tmp_path / "b.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:900])
    with pytest.raises(UserError, match=r"b\.png' cannot be decoded"):
        read_picture(tmp_path / "b.png", info_of(3))
    with pytest.raises(UserError, match="is not there"):
        read_picture(tmp_path / "c.png", info_of(3))


def test_notebooks_give_arrays_tensors_and_pictures(tmp_path):
    Image.fromarray(COLOR).save(tmp_path / "a.png")
    expected = torch.from_numpy(COLOR.transpose(2, 0, 1).copy())
    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(COLOR), COLOR, expected):
        assert torch.equal(as_raw(image, info_of(3)), expected)
    assert torch.equal(as_raw(GREY, info_of(3)), torch.from_numpy(np.stack([GREY] * 3)))
    assert torch.equal(as_raw(GREY.astype(np.uint16) * 257, info_of(1))[0], torch.from_numpy(GREY.copy()))
    assert as_raw(GREY > 99, info_of(1)).unique().tolist() == [0, 255]
    floats = torch.rand(3, 4, 6)
    assert torch.equal(as_raw(floats, info_of(3)), floats)
    noisy = torch.randn(1, 4, 6)
    assert torch.equal(as_raw(noisy, info_of(1, mean=(0.0,), std=(1.0,))), noisy), "synthetic images know no bounds"


@pytest.mark.parametrize("image", [torch.zeros(1, 3, 4, 4), np.zeros((4, 4, 9), np.uint8), np.zeros(4, np.uint8)])
def test_what_has_no_form_of_an_image_is_refused(image):
    with pytest.raises(UserError, match="is no image"):
        as_raw(image, info_of(3))


def test_floats_up_to_255_are_refused_where_brightness_goes_to_1():
    with pytest.raises(UserError, match="floats from 0 to 1"):
        as_raw(COLOR.astype(np.float32), info_of(3))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint32])
def test_eight_bit_pixels_in_a_wider_type_are_eight_bit_pixels(dtype):
    pixels = np.random.default_rng(0).integers(0, 127, (5, 6, 3))
    info = DatasetInfo(name="x", classes=("a", "b"), palette=((0, 0, 0), (1, 1, 1)), things=(False, False))
    assert torch.equal(as_raw(pixels.astype(dtype), info), as_raw(pixels.astype(np.uint8), info))


def test_an_empty_array_is_no_image():
    info = DatasetInfo(name="x", classes=("a", "b"), palette=((0, 0, 0), (1, 1, 1)), things=(False, False))
    with pytest.raises(UserError, match="is no image"):
        as_raw(np.zeros((0, 0, 3), np.uint8), info)
