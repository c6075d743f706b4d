import random

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from segladder.data.errors import DataError
from segladder.data.transforms.augment import Augment
from segladder.data.transforms.photometric import Photometric
from segladder.data.transforms.window import RandomWindow
from segladder.types import DatasetInfo


def smooth_sample(height=60, width=80, channels=3):
    """Image = 10 * label, in blobs large enough to survive resizing."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    label = (rows // 20) * 4 + columns // 20
    image = (label * 10 + 20).to(torch.uint8).expand(channels, height, width).contiguous()
    return {"image": image, "semantic": label, "image_id": "a", "size": (height, width)}


GEOMETRY = {"scale": [0.5, 2.0], "flip": 0.5}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("crop", [None, [32, 48], [90, 70]])
def test_image_and_label_stay_aligned(channels, crop):
    augment = Augment(**GEOMETRY, crop=crop, fill=1.0)
    for seed in range(30):
        sample = smooth_sample(channels=channels)
        changed = augment(sample, seed=seed)
        image, label = changed["image"], changed["semantic"]
        assert image.shape == (channels, *(crop or (60, 80))) and label.shape == image.shape[1:]
        assert image.dtype == torch.uint8 and label.dtype == torch.int64 and image.is_contiguous()
        outside = label == 255
        assert (image[:, outside] == 255).all()
        agree = (image[:, ~outside].float() - (label[~outside] * 10 + 20)).abs() <= 1
        # bilinear mixes neighbours along the blobs' edges only
        assert agree.float().mean() > 0.75


def test_a_seed_decides_everything_and_leaves_the_global_state_alone():
    augment = Augment(**GEOMETRY, brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1, crop=32)
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    before = torch.rand(1), np.random.rand(), random.random()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    first = augment(smooth_sample(), seed=5)
    assert (torch.rand(1), np.random.rand(), random.random()) == before
    again, other = augment(smooth_sample(), seed=5), augment(smooth_sample(), seed=6)
    assert torch.equal(first["image"], again["image"]) and torch.equal(first["semantic"], again["semantic"])
    assert not torch.equal(first["image"], other["image"])


def test_flips_turn_image_and_label_and_change_no_older_draw():
    sample = smooth_sample()
    changed = Augment(flip_vertical=1.0)(sample, seed=0)
    assert torch.equal(changed["image"], sample["image"].flip(1))
    assert torch.equal(changed["semantic"], sample["semantic"].flip(0))
    before = Augment(**GEOMETRY, crop=32, brightness=0.3)(sample, seed=4)
    after = Augment(**GEOMETRY, crop=32, brightness=0.3, flip_vertical=0.0, rotate90=0.0)(sample, seed=4)
    assert torch.equal(before["image"], after["image"])


def test_what_lies_outside_is_no_object_on_maps_of_ids():
    sample = {"image": torch.zeros(1, 8, 8), "masks": torch.ones(2, 8, 8, dtype=torch.int32)}
    changed = Augment(crop=[12, 12])(sample, seed=0)
    assert changed["masks"].dtype == torch.int32 and changed["masks"].unique().tolist() == [0, 1]
    assert (changed["masks"].sum((1, 2)) == 64).all()


def test_photometric_touches_the_image_alone():
    sample = smooth_sample()
    changed = Augment(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.5)(sample, seed=0)
    assert torch.equal(changed["semantic"], sample["semantic"])
    assert not torch.equal(changed["image"], sample["image"])


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_channels_than_three_keep_their_differences_without_hue_and_saturation(channels):
    image = torch.randint(0, 255, (channels, 8, 8), dtype=torch.uint8)
    sample = {"image": image, "semantic": torch.zeros(8, 8, dtype=torch.int64)}
    assert torch.equal(Augment(saturation=0.9, hue=0.5)(sample, seed=3)["image"], image)
    assert Augment(brightness=0.9)(sample, seed=3)["image"].dtype == torch.uint8


def test_float_images_are_not_clipped():
    sample = {"image": torch.full((1, 4, 4), 3.0), "semantic": torch.zeros(4, 4, dtype=torch.int64)}
    changed = [Augment(brightness=1.0)(sample, seed=seed)["image"].max().item() for seed in range(20)]
    assert max(changed) > 4


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_each_photometric_change_equals_torchvisions(name):
    image = tv_tensors.Image(torch.randint(60, 190, (3, 32, 32), dtype=torch.uint8))
    neutral = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}
    for factor in (0.5, 0.9, 1.3):
        ours = Photometric().transform(image, {**neutral, name: factor})
        theirs = getattr(F, f"adjust_{name}")(image, factor)
        assert (ours.int() - theirs.int()).abs().max() <= 1


def test_hue_turns_red_to_green_to_blue_and_keeps_grey():
    colors = tv_tensors.Image(torch.tensor([[[200, 90]], [[0, 90]], [[0, 90]]], dtype=torch.uint8))
    params = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 1 / 3}
    assert Photometric().transform(colors, params)[:, 0].T.tolist() == [[0, 200, 0], [90, 90, 90]]


def test_a_window_equals_torchvisions_crop_and_resize_of_it():
    image = tv_tensors.Image(torch.randint(0, 255, (3, 60, 80), dtype=torch.uint8))
    window = RandomWindow((48, 64), scale=(0.9, 2.0))
    for seed in range(10):
        torch.manual_seed(seed)
        params = window.make_params([image])
        top, left, rows, columns = params["source"]
        if params["place"] == (0, 0, 48, 64):
            theirs = F.resized_crop(image, top, left, rows, columns, [48, 64], antialias=True)
            assert torch.equal(window.transform(image, params), theirs)


def source_windows(draw, count=3000):
    """Centre and extent, in the source, of what ends up in the window."""
    return np.array([draw() for _ in range(count)])


def test_windows_are_distributed_as_when_scaling_first_and_cropping_after():
    height, width, out = 200, 300, (120, 120)
    torch.manual_seed(0)
    window = RandomWindow(out, scale=(0.7, 2.0))
    probe = tv_tensors.Mask(torch.zeros(height, width, dtype=torch.uint8))

    def ours():
        top, left, rows, columns = window.make_params([probe])["source"]
        return top + rows / 2, left + columns / 2, rows, columns

    def theirs():
        scale = float(np.exp(np.log(0.7) + np.log(2.0 / 0.7) * torch.rand(1).item()))
        scaled = (round(height * scale), round(width * scale))
        top, left, rows, columns = (
            v2.RandomCrop(out).make_params([tv_tensors.Mask(torch.empty(scaled))])[key]
            for key in ("top", "left", "height", "width")
        )
        return (top + rows / 2) / scale, (left + columns / 2) / scale, rows / scale, columns / scale

    for mine, reference in zip(source_windows(ours).T, source_windows(theirs).T, strict=True):
        grid = np.linspace(0.05, 0.95, 10)
        # a quantile's standard error is about 2 pixels at the worst here, a whole pixel is ours
        assert np.abs(np.quantile(mine, grid) - np.quantile(reference, grid)).max() < 6


def test_masks_and_boxes_move_with_the_image():
    mask = torch.zeros(1, 60, 80, dtype=torch.bool)
    mask[0, 20:40, 20:60] = True
    sample = {
        "image": (mask.to(torch.uint8) * 200).expand(3, 60, 80),
        "semantic": mask[0].long(),
        "masks": mask,
        "boxes": torch.tensor([[20.0, 20.0, 60.0, 40.0]]),
        "labels": torch.tensor([1]),
    }
    augment = Augment(**GEOMETRY, crop=[50, 50])
    for seed in range(20):
        changed = augment(sample, seed=seed)
        mask_after, label = changed["masks"][0], changed["semantic"]
        assert torch.equal(mask_after, label == 1)
        if mask_after.any():
            rows, columns = np.nonzero(mask_after.numpy())
            tight = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert (changed["boxes"][0] - tight).abs().max() <= 1.5
        assert type(changed["boxes"]) is torch.Tensor and changed["labels"].tolist() == [1]


def test_padding_takes_the_data_sets_own_ignore_index():
    info = DatasetInfo(name="x", classes=("a",), palette=((0, 0, 0),), things=(False,), ignore_index=65535)
    changed = Augment(crop=[100, 100]).bind(info)(smooth_sample(), seed=0)
    assert (changed["semantic"] == 65535).sum() == 100 * 100 - 60 * 80


def test_v2_transforms_of_the_user_join_in():
    changed = Augment(transforms=[v2.RandomVerticalFlip(1.0)])(smooth_sample(), seed=0)
    assert torch.equal(changed["semantic"], smooth_sample()["semantic"].flip(0))
    assert torch.equal(changed["image"], smooth_sample()["image"].flip(1))


def test_a_transform_that_cannot_do_without_boxes_is_told_by_name():
    with pytest.raises(DataError, match=r"augment\.transforms: RandomIoUCrop cannot change this sample: .*boxes"):
        Augment(transforms=[v2.RandomIoUCrop()])(smooth_sample(), seed=0)


def test_nothing_on_is_false_and_returns_the_sample_itself():
    sample = smooth_sample()
    assert not Augment() and Augment()(sample, seed=0) is sample and Augment(flip=0.5)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": [2, 1]},
        {"scale": [0, 1]},
        {"crop": [0, 5]},
        {"flip": 2},
        {"rotate90": -1},
        {"hue": 0.7},
        {"contrast": -1},
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(options):
    (name,) = options
    with pytest.raises(DataError, match=rf"augment\.{name} is "):
        Augment(**options)
