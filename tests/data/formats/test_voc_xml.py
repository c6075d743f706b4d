import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from segladder.data.errors import DataError
from segladder.data.formats.annotations import AnnotatedImage, AnnotatedObject

# as published, shortened
GENUINE = """<annotation>
	<folder>VOC2012</folder>
	<filename>2008_000008.jpg</filename>
	<source><database>The VOC2008 Database</database></source>
	<size><width>500</width><height>442</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name>horse</name><pose>Left</pose><truncated>0</truncated><occluded>1</occluded>
		<bndbox><xmin>53</xmin><ymin>87</ymin><xmax>471</xmax><ymax>420</ymax></bndbox>
		<difficult>0</difficult>
		<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
	</object>
	<object>
		<name>person</name><pose>Unspecified</pose><truncated>1</truncated><difficult>1</difficult>
		<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>500</xmax><ymax>442</ymax></bndbox>
	</object>
</annotation>
"""


@pytest.fixture
def voc(tmp_path):
    """`voc(text, name)` adds an xml; returns the set's root."""

    def add(text=GENUINE, name="2008_000008"):
        path = tmp_path / "VOC2012" / "Annotations" / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path / "VOC2012"

    return add


def test_pixels_counted_from_one_become_edges_counted_from_zero(voc, read):
    found = read("voc", voc())
    [image] = found.images
    assert found.names == ("horse", "person")
    assert (image.name, image.size, image.depth) == ("2008_000008.jpg", (442, 500), 3)
    horse, person = image.objects
    assert horse.box == (52, 86, 471, 420) and horse.flags == {"pose": "Left", "occluded": 1}
    # the whole image
    assert person.box == (0, 0, 500, 442) and person.flags == {"difficult": 1, "truncated": 1}


def test_a_missing_size_is_read_from_the_image(voc, read, tmp_path):
    root = voc(GENUINE.replace("<size>", "<!--").replace("</size>", "-->"))
    with pytest.raises(DataError, match=r"does not say how large its image is.*images=DIR"):
        read("voc", root)
    Image.new("RGB", (500, 442)).save(tmp_path / "2008_000008.jpg")
    assert read("voc", root, images=tmp_path).images[0].size == (442, 500)


def test_boxes_between_pixels_go_to_the_nearest_and_are_counted(through):
    boxes = [(0.4, 0.6, 3.4, 3.6), (4.9, 4.9, 5, 5), (-3, 1, 2, 9), (1, 1, 2, 2)]
    objects = [AnnotatedObject(label=0, box=box) for box in boxes]
    back, lost = through("voc", [AnnotatedImage(name="a.jpg", size=(5, 5), objects=objects)])
    assert [one.box for one in back.images[0].objects] == [(0, 1, 3, 4), (4, 4, 5, 5), (0, 1, 2, 5), (1, 1, 2, 2)]
    assert lost.sentences() == [
        "2 boxes are rounded to whole pixels: VOC xml holds those",
        "1 box is cut at its image's border: VOC's boxes end there",
    ]


def test_masks_and_crowds_are_lost_and_counted(through):
    polygon = [[1, 1, 3, 1, 3, 3]]
    objects = [
        AnnotatedObject(label=0, box=(1, 1, 3, 3), polygons=polygon),
        AnnotatedObject(label=1, box=(1, 1, 3, 3), polygons=polygon, crowd=True),
    ]
    back, lost = through("voc", [AnnotatedImage(name="a.jpg", size=(5, 5), objects=objects)])
    assert len(back.images[0].objects) == 1
    assert lost.sentences() == [
        "1 mask becomes a box: VOC xml holds boxes only",
        "1 crowd is left out: VOC xml has no crowds",
    ]


def test_what_others_read_is_written(through, tmp_path):
    image = AnnotatedImage(
        name="train/a & b.png", size=(5, 7), objects=[AnnotatedObject(label=1, box=(0, 0, 7, 5))], depth=1
    )
    through("voc", [image])
    tree = ET.parse(tmp_path / "voc/Annotations/train/a & b.xml").getroot()
    assert tree.findtext("filename") == "a & b.png"
    assert [tree.findtext(f"size/{key}") for key in ("width", "height", "depth")] == ["7", "5", "1"]
    assert [tree.findtext(f"object/{key}") for key in ("name", "difficult", "truncated")] == ["dog", "0", "0"]
    assert [node.text for node in tree.find("object/bndbox")] == ["1", "1", "7", "5"]
    assert (tmp_path / "voc/ImageSets/Main/train.txt").read_text() == "train/a & b\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("</object>", "</objekt>"), "2008_000008.xml' line 12 is broken xml: mismatched tag"),
        (("<xmax>471", "<xmax>x"), "line 7: object 'horse' has no bndbox of numbers"),
        (("<xmax>471", "<xmax>52"), "line 9: object 'horse' has a box without area"),
        (("<xmin>53</xmin><ymin>87</ymin><xmax>471", "<xmin>601</xmin><ymin>87</ymin><xmax>671"), "outside its image"),
        (("<name>horse</name>", "<name> </name>"), "line 7: the object has no <name>"),
        (("annotation>", "labels>"), "is no VOC annotation: it holds <labels>"),
        (("2008_000008.jpg", ".."), "does not lie below a folder of images"),
    ],
)
def test_mistakes_are_told_with_file_and_line(voc, read, change, said):
    with pytest.raises(DataError) as error:
        read("voc", voc(GENUINE.replace(*change)))
    assert said in str(error.value)


def test_an_unknown_class_is_told_with_file_and_line(voc, read):
    with pytest.raises(DataError, match=r"line 7: class 'horse' is none of classes=: person, dog\. Add it"):
        read("voc", voc(), classes=("person", "dog"))
    [image] = read("voc", voc(), classes=("person", "dog"), skip_faulty=True).images
    assert [one.label for one in image.objects] == [0]


def test_two_files_of_one_image_and_none_at_all_are_told(voc, read, tmp_path):
    voc()
    with pytest.raises(DataError, match=r"are both of the image '2008_000008.jpg'"):
        read("voc", voc(name="copy"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no xml"):
        read("voc", tmp_path / "empty")


def test_a_picture_renamed_with_its_xml_is_found(voc, read):
    root = voc(name="new name")
    (root / "JPEGImages").mkdir()
    Image.fromarray(np.zeros((442, 500, 3), dtype=np.uint8)).save(root / "JPEGImages/new name.png")
    assert read("voc", root).images[0].name == "new name.png"
