import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.ops import masks_to_boxes
from torchvision.transforms import v2

from segladder.data.transforms.augment import Augment, seeded
from segladder.data.transforms.objects import from_layers, layers_of
from segladder.data.transforms.turn import QuarterTurn
from segladder.data.transforms.window import RandomWindow
from segladder.masks import encode, objects_of


def objects(masks, labels=None, **more):
    masks = np.asarray(masks, dtype=bool)
    labels = range(1, len(masks) + 1) if labels is None else labels
    return objects_of(encode(masks), list(labels), size=masks.shape[1:], **more)


def rectangles(boxes, size=(40, 60)):
    masks = np.zeros((len(boxes), *size), dtype=bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    return masks


@st.composite
def some_masks(draw):
    """Up to six objects of any form, that may overlap, be empty, fill the image or touch its border."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    count = draw(st.integers(0, 6))
    bits = draw(st.lists(st.booleans(), min_size=count * height * width, max_size=count * height * width))
    return np.array(bits, dtype=bool).reshape(count, height, width)


@settings(max_examples=60, deadline=None)
@given(some_masks())
def test_maps_of_ids_hold_every_pixel_of_every_object(masks):
    found = from_layers(layers_of(objects(masks)), objects(masks))
    kept = masks[masks.any((1, 2))]
    assert np.array_equal(found["masks"].numpy(), kept)
    assert found["labels"].tolist() == (np.flatnonzero(masks.any((1, 2))) + 1).tolist()
    if len(kept):
        tight = masks_to_boxes(torch.from_numpy(kept))
        tight[:, 2:] += 1
        assert torch.equal(found["boxes"], tight)


def test_objects_apart_share_one_map_and_a_chain_of_overlaps_needs_two():
    apart = rectangles([(0, 0, 9, 9), (9, 0, 20, 9), (0, 9, 60, 40)])
    assert layers_of(objects(apart)).shape == (1, 40, 60)
    chain = rectangles([(9 * k, 0, 9 * k + 10, 40) for k in range(6)])
    assert layers_of(objects(chain)).shape == (2, 40, 60)


def test_no_objects_give_empty_tensors_of_the_right_shape():
    none = objects(np.zeros((0, 5, 7)))
    found = from_layers(layers_of(none), none)
    assert [tuple(found[key].shape) for key in ("masks", "boxes", "labels", "iscrowd")] == [
        (0, 5, 7),
        (0, 4),
        (0,),
        (0,),
    ]
    assert found["masks"].dtype == torch.bool and found["boxes"].dtype == torch.float32


def test_small_objects_are_dropped_with_their_labels():
    masks = rectangles([(0, 0, 1, 1), (5, 5, 8, 8), (20, 20, 22, 22)])
    found = from_layers(layers_of(objects(masks)), objects(masks, iscrowd=[0, 1, 0]), min_area=4)
    assert found["labels"].tolist() == [2, 3] and found["iscrowd"].tolist() == [True, False]


GEOMETRY = {
    "window": RandomWindow((30, 50), scale=(0.5, 2.0)),
    "flips": v2.Compose([v2.RandomHorizontalFlip(0.5), v2.RandomVerticalFlip(0.5)]),
    "turn": QuarterTurn(1.0),
    "rotation": v2.RandomRotation(30),
    "affine": v2.RandomAffine(10, translate=(0.2, 0.2), scale=(0.7, 1.3)),
    "crop": v2.RandomCrop(24),
}


@pytest.mark.parametrize("name", GEOMETRY)
def test_moving_maps_equals_moving_each_mask_alone(name):
    masks = rectangles([(0, 0, 12, 30), (10, 5, 40, 20), (38, 15, 60, 40), (50, 2, 51, 3), (12, 22, 36, 39)])
    truth = objects(masks)
    image = tv_tensors.Image(torch.zeros(3, 40, 60, dtype=torch.uint8))
    for seed in range(8):
        with seeded(seed):
            _, layers = GEOMETRY[name](image, tv_tensors.Mask(layers_of(truth)))
        with seeded(seed):
            _, dense = GEOMETRY[name](image, tv_tensors.Mask(torch.from_numpy(masks).to(torch.uint8)))
        dense = dense.as_subclass(torch.Tensor).bool()
        left = dense.flatten(1).any(1)
        found = from_layers(layers.as_subclass(torch.Tensor), truth)
        assert torch.equal(found["masks"], dense[left])
        assert found["labels"].tolist() == (torch.nonzero(left).flatten() + 1).tolist()


def test_the_users_own_transforms_move_the_maps():
    masks = rectangles([(0, 0, 12, 30)])
    sample = {"image": torch.zeros(1, 40, 60), "masks": layers_of(objects(masks))}
    moved = Augment(transforms=[v2.RandomVerticalFlip(1.0)])(sample, seed=0)
    assert torch.equal(from_layers(moved["masks"], objects(masks))["masks"], torch.from_numpy(masks).flip(1))
