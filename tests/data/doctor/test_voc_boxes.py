"""VOC's boxes against its masks."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from drawn_sets import draw_voc
from segladder.data.readers.voc import CLASSES, Voc


def draw(root):
    """Boxes around the drawn objects, as VOC counts: from 1, with their last pixel."""
    draw_voc(root)
    (root / "Annotations").mkdir()
    for path in sorted((root / "SegmentationObject").iterdir()):
        ids, classes = np.asarray(Image.open(path)), np.asarray(Image.open(root / "SegmentationClass" / path.name))
        objects = []
        for number in (1, 2):
            rows, columns = np.nonzero(ids == number)
            box = (columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1)
            objects.append((CLASSES[classes[rows[0], columns[0]]], *box))
        write(root, path.stem, objects, ids.shape)
    return root


def write(root, name, objects, shape):
    told = "".join(
        f"<object><name>{title}</name><difficult>0</difficult><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
        f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for title, x1, y1, x2, y2 in objects
    )
    size = f"<size><width>{shape[1]}</width><height>{shape[0]}</height></size>"
    (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{size}{told}</annotation>")


def told(checkup, kind="disagree"):
    return [finding for group in checkup.groups if group.kind == kind for finding in group.findings]


def test_boxes_around_the_masks_are_not_accused(tmp_path, examine):
    assert told(examine(draw(tmp_path), Voc)) == []


@pytest.mark.parametrize(
    ("objects", "what"),
    [
        (
            [("aeroplane", 11, 11, 20, 30), ("aeroplane", 1, 1, 6, 7)],
            "object 2 (aeroplane) at 20 10 30 30 (x1 y1 x2 y2) has no box",
        ),
        (
            [("sofa", 11, 11, 20, 30), ("aeroplane", 21, 11, 30, 30)],
            "object 1 at 10 10 20 30 (x1 y1 x2 y2) is of class aeroplane in its mask, sofa in its box",
        ),
        (
            [("aeroplane", 11, 11, 20, 30), ("aeroplane", 21, 11, 30, 30), ("dog", 3, 31, 38, 46)],
            "the box of dog at 2 30 38 46 (x1 y1 x2 y2) has no object",
        ),
        ([], "object 1 (aeroplane) at 10 10 20 30 (x1 y1 x2 y2) has no box; and 1 more like this"),
    ],
)
def test_a_box_that_is_of_something_else_is_named_by_its_xml(tmp_path, examine, objects, what):
    root = draw(tmp_path)
    write(root, "2008_000000", objects, (48, 40))

    [finding] = told(examine(root, Voc))

    assert (finding.file, finding.what) == ("Annotations/2008_000000.xml", what)
    assert finding.todo.startswith("Look at both")


def test_an_xml_of_another_image_or_broken(tmp_path, examine):
    root = draw(tmp_path)
    write(root, "2008_000000", [], (333, 500))
    (root / "Annotations/2008_000001.xml").write_text("<annotation><object>")

    checkup = examine(root, Voc)

    [finding] = told(checkup)
    assert finding.what == "it is of an image of 333x500, the masks are 48x40 (height x width)"
    [broken] = told(checkup, "annotation")
    assert (broken.file, broken.severity) == ("Annotations/2008_000001.xml", "warning")
    assert broken.what.startswith("broken xml: no element found: line 1")
