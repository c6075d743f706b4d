"""Copies in two splits: by their pixels, and by what survives JPEG and resizing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from segladder.data.doctor.duplicates import Marked, bits, duplicates, small_pictures
from segladder.data.doctor.image_look import look_at_image


def marked(split, paths):
    looks = [look_at_image(path) for path in paths]
    return Marked(
        split=split,
        indices=list(range(len(paths))),
        files=[path.name for path in paths],
        content=[look.content for look in looks],
        gradients=np.array([look.gradients for look in looks], dtype=np.uint64),
        small=small_pictures([look.small for look in looks]),
    )


def scene(path, seed, **options):
    """A smooth picture, as photographs are."""
    small = np.random.default_rng(seed).integers(0, 255, (7, 9, 3)).astype(np.uint8)
    image = Image.fromarray(small).resize((180, 140), Image.Resampling.BICUBIC)
    image.save(path, **options)
    return image


def test_bits_are_counted_as_python_counts_them():
    values = np.random.default_rng(0).integers(0, 2**63, 200, dtype=np.uint64)
    assert bits(values).tolist() == [bin(int(value)).count("1") for value in values]


def test_copies_are_known_through_jpeg_and_resizing_and_strangers_are_not(tmp_path):
    originals = [tmp_path / f"{seed}.png" for seed in range(12)]
    scenes = [scene(path, seed) for seed, path in enumerate(originals)]
    copies = []
    for seed in range(5):
        copies.append(tmp_path / f"copy{seed}.jpg")
        scenes[seed].resize((90, 70)).save(copies[-1], quality=40)
    strangers = [tmp_path / f"{seed}.png" for seed in range(100, 112)]
    for seed, path in enumerate(strangers, 100):
        scene(path, seed)

    found, more = duplicates([marked("train", originals), marked("test", [*strangers, *copies])])

    assert [(finding.kind, finding.file) for finding in found] == [("alike", f"{seed}.png") for seed in range(5)]
    assert found[3].twin == ("test", 15)
    assert more == 0


def test_a_small_picture_moved_by_a_pixel_is_known_and_another_is_not(tmp_path):
    """A pixel of 64 is a quarter of a place of the small picture: too much for their likeness alone."""
    draw = np.random.default_rng(7)
    for number in range(6):
        blocks = np.kron(draw.integers(0, 200, (6, 9, 3)), np.ones((8, 8, 1)))[:, :66]
        noisy = (blocks + draw.integers(0, 20, blocks.shape)).astype(np.uint8)
        Image.fromarray(noisy[:, :64]).save(tmp_path / f"{number}.png")
        Image.fromarray(noisy[:, 1:65]).save(tmp_path / f"moved{number}.png")

    train, test = ([tmp_path / f"{word}{number}.png" for number in range(6)] for word in ("", "moved"))
    found, _ = duplicates([marked("train", train), marked("test", test[:3])])

    assert [(finding.file, finding.twin) for finding in found] == [(f"{at}.png", ("test", at)) for at in range(3)]


def test_the_same_pixels_in_another_file_are_a_copy_and_not_also_alike(tmp_path):
    scene(tmp_path / "a.png", 0)
    scene(tmp_path / "b.bmp", 0)
    scene(tmp_path / "c.png", 1)
    [found], _ = duplicates(
        [marked("train", [tmp_path / "c.png", tmp_path / "a.png"]), marked("val", [tmp_path / "b.bmp"])]
    )
    assert (found.kind, found.file, found.what, found.index) == ("copy", "a.png", "pixel for pixel 'b.bmp'", 1)


def test_the_same_file_in_two_lists_is_said_to_be_so(tmp_path):
    scene(tmp_path / "a.png", 0)
    [found], _ = duplicates([marked("train", [tmp_path / "a.png"]), marked("val", [tmp_path / "a.png"])])
    assert found.what == "the same file is in 'val'"


def test_frames_of_a_video_do_not_flood(tmp_path, monkeypatch):
    monkeypatch.setattr("segladder.data.doctor.duplicates._KEPT", 3)
    train = [tmp_path / f"t{number}.jpg" for number in range(8)]
    test = [tmp_path / "v.jpg"]
    for number, path in enumerate([*train, *test]):
        scene(path, 0, quality=60 + 4 * number)
    found, more = duplicates([marked("train", train), marked("test", test)])
    assert (len(found), more) == (3, 5)


def test_flat_images_are_not_alike(tmp_path):
    for number in range(2):
        grey = np.random.default_rng(number).integers(19, 22, (64, 64)).astype(np.uint8)
        Image.fromarray(grey).save(tmp_path / f"{number}.png")
    assert duplicates([marked("train", [tmp_path / "0.png"]), marked("val", [tmp_path / "1.png"])]) == ([], 0)
