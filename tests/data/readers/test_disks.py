import hashlib

import numpy as np
import pytest
import torch

from segladder.data.errors import DataError
from segladder.data.readers.disk_images import DiskSettings, generate
from segladder.data.readers.disks import Disks
from segladder.masks import decode

IMAGES = "7768d5bb8889ec1004295ba08f08d94f40fba0186c1ec84b5dd609f4fe3fb203"
LABELS = "f79ad0150a92c72ac4becbbea529b299089ce533ae6c44b3c24a796ef2ce81e8"
DIGEST = "74a0689d9aa619b721e8d6354c526fc6195df8826ad800b9aafa599d9dee93c6"


def textbook_sample(rng, size=64):
    """The lab's recipe, one image at a time."""
    image = rng.normal(0.2, 0.1, size=(size, size)).astype(np.float32)
    cy, cx, radius = rng.integers(16, size - 16), rng.integers(16, size - 16), rng.integers(8, 14)
    rows, columns = np.ogrid[:size, :size]
    disk = (rows - cy) ** 2 + (columns - cx) ** 2 <= radius**2
    image[disk] += 0.7
    return image, disk


def read(split="test", *, run_seed=0, indices=None, epoch=0, **options):
    dataset = Disks(**options).dataset(split, run_seed=run_seed)
    return dataset.__getitems__([(epoch, i) for i in (indices or range(len(dataset)))])


def test_images_are_distributed_as_in_the_textbook():
    rng = np.random.default_rng(0)
    theirs = [textbook_sample(rng) for _ in range(1024)]
    images, disks = (np.stack(part) for part in zip(*theirs, strict=True))
    ours = read()
    image, label = ours["image"][:, 0].numpy(), ours["semantic"].numpy()
    assert ours["image"].shape == (1024, 1, 64, 64) and ours["image"].dtype == torch.float32
    assert set(np.unique(label)) == {0, 1}
    # standard error of the mean area is about 4 pixels of 350
    assert label.sum((1, 2)).mean() == pytest.approx(disks.sum((1, 2)).mean(), abs=16)
    assert set(label.sum((1, 2))) == set(disks.sum((1, 2)))  # the same six radii
    for inside in (True, False):
        mine, textbook = image[label == inside], images[disks == inside]
        assert mine.mean() == pytest.approx(textbook.mean(), abs=1e-3)
        assert mine.std() == pytest.approx(textbook.std(), abs=1e-3)
    rows = np.array([np.nonzero(m.any(1))[0].mean() for m in label])
    assert rows.min() == 16 and rows.max() == 47


def test_a_disk_is_exactly_the_pixels_within_its_radius():
    label = read(indices=range(64))["semantic"].numpy()
    for mask in label:
        rows, columns = np.nonzero(mask)
        cy, cx = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
        radius = rows.max() - cy
        y, x = np.ogrid[:64, :64]
        assert np.array_equal(mask, (y - cy) ** 2 + (x - cx) ** 2 <= radius**2)


def test_number_size_classes_and_channels_of_disks_follow_the_settings():
    batch = read(size=[80, 96], num_disks=[2, 4], classes=3, channels=2, indices=range(32), instances=True)
    assert batch["image"].shape == (32, 2, 80, 96)
    assert batch["semantic"].unique().tolist() == [0, 1, 2, 3]
    info = Disks(classes=3, channels=2).info
    assert info.classes == ("background", "disk_1", "disk_2", "disk_3") and info.channels == 2
    assert max(len(objects) for objects in batch["objects"]) == 4
    # a class's contrast is its share of the whole: 0.2 + 0.7 * k / 3
    for kind in (1, 2, 3):
        pixels = batch["image"][:, 0][batch["semantic"] == kind]
        assert pixels.mean() == pytest.approx(0.2 + 0.7 * kind / 3, abs=0.01)


def test_instances_partition_the_foreground_and_boxes_are_tight():
    batch = read(num_disks=3, instances=True, indices=range(16), classes=2)
    for semantic, objects in zip(batch["semantic"].numpy(), batch["objects"], strict=True):
        masks = np.array([decode(rle) for rle in objects.masks])
        assert np.array_equal(masks.sum(0), semantic > 0) and not objects.iscrowd.any()
        for mask, box, label, area in zip(masks, objects.boxes, objects.labels, objects.areas, strict=True):
            assert (semantic[mask] == label).all() and mask.sum() == area
            rows, columns = np.nonzero(mask)
            assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_an_image_may_hold_no_disk_at_all():
    batch = read(num_disks=[0, 1], indices=range(64), instances=True)
    assert {len(objects) for objects in batch["objects"]} == {0, 1}
    with pytest.warns(UserWarning, match="no object to find"):
        none = read(num_disks=0, indices=range(4), instances=True)["objects"]
    assert {len(objects) for objects in none} == {0}


def one_by_one(*, seed, count, size, num_disks, radius, margin, contrast, spread, min_visible, noise=0.1):
    """The disks of a block drawn one image and one disk at a time, with the same draws; no noise."""
    generator = torch.Generator().manual_seed(seed)
    low, high = num_disks
    shape = (high, count, 1, 1)

    def integers(start, stop):
        return torch.randint(start, stop, shape, generator=generator, dtype=torch.int32)[..., 0, 0]

    cy, cx = integers(margin, size - margin), integers(margin, size - margin)
    radii, kinds = integers(*radius), integers(1, len(contrast) + 1)
    number = torch.randint(low, high + 1, (count, 1, 1), generator=generator)[:, 0, 0]
    torch.empty(count, 1, size, size).normal_(0.2, noise, generator=generator)
    own = torch.rand(shape, generator=generator)[..., 0, 0] * 2 - 1 if spread else torch.zeros(high, count)
    y, x = np.ogrid[:size, :size]
    for image in range(count):
        ids, added = np.zeros((size, size), dtype=int), np.zeros((size, size))
        for disk in reversed(range(int(number[image]))):
            inside = (y - int(cy[disk, image])) ** 2 + (x - int(cx[disk, image])) ** 2 <= int(radii[disk, image]) ** 2
            free = inside & (ids == 0)
            if free.sum() / inside.sum() >= min_visible:
                ids[free] = disk + 1
                added[free] = contrast[int(kinds[disk, image]) - 1] + spread * float(own[disk, image])
        yield ids, added


@pytest.mark.parametrize(("spread", "min_visible"), [(0.0, 0.0), (0.25, 0.0), (0.0, 0.5), (0.1, 1.0)])
@pytest.mark.parametrize("margin", [0, 16])
def test_a_block_is_what_one_disk_at_a_time_gives(spread, min_visible, margin):
    drawn = {"num_disks": (0, 6), "radius": (3, 20), "margin": margin, "contrast": (0.3, 0.6)}
    settings = DiskSettings(**drawn, size=(48, 48), contrast_spread=spread, min_visible=min_visible, noise=0.0)
    images, classes, ids = generate(settings, 24, torch.Generator().manual_seed(5))
    expected = one_by_one(seed=5, count=24, size=48, spread=spread, min_visible=min_visible, noise=0.0, **drawn)
    for image, kind, mine, (theirs, added) in zip(images[:, 0], classes, ids, expected, strict=True):
        assert np.array_equal(mine, theirs) and np.array_equal(kind > 0, theirs > 0)
        np.testing.assert_allclose(image, 0.2 + added, atol=1e-6)


def test_each_disk_has_a_contrast_of_its_own_around_its_kinds():
    batch = read(num_disks=4, contrast_spread=0.3, noise=0.0, indices=range(64), instances=True)
    greys = []
    for image, objects in zip(batch["image"][:, 0].numpy(), batch["objects"], strict=True):
        for rle in objects.masks:
            [grey] = np.unique(image[decode(rle)])
            greys.append(grey - 0.2)
    assert 0.4 < min(greys) < 0.45 and 0.95 < max(greys) < 1.0 and len(set(greys)) > 200


def test_the_images_of_settings_that_are_older_stay_as_they_are():
    # SHA-256 of 300 images and labels of num_disks=[1,8] size=128, from before the view of instances was there
    batch = read(num_disks=[1, 8], size=128, indices=range(300))
    assert hashlib.sha256(batch["image"].numpy().tobytes()).hexdigest() == IMAGES
    assert hashlib.sha256(batch["semantic"].numpy().tobytes()).hexdigest() == LABELS
    assert Disks(num_disks=[1, 8], size=128).dataset("test", run_seed=0).digest() == DIGEST


def test_a_share_to_show_without_a_second_disk_warns():
    with pytest.warns(UserWarning, match=r"data\.min_visible=0\.5 has no effect: no image has two disks"):
        Disks(min_visible=0.5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 32}, "data.size is 32. Give a whole number, 33 or more."),
        ({"num_disks": [3, 1]}, "data.num_disks=[3, 1] starts above its end. Write data.num_disks=[1,3]."),
        ({"noise": -1}, "data.noise is -1. Give a number, 0 or more."),
        (
            {"classes": 3, "contrast": [0.1, 0.2]},
            "data.contrast=[0.1, 0.2] has 2 values for data.classes=3. Give one number, or 3.",
        ),
        ({"min_visible": 1.5}, "data.min_visible is 1.5. Give a share of a disk's pixels, from 0 to 1."),
        ({"contrast_spread": -0.1}, "data.contrast_spread is -0.1. Give a number, 0 or more."),
        (
            {"contrast_spread": 0.7},
            "data.contrast_spread=0.7 lets a disk of contrast 0.7 vanish in the background. Give less than 0.7, or more"
            " data.contrast.",
        ),
        ({"counts": {"dev": 3}}, "data.counts has a key 'dev'. The splits of disks are train, val and test."),
    ],
)
def test_settings_that_make_no_image_are_refused(options, sentence):
    with pytest.raises(DataError) as error:
        Disks(**options)
    assert str(error.value) == sentence
