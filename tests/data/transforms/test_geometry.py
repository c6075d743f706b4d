import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as F

from segladder.data.transforms.augment import Augment, seeded
from segladder.data.transforms.geometry import drawn_window, interleaved, windowed_image, windowed_map
from segladder.data.transforms.photometric import Photometric
from segladder.data.transforms.turn import QuarterTurn
from segladder.data.transforms.window import RandomWindow


def picture(height=60, width=80, channels=3):
    return torch.randint(0, 256, (channels, height, width), dtype=torch.uint8)


def pixel_by_pixel(image):
    """The same image with a pixel's channels beside each other in memory."""
    return image.permute(1, 2, 0).contiguous().permute(2, 0, 1)


def test_scale_place_and_padding_are_distributed_as_when_the_whole_image_is_scaled_and_then_cropped():
    size, out, low, high, count = (70, 90), (64, 64), 0.5, 2.0, 1500
    rng = np.random.default_rng(0)

    def shown(label, scale):
        """Rows of the result that are of the image, the first of them, and the middle in the source, in pixels."""
        rows = (label != 255).any(1).nonzero().flatten()
        middle = label[rows[len(rows) // 2]]
        return len(rows), rows[0].item(), middle[middle != 255].float().mean().item(), scale

    # each pixel's label is its row in the source
    truth = torch.arange(size[0], dtype=torch.uint8)[:, None].expand(*size).contiguous()
    ours, theirs = [], []
    for _ in range(count):
        window = drawn_window(size, out, scale=(low, high), draws=rng.random(5).tolist())
        scale = window.place[2] / window.source[2]
        ours.append(shown(windowed_map(truth, window, fill=255), scale))
        scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        # at pixel centres, as images are resized; v2's own rule for masks is half a pixel off
        exact = InterpolationMode.NEAREST_EXACT
        whole = F.resize(tv_tensors.Image(truth[None]), [round(side * scale) for side in size], exact)[0]
        crop = v2.RandomCrop(out, pad_if_needed=True, fill=255)
        with seeded(int(rng.integers(2**31))):
            theirs.append(shown(crop(tv_tensors.Mask(whole)).as_subclass(torch.Tensor), scale))
    ours, theirs = np.array(ours), np.array(theirs)
    padded = ours[:, 0] < out[0]
    assert 0.2 < padded.mean() < 0.8  # both cases are looked at
    for column in range(4):
        assert ks_2samp(ours[:, column], theirs[:, column]).pvalue > 0.01, column
    # the place within the padding by itself
    assert ks_2samp(ours[padded, 1], theirs[theirs[:, 0] < out[0], 1]).pvalue > 0.01


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_inside_the_window_pixels_are_those_of_the_whole_image_scaled_and_then_cropped(scale):
    image, label = pixel_by_pixel(picture(120, 160)), torch.randint(0, 19, (120, 160), dtype=torch.uint8)
    out = (48, 64)
    whole = F.resize_image(image, [round(120 * scale), round(160 * scale)], antialias=True)
    wide = F.resize_mask(label[None], [round(120 * scale), round(160 * scale)])[0]
    rng = np.random.default_rng(0)
    for _ in range(10):
        window = drawn_window((120, 160), out, scale=(scale, scale), draws=rng.random(5).tolist())
        top, left = (round(first * scale) for first in window.source[:2])
        if scale < 1 and (window.source[0] % 2 or window.source[1] % 2):
            continue  # between the pixels of the scaled image
        inner = (slice(None), slice(2, -2), slice(2, -2))  # what the filter takes from beyond the window ends here
        ours = windowed_image(image, window, fill=0)[inner]
        theirs = whole[:, top : top + out[0], left : left + out[1]][inner]
        assert (ours.int() - theirs.int()).abs().max() <= 1
        mask = windowed_map(label, window, fill=255)
        if scale > 1:  # at 0.5 nearest neighbours lie halfway between two pixels
            assert torch.equal(mask, wide[top : top + out[0], left : left + out[1]])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_how_an_image_lies_in_memory_changes_no_pixel_and_stays(channels):
    image = picture(channels=channels)
    for seed in range(12):
        augment = Augment(scale=[0.5, 2.0], crop=[64, 64], flip=0.5, rotate90=0.5)
        apart, beside = (augment({"image": one}, seed=seed)["image"] for one in (image, pixel_by_pixel(image)))
        assert torch.equal(apart, beside) and apart.is_contiguous()
        assert channels == 1 or interleaved(beside)


def test_what_comes_out_has_memory_of_its_own_and_no_more_than_it_needs():
    """Workers send the whole memory behind a tensor, and a cache's must not be written to."""
    settings = [{"crop": [30, 40]}, {"scale": [0.5, 2.0]}, {"crop": [60, 80]}, {"crop": [30, 30], "rotate90": 1.0}]
    for options in settings:
        for image in (picture(), pixel_by_pixel(picture())):
            sample = {"image": image, "semantic": torch.randint(0, 9, (60, 80), dtype=torch.uint8)}
            kept = {key: value.clone() for key, value in sample.items()}
            changed = Augment(**options, brightness=0.1)(sample, seed=1)
            geometry = Augment(**options)(sample, seed=1)
            for one in (changed, geometry):
                for key, value in one.items():
                    assert value.untyped_storage().nbytes() == value.numel()
                    assert value.untyped_storage().data_ptr() != sample[key].untyped_storage().data_ptr()
            assert all(torch.equal(sample[key], kept[key]) for key in kept)


def test_labels_of_every_type_move_alike_and_keep_their_type():
    label = torch.randint(0, 19, (60, 80))
    augment = Augment(scale=[0.5, 2.0], crop=[64, 64], flip=0.5)
    for seed in range(8):
        wide = augment({"image": picture(), "semantic": label}, seed=seed)["semantic"]
        narrow = augment({"image": picture(), "semantic": label.to(torch.uint8)}, seed=seed)["semantic"]
        assert wide.dtype == torch.int64 and narrow.dtype == torch.uint8 and torch.equal(wide, narrow.long())


def test_augment_equals_its_transforms_of_the_v2_interface_one_after_the_other():
    """The random numbers of a seed are a promise: runs of yesterday see the same pictures tomorrow."""
    options = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3, "hue": 0.1}
    augment = Augment(scale=[0.5, 2.0], crop=[64, 64], flip=0.5, flip_vertical=0.5, rotate90=0.7, **options)
    steps = [
        RandomWindow((64, 64), scale=(0.5, 2.0)),
        v2.RandomHorizontalFlip(0.5),
        v2.RandomVerticalFlip(0.5),
        QuarterTurn(0.7),
        Photometric(**options),
    ]
    image, label = picture(), torch.randint(0, 9, (60, 80))
    boxes = torch.tensor([[3.0, 4.0, 30.0, 50.0], [0.0, 0.0, 80.0, 60.0]])
    for seed in range(20):
        found = augment({"image": image, "semantic": label, "boxes": boxes}, seed=seed)
        expected = {
            "image": tv_tensors.Image(image),
            "semantic": tv_tensors.Mask(label),
            "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(60, 80)),
        }
        with seeded(seed):
            for step in steps:
                expected = step(expected)
        assert all(torch.equal(found[key], expected[key].as_subclass(torch.Tensor)) for key in expected)


def test_the_users_transforms_draw_on_where_ours_have_stopped():
    augment = Augment(flip=0.5, brightness=0.5, transforms=[v2.RandomVerticalFlip(0.5)])
    alone = [v2.RandomHorizontalFlip(0.5), Photometric(brightness=0.5), v2.RandomVerticalFlip(0.5)]
    image = picture()
    for seed in range(12):
        expected = tv_tensors.Image(image)
        with seeded(seed):
            for step in alone:
                expected = step(expected)
        assert torch.equal(augment({"image": image}, seed=seed)["image"], expected.as_subclass(torch.Tensor))
