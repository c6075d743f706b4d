"""What a format has room for comes back from it as it was, whatever the names, sizes and places."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from segladder.data.formats import format_of
from segladder.data.formats.annotations import AnnotatedImage, AnnotatedObject, Annotations, Category, Reading, Writing
from segladder.data.formats.lost import Lost

WORDS = st.text("abcÄé猫 .-_'&<(=", min_size=1, max_size=6).filter(
    lambda word: word.strip(" .") == word and word not in ("images", "labels")
)
NAMES = st.builds(lambda parts, end: "/".join(parts) + end, st.lists(WORDS, min_size=1, max_size=3), st.just(".jpg"))
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
TINY = settings(max_examples=25, deadline=None)


@st.composite
def boxes(draw, size, *, whole):
    """Corners within the image, often on its border."""
    sides = []
    for length in (size[1], size[0]):
        unit = 1 if whole else 100
        first = draw(st.integers(0, length * unit - 1))
        last = draw(st.integers(first + 1, length * unit))
        sides.append((first / unit, last / unit))
    (x1, x2), (y1, y2) = sides
    return x1, y1, x2, y2


@st.composite
def bitmaps(draw, size):
    bits = draw(st.integers(1, 2 ** (size[0] * size[1]) - 1))
    flat = np.array([bits >> i & 1 for i in range(size[0] * size[1])], dtype=np.uint8)
    return flat.reshape(size)


def encoded(bitmap):
    found = coco.encode(np.asfortranarray(bitmap))
    return {"size": list(found["size"]), "counts": found["counts"]}


@st.composite
def sets(draw, objects, *, sizes=SIZES):
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    # one name must not be the folder of another
    assume(not any(a != b and b.startswith(a.removesuffix(".jpg") + "/") for a in names for b in names))
    assume(len({name.casefold() for name in names}) == len(names))
    count = draw(st.integers(1, 90))
    images = []
    for name in sorted(names):
        size = draw(sizes)
        found = draw(st.lists(objects(size, count), max_size=4))
        images.append(AnnotatedImage(name=name, size=size, objects=found))
    return images, tuple(f"class {index} ö" for index in range(count))


UNMARKED = st.just({})


def boxed(size, count, *, whole=False, flags=UNMARKED):
    return st.builds(
        lambda label, box, flags: AnnotatedObject(label=label, box=box, flags=flags),
        st.integers(0, count - 1),
        boxes(size, whole=whole),
        flags,
    )


def through(word, images, names):
    lost = Lost()
    shapes = any(one.has_shape for image in images for one in image.objects)
    categories = tuple(Category(name=name, number=2 * index + 1) for index, name in enumerate(names))
    with tempfile.TemporaryDirectory() as folder:
        found = Annotations(categories=categories, count=len(images), images=iter(images), shapes=shapes)
        format_of(word).write(found, Path(folder), Writing(lost=lost))
        back = format_of(word).read(Path(folder), Reading(lost=Lost()))
        read = sorted(back.images, key=lambda image: image.name)
    assert back.categories == categories and back.count == len(images)
    assert [(image.name, image.size) for image in read] == [(image.name, image.size) for image in images]
    assert lost.sentences() == []
    return list(zip(images, read, strict=True))


FLAGS = st.fixed_dictionaries(
    {},
    optional={"difficult": st.just(1), "truncated": st.just(1), "occluded": st.just(1), "pose": st.just("Left")},
)


@TINY
@given(sets(lambda size, count: boxed(size, count, whole=True, flags=FLAGS)))
def test_voc_keeps_boxes_of_whole_pixels_and_their_marks(drawn):
    for before, after in through("voc", *drawn):
        assert after.objects == before.objects


@TINY
@given(sets(boxed, sizes=st.tuples(st.integers(1, 9000), st.integers(1, 9000))))
def test_yolo_keeps_boxes_to_far_less_than_a_thousandth_of_a_pixel(drawn):
    for before, after in through("yolo", *drawn):
        assert [one.label for one in after.objects] == [one.label for one in before.objects]
        for old, new in zip(before.objects, after.objects, strict=True):
            assert new.box == pytest.approx(old.box, abs=1e-5)


@TINY
@given(sets(lambda size, count: boxed(size, count, flags=FLAGS)))
def test_coco_keeps_boxes_and_marks(drawn):
    for before, after in through("coco", *drawn):
        for old, new in zip(before.objects, after.objects, strict=True):
            assert (new.label, new.flags) == (old.label, old.flags) and new.box == pytest.approx(old.box, abs=1e-5)


SMALL = st.tuples(st.integers(1, 7), st.integers(1, 7))


def masked(size, count):
    def build(label, bitmap, crowd):
        x, y, w, h = coco.toBbox(encoded(bitmap)).tolist()
        return AnnotatedObject(label=label, box=(x, y, x + w, y + h), mask=encoded(bitmap), crowd=crowd)

    return st.builds(build, st.integers(0, count - 1), bitmaps(size), st.booleans())


@TINY
@given(sets(masked, sizes=SMALL))
def test_coco_keeps_masks_and_crowds(drawn):
    for before, after in through("coco", *drawn):
        for old, new in zip(before.objects, after.objects, strict=True):
            assert (new.label, new.box, new.mask, new.crowd) == (old.label, old.box, old.mask, old.crowd)


@TINY
@given(st.data(), SMALL)
def test_any_mask_survives_as_one_yolo_polygon(data, size):
    bitmap = data.draw(bitmaps(size))
    shape = AnnotatedObject(label=0, box=(0, 0, size[1], size[0]), mask=encoded(bitmap))
    lost = Lost()
    with tempfile.TemporaryDirectory() as folder:
        image = AnnotatedImage(name="a.png", size=size, objects=[shape])
        found = Annotations(categories=(Category(name="it"),), count=1, images=[image], shapes=True)
        format_of("yolo").write(found, Path(folder), Writing(lost=lost))
        [back] = format_of("yolo").read(Path(folder), Reading(lost=Lost())).images
    [polygon] = back.objects[0].polygons
    assert np.array_equal(coco.decode(coco.frPyObjects([polygon], *size))[..., 0], bitmap)


@TINY
@given(st.data(), SMALL, st.integers(1, 300))
def test_id_maps_keep_objects_that_do_not_overlap(data, size, count):
    owners = np.array(data.draw(st.lists(st.integers(0, 4), min_size=size[0] * size[1], max_size=size[0] * size[1])))
    owners = owners.reshape(size)
    labels = data.draw(st.lists(st.integers(0, count - 1), min_size=4, max_size=4))
    objects = [
        AnnotatedObject(label=labels[number - 1], box=(0, 0, 1, 1), mask=encoded((owners == number).astype(np.uint8)))
        for number in np.unique(owners[owners > 0]).tolist()
    ]
    images = [AnnotatedImage(name="in a/b c.jpg", size=size, objects=objects)]
    [(before, after)] = through("ids", images, tuple(f"class {index}" for index in range(count)))
    assert [(one.label, one.mask) for one in after.objects] == [(one.label, one.mask) for one in before.objects]
