"""True masks as a region sees them, against areas computed by hand and against RoIAlign's definition."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from segladder.models import mask_targets as module
from segladder.models.mask_targets import mask_targets


def rectangle(height: int, width: int, x1: int, y1: int, x2: int, y2: int) -> Tensor:
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[y1:y2, x1:x2] = True
    return mask


def test_a_region_of_as_many_pixels_as_cells_is_the_mask_itself() -> None:
    mask = torch.rand(20, 30, generator=torch.Generator().manual_seed(0)) < 0.5
    [found] = mask_targets(mask[None], torch.tensor([[5.0, 3, 19, 17]]), torch.tensor([0]), side=14)
    assert torch.equal(found.bool(), mask[3:17, 5:19])
    assert found.dtype == torch.uint8


def test_a_rectangle_fills_its_own_box_and_half_of_a_box_twice_as_wide() -> None:
    masks = rectangle(40, 40, 10, 8, 20, 28)[None]
    boxes = torch.tensor([[10.0, 8, 20, 28], [10.0, 8, 30, 28], [0.0, 8, 20, 28], [20.0, 8, 40, 28]])
    own, right, left, beside = mask_targets(masks, boxes, torch.zeros(4, dtype=torch.int64), side=28)
    assert own.all()
    assert right[:, :14].all() and not right[:, 14:].any()
    assert left[:, 14:].all() and not left[:, :14].any()
    assert not beside.any()


def test_each_region_sees_its_own_object() -> None:
    masks = torch.stack([rectangle(16, 16, 0, 0, 16, 16), torch.zeros(16, 16, dtype=torch.bool)])
    box = torch.tensor([[2.0, 2, 12, 12]])
    found = mask_targets(masks, box.repeat(3, 1), torch.tensor([1, 0, 1]), side=4)
    assert found.flatten(1).all(1).tolist() == [False, True, False]


def test_a_region_beyond_the_image_sees_nothing_there() -> None:
    whole, box = torch.ones(1, 10, 10, dtype=torch.bool), torch.tensor([[0.0, 0, 20, 10]])
    [found] = mask_targets(whole, box, torch.tensor([0]), side=10)
    assert found[:, :4].all() and not found[:, 6:].any()


def test_an_object_of_one_pixel_is_a_blob_in_its_middle() -> None:
    mask = rectangle(9, 9, 4, 5, 5, 6)[None]
    [found] = mask_targets(mask, torch.tensor([[4.0, 5, 5, 6]]), torch.tensor([0]), side=28)
    assert found[14, 14] and not found[0, 0]
    # where (1 - |x|)(1 - |y|) is at least 1/2 for x and y from -1/2 to 1/2
    assert found.float().mean().item() == pytest.approx(2 * (1 - math.log(2)), abs=0.03)


def test_it_is_half_of_the_mean_of_interpolated_points_in_each_cell() -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(6, 40, 50, generator=generator) < 0.5
    boxes = torch.rand(12, 4, generator=generator) * 20 + torch.tensor([0.0, 0, 22, 18])
    matched = torch.arange(12) % 6
    found = mask_targets(masks, boxes, matched, side=14)
    for got, (x1, y1, x2, y2), mask in zip(found, boxes.tolist(), masks[matched], strict=True):
        steps_x, steps_y = 14 * math.ceil((x2 - x1) / 14), 14 * math.ceil((y2 - y1) / 14)
        x = x1 + (torch.arange(steps_x) + 0.5) / steps_x * (x2 - x1)
        y = y1 + (torch.arange(steps_y) + 0.5) / steps_y * (y2 - y1)
        grid = torch.stack(torch.meshgrid(x / 25 - 1, y / 20 - 1, indexing="xy"), dim=-1)
        points = F.grid_sample(mask[None, None].float(), grid[None], padding_mode="border", align_corners=False)
        share = F.adaptive_avg_pool2d(points, 14)[0, 0]
        clear = (share - 0.5).abs() > 1e-4
        assert torch.equal(got.bool()[clear], (share >= 0.5)[clear])


def test_many_objects_are_looked_at_some_at_a_time_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(30, 16, 20, generator=generator) < 0.5
    boxes = torch.rand(50, 4, generator=generator) * 6 + torch.tensor([0.0, 0, 8, 8])
    matched = torch.randint(0, 30, (50,), generator=generator)
    expected = mask_targets(masks, boxes, matched, side=8)
    monkeypatch.setattr(module, "_VALUES", 3 * 16 * 20)
    assert torch.equal(mask_targets(masks, boxes, matched, side=8), expected)


def test_no_regions_give_no_targets() -> None:
    nothing = torch.zeros(0, dtype=torch.int64)
    for masks in (torch.zeros(2, 8, 8, dtype=torch.bool), torch.zeros(0, 8, 8, dtype=torch.bool)):
        assert mask_targets(masks, torch.zeros(0, 4), nothing, side=28).shape == (0, 28, 28)
