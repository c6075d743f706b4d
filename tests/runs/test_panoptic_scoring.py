"""Panoptic PNGs without their JSON file are told what they are, and where it lies."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segladder.runs.panoptic_scoring import refuse_maps
from segladder.types import UserError

JSON = '{"annotations": [{"image_id": 1, "file_name": "1.png", "segments_info": []}]}'


@pytest.fixture
def first(tmp_path):
    """A PNG in colours, in a folder `pred`."""
    path = tmp_path / "pred" / "1.png"
    path.parent.mkdir()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("pred.json", r"they are: predictions=.*/pred\.json\.$"),
        ("pred/odd.json", r"they are: predictions=.*/pred/odd\.json, with the PNGs in '.*/pred/odd'\.$"),
        (None, r"predictions=FILE\.json, and call the folder as it is called\.$"),
    ],
)
def test_the_json_file_is_named_where_it_is_found(first, tmp_path, place, told):
    if place:
        (tmp_path / place).write_text(JSON)
    (tmp_path / "pred" / "notes.json").write_text("[]")
    with pytest.raises(UserError, match=told):
        refuse_maps(first.parent, first, segments=True)


def test_the_folder_that_predict_wrote_names_its_own_file(first, tmp_path):
    (tmp_path / "pred.json").write_text(JSON)
    with pytest.raises(UserError, match=r"predictions=.*/pred\.json\.$"):
        refuse_maps(tmp_path, first, segments=True)


def test_label_files_and_colours_of_other_data_are_left_to_their_reader(first, tmp_path):
    refuse_maps(first.parent, first, segments=False)
    (tmp_path / "pred.json").write_text(JSON)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(first)
    refuse_maps(first.parent, first, segments=True)
    first.write_bytes(b"cut")
    refuse_maps(first.parent, first, segments=True)
