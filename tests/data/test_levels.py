import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import box_iou
from torchvision.ops.poolers import LevelMapper

from drawn_sets import draw_cells, draw_cityscapes
from segladder.data.levels import AnchorShapes, best_anchors, fpn_levels, level_ranges, resized, served
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.folder import Folder
from segladder.data.samples import Samples

ANCHORS = AnchorShapes(sizes=((32,), (64,), (128,), (256,), (512,)))


def boxes_in(rng, count, height, width):
    """Of every size and shape from one pixel on, partly touching the image's border."""
    sides = np.exp(rng.uniform(0, np.log([width, height]), (count, 2)))
    corners = rng.uniform(0, 1, (count, 2)) * ([width, height] - sides)
    corners[: count // 4] = 0
    return np.concatenate([corners, corners + sides], axis=1)


@given(st.lists(st.tuples(st.floats(0.1, 3000), st.floats(0.1, 3000)), min_size=1, max_size=20))
def test_levels_are_those_of_torchvisions_pooler(sides):
    boxes = np.array([[1, 2, 1 + width, 2 + height] for width, height in sides])
    expected = LevelMapper(2, 5)([torch.from_numpy(boxes)]) + 2
    assert fpn_levels(boxes).tolist() == expected.tolist()


def test_an_object_of_imagenets_size_is_read_from_p4_and_half_of_it_from_p3():
    boxes = np.array([[0, 0, side, side] for side in (0, 111, 112, 223, 224, 447, 448, 5000)])
    assert fpn_levels(boxes).tolist() == [2, 2, 3, 3, 4, 4, 5, 5]
    for level, (start, stop) in level_ranges().items():
        inside = [start, (start + min(stop, 9999)) / 2, min(stop, 9999) - 0.1]
        assert set(fpn_levels(np.array([[0, 0, side, side] for side in inside]))) == {level}


@pytest.mark.parametrize("size", [(480, 640), (333, 500), (97, 60), (31, 500)])
@pytest.mark.parametrize("anchors", [ANCHORS, AnchorShapes(sizes=((4, 8.5), (24,), (60,)), ratios=(1.0, 3.0))])
def test_the_best_anchor_is_that_of_torchvisions_whole_grid(size, anchors):
    height, width = size
    boxes = boxes_in(np.random.default_rng(0), 200, height, width)
    padded = [-(-side // 32) * 32 for side in size]
    grids = [torch.zeros(1, 1, *(-(-side // 2**level) for side in padded)) for level in anchors.levels]
    generator = AnchorGenerator(anchors.sizes, (anchors.ratios,) * len(anchors.sizes))
    every = generator(ImageList(torch.zeros(1, 3, *padded), [size]), grids)[0].double()
    best = box_iou(torch.from_numpy(boxes), every).max(1)
    ends = np.cumsum(
        [
            grid.shape[2] * grid.shape[3] * len(s) * len(anchors.ratios)
            for grid, s in zip(grids, anchors.sizes, strict=True)
        ]
    )
    ious, levels = best_anchors(boxes, np.tile(size, (200, 1)), anchors)
    assert ious == pytest.approx(best.values.numpy(), abs=1e-9)
    assert (levels == 2 + np.searchsorted(ends, best.indices.numpy(), side="right")).mean() > 0.99  # but for ties


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 300), st.integers(20, 300), st.integers(16, 200), st.integers(16, 300))
def test_images_are_resized_as_torchvision_resizes_them(height, width, least, most):
    image = torch.zeros(3, height, width)
    transform = GeneralizedRCNNTransform(least, most, [0.0] * 3, [1.0] * 3)
    expected = transform([image])[0].image_sizes[0]
    found = resized(np.array([[height, width]]), min_size=least, max_size=most)[0]
    # torchvision's factor is a float32, which may fall short of a whole pixel
    assert np.abs(found - expected).max() <= 1


def test_without_a_size_images_stay_as_they_are():
    assert resized(np.array([[7, 9]]), min_size=None, max_size=5).tolist() == [[7, 9]]
    assert resized(np.array([[7, 9]]), min_size=14, max_size=None).tolist() == [[14, 18]]


def test_every_object_of_a_split_is_served(tmp_path):
    folder = Folder(root=draw_cells(tmp_path / "cells"), instances=True)
    dataset = folder.dataset("train", run_seed=0)
    found = served(Samples(dataset), anchors=ANCHORS, min_size=160, max_size=400)
    truth = [dataset.objects(index) for index in range(6)]
    assert (found.images, found.crowds, len(found.labels)) == (6, 0, 36)
    assert found.labels.tolist() == [label for objects in truth for label in objects.labels]
    # 40x48 becomes 160x192; a square of 10x9 and a bar of 4x9 four times that
    assert set(found.sizes.round(6)) == {round((16 * area) ** 0.5, 6) for area in (90, 36)}
    assert set(found.levels) == set(found.anchor_levels) == {2}
    part = served(Samples(dataset, indices=[1, 2]), anchors=ANCHORS)
    assert (part.images, len(part.labels)) == (2, len(truth[1]))


def test_crowds_are_left_out_and_counted(tmp_path):
    dataset = Cityscapes(root=draw_cityscapes(tmp_path / "city"), instances=True).dataset("train", run_seed=0)
    found = served(Samples(dataset), anchors=ANCHORS)
    crowds = sum(int(dataset.objects(index).iscrowd.sum()) for index in range(len(dataset)))
    assert found.crowds == crowds > 0
    assert len(found.labels) == sum(len(dataset.objects(index)) for index in range(len(dataset))) - crowds
