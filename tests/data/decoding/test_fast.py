import importlib.util
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from segladder.data import decoding
from segladder.data.decoding import choice
from segladder.data.decoding.images import read_image
from segladder.data.decoding.labels import LabelReader, read_values
from segladder.data.errors import DataError

DECODERS = ("imagecodecs", "torchvision", "auto")


@pytest.fixture(autouse=True)
def _own_choice():
    yield
    choice._agrees.cache_clear()
    decoding.prefer("auto")


@pytest.fixture(params=DECODERS)
def other(request):
    """The name of a decoder other than Pillow's."""
    if request.param == "imagecodecs":
        pytest.importorskip("imagecodecs", reason="needs imagecodecs (the extra 'fast')")
    return request.param


def draw(path, mode="RGB", size=(61, 83), **options):
    rng = np.random.default_rng(1)
    smooth = np.kron(rng.integers(0, 256, (8, 11, 3)), np.ones((8, 8, 1)))[: size[0], : size[1]]
    noisy = np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).convert(mode).save(path, **options)
    return path


def by(name, read):
    """What `read` gives, or the sentence it ends with."""
    decoding.prefer(name)
    try:
        found = read()
        return found.tolist() if isinstance(found, torch.Tensor) else np.asarray(found).tolist()
    except DataError as error:
        return str(error)


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGB", {}),
        ("a.png", "L", {}),
        ("a.jpg", "RGB", {"subsampling": 0}),
        ("a.jpg", "RGB", {"subsampling": 2, "quality": 60}),
        ("a.jpg", "RGB", {"progressive": True}),
        ("a.jpg", "L", {}),
        ("a.jpg", "CMYK", {}),
        ("a.png", "P", {}),
        ("a.png", "RGBA", {}),
        ("a.bmp", "RGB", {}),
    ],
)
def test_every_decoder_gives_pillows_pixels(tmp_path, other, name, mode, options):
    path = draw(tmp_path / name, mode, **options)
    read = lambda: read_image(path, channels=1 if mode == "L" else 3)  # noqa: E731
    assert by(other, read) == by("pillow", read)


def test_an_orientation_is_applied_whoever_decodes(tmp_path, other):
    for name in ("a.jpg", "a.png"):
        exif = Image.Exif()
        exif[0x0112] = 6
        path = draw(tmp_path / name, exif=exif.tobytes())
        assert by(other, lambda path=path: read_image(path, channels=3).shape) == [3, 83, 61]
        assert by(other, lambda path=path: read_image(path, channels=3)) == by(
            "pillow", lambda path=path: read_image(path, channels=3)
        )


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_damage_ends_in_pillows_sentence_or_in_pillows_pixels(tmp_path, other, name):
    whole = draw(tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / f"damaged{name[1:]}"
    refused = 0
    for number in range(60):
        data = bytearray(whole)
        if number % 2:
            data = data[: rng.integers(100, len(data))]
        else:
            data[rng.integers(100, len(data) - 14)] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        expected = by("pillow", lambda: read_image(path, channels=3))
        refused += isinstance(expected, str)
        assert by(other, lambda: read_image(path, channels=3)) == expected
    assert refused >= 30


@pytest.mark.parametrize("mode", ["P", "L", "I;16", "1"])
def test_labels_keep_their_values_whoever_decodes(tmp_path, other, mode):
    values = np.random.default_rng(0).integers(0, 2 if mode == "1" else 200, (31, 45), dtype=np.uint8)
    picture = {
        "P": lambda: Image.fromarray(values).convert("P"),
        "L": lambda: Image.fromarray(values),
        "I;16": lambda: Image.fromarray(values.astype(np.uint16) * 300),
        "1": lambda: Image.fromarray(values.astype(bool)),
    }[mode]()
    if mode == "P":
        picture.putpalette(np.random.default_rng(1).integers(0, 256, 768, dtype=np.uint8).tobytes())
    picture.save(tmp_path / "a.png")
    expected = values.astype(np.int64) * (300 if mode == "I;16" else 1)
    assert by(other, lambda: read_values(tmp_path / "a.png")) == expected.tolist()


def test_a_colour_picture_is_no_label_whoever_decodes(tmp_path, other):
    path = draw(tmp_path / "a.png")
    told = by(other, lambda: LabelReader(("a", "b")).read(path))
    assert "is a colour picture" in told and told == by("pillow", lambda: LabelReader(("a", "b")).read(path))


@pytest.mark.parametrize(
    ("pattern", "channels"),
    [
        ("cityscapes_mini/leftImg8bit/*/*/*.png", 3),
        ("camvid/images/**/*.jpg", 3),
        ("voc_labelme/JPEGImages/*", 3),
        ("coco_tiny/*/*.jpg", 3),
        ("coco_panoptic_sample/images/*", 3),
        ("dsb2018_fluo/images/*.png", 1),
    ],
)
def test_genuine_images_are_the_same_by_every_decoder(real_data, other, pattern, channels):
    paths = sorted(real_data.glob(pattern))[: 1 if "cityscapes" in pattern else 4]
    assert paths, f"no {pattern} in '{real_data}'"
    for path in paths:
        decoding.prefer("pillow")
        expected = read_image(path, channels=channels, narrow=True)
        decoding.prefer(other)
        assert torch.equal(read_image(path, channels=channels, narrow=True), expected), path


@pytest.mark.parametrize(
    "pattern",
    [
        "cityscapes_mini/gtFine/*/*/*labelIds.png",
        "cityscapes_mini/gtFine/*/*/*instanceIds.png",
        "voc2012_masks/SegmentationClass/*.png",
        "camvid/labels/**/*.png",
    ],
)
def test_genuine_labels_are_the_same_by_every_decoder(real_data, other, pattern):
    paths = sorted(real_data.glob(pattern))[: 1 if "cityscapes" in pattern else 4]
    assert paths, f"no {pattern} in '{real_data}'"
    for path in paths:
        decoding.prefer("pillow")
        expected = read_values(path)
        decoding.prefer(other)
        assert np.array_equal(read_values(path), expected), path


def test_plain_files_do_not_reach_pillow(tmp_path, monkeypatch):
    pytest.importorskip("imagecodecs", reason="needs imagecodecs (the extra 'fast')")
    paths = [draw(tmp_path / "a.png"), draw(tmp_path / "a.jpg")]
    label = draw(tmp_path / "label.png", "P")
    decoding.prefer("imagecodecs")
    choice._agrees("imagecodecs")

    def refuse(*_):
        raise AssertionError("Pillow decodes")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    assert all(read_image(path, channels=3).shape == (3, 61, 83) for path in paths)
    assert read_values(label).shape == (61, 83)


def test_a_library_that_rounds_otherwise_is_left_alone(tmp_path, monkeypatch, recwarn):
    path = draw(tmp_path / "a.jpg")
    expected = by("pillow", lambda: read_image(path, channels=3))
    for name in ("imagecodecs", "torchvision"):
        right = getattr(choice, f"_{name}_jpeg")
        monkeypatch.setattr(choice, f"_{name}_jpeg", lambda data, right=right: right(data) ^ 1)
    assert by("auto", lambda: read_image(path, channels=3)) == expected and not recwarn.list
    with pytest.warns(UserWarning, match=r"data\.decoder=torchvision: the JPEG library of torchvision as installed"):
        choice._agrees.cache_clear()
        assert by("torchvision", lambda: read_image(path, channels=3)) == expected


def test_torchvision_is_not_imported_for_the_sake_of_decoding(monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "torchvision")
    assert choice.jpeg() is None and choice.png() is None and "torchvision" not in sys.modules


def test_an_unknown_decoder_and_one_that_is_not_installed_are_told(monkeypatch):
    with pytest.raises(DataError, match=r"data\.decoder is 'opencv'\. Give one of auto, pillow, torchvision, imagecod"):
        decoding.prefer("opencv")
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(
        DataError, match=r"imagecodecs, which is not installed\. Install it with pip install 'segladder"
    ):
        decoding.prefer("imagecodecs")
    assert importlib.util.find_spec("PIL") is not None
