"""Images of another make-up than most: which, what reading does to them, and what to do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from drawn_faults import draw_clean
from segladder.data.decoding.images import read_image
from segladder.data.errors import DataError


def path_of(root, number):
    return root / "images" / f"{number:03d}.png"


def as_mode(root, number, mode, **options):
    path = path_of(root, number)
    Image.open(path).convert(mode).save(path, **options)


def clear(root, number):
    """With a transparent corner."""
    path = path_of(root, number)
    image = Image.open(path).convert("RGBA")
    image.putpixel((0, 0), (9, 9, 9, 0))
    image.save(path)


def told(checkup):
    return {finding.file: (finding.what, group.todo) for group in checkup.groups for finding in group.findings}


def test_each_make_up_that_differs_is_one_finding_with_what_reading_does(tmp_path, examine, kinds):
    root = draw_clean(tmp_path)
    for number, mode, options in ((3, "L", {}), (4, "L", {}), (5, "RGBA", {}), (6, "LA", {}), (7, "P", {})):
        as_mode(root, number, mode, **options)
    as_mode(root, 8, "P", transparency=3)
    clear(root, 9)

    checkup = examine(root)

    assert kinds(checkup) == {"mixed": 7}
    assert sorted(group.count for group in checkup.groups) == [1, 1, 1, 1, 1, 2]
    found = told(checkup)
    what, todo = found["images/003.png"]
    assert what == "grey (Pillow mode L), 13 of 20 are RGB"
    assert todo.startswith("Grey is read so: the grey stands in all three channels. Look whether that is meant")
    assert found["images/004.png"][1] == todo
    assert found["images/005.png"][1] == (
        "RGB with alpha is read so: alpha (255 throughout) is dropped. Nothing is lost; store them without alpha to be"
        " rid of this line."
    )
    assert "the grey stands in all three channels, alpha (255 throughout) is dropped." in found["images/006.png"][1]
    assert found["images/007.png"][0] == "palette (Pillow mode P), 13 of 20 are RGB"
    assert found["images/008.png"][0].startswith("palette with alpha (Pillow mode P)")
    assert "alpha is dropped, and transparent pixels show what lies under them." in found["images/009.png"][1]


def test_reading_does_what_the_doctor_says(tmp_path, examine):
    """The words above against the reader itself."""
    root = draw_clean(tmp_path)
    plain = np.asarray(Image.open(path_of(root, 5)))
    as_mode(root, 3, "L")
    as_mode(root, 5, "RGBA")

    grey = read_image(path_of(root, 3), channels=3).numpy()
    assert (grey[0] == grey[1]).all() and (grey[0] == grey[2]).all()
    assert np.array_equal(read_image(path_of(root, 5), channels=3).numpy(), plain.transpose(2, 0, 1))


def test_a_first_image_that_decides_for_all_others_is_an_error_with_its_remedy(tmp_path, examine, kinds):
    root = draw_clean(tmp_path)
    for number in (0, 1):
        as_mode(root, number, "L")
    with pytest.raises(DataError, match="has 3 channels"):
        read_image(path_of(root, 2), channels=1)

    checkup = examine(root)

    assert kinds(checkup) == {"first-image": 1, "mixed": 1}
    assert told(checkup)["images/000.png"] == (
        "1 channel (Pillow mode L), 18 of 20 are RGB: those of 3 channels are refused",
        "The first image decides: set data.channels=3, or store it as the others are.",
    )
    assert kinds(examine(root, channels=3)) == {"mixed": 2}


def test_where_reading_stops_it_is_an_error(tmp_path, examine):
    root = draw_clean(tmp_path)
    for number in range(20):
        as_mode(root, number, "L")
    as_mode(root, 9, "RGB")
    [group] = examine(root).groups
    assert (group.kind, group.severity, group.count) == ("channels", "error", 1)
    assert group.findings[0].what == "3 channels (Pillow mode RGB), the data set has 1"

    # who says how many channels are wanted gets them, and is told
    [group] = examine(root, channels=1).groups
    assert (group.kind, group.severity) == ("mixed", "warning")
    assert group.todo.startswith("RGB is read so: colours become grey.")


def test_deep_images_of_another_kind_are_told_and_eight_bits_among_them_refused(tmp_path, examine, kinds):
    root = draw_clean(tmp_path)
    (root / "dataset.json").write_text(json.dumps({"classes": ["background", "leaf", "stem"], "mean": [0], "std": [1]}))
    for number in range(20):
        grey = np.asarray(Image.open(path_of(root, number)).convert("L"))
        path_of(root, number).unlink()
        picture = grey if number == 4 else grey / np.float32(255) if number == 5 else grey.astype(np.uint16) * 200
        Image.fromarray(picture).save(root / "images" / f"{number:03d}.tif")

    checkup = examine(root)

    assert kinds(checkup) == {"depth": 1, "mixed": 1}
    assert "data.on_bad_sample=skip" in told(checkup)["images/004.tif"][1]
    what, todo = told(checkup)["images/005.tif"]
    assert what == "floating point (Pillow mode F), 18 of 20 are 16-bit grey"
    assert todo.startswith("Floating point is read so: values stay as they stand, whatever the others count in.")
