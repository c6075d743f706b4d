import pytest
import yaml
from PIL import Image

from segladder.data.errors import DataError
from segladder.data.formats import format_of
from segladder.data.formats.annotations import AnnotatedImage, AnnotatedObject, Annotations, Category, Writing
from segladder.data.formats.lost import Lost


@pytest.fixture
def yolo(tmp_path):
    """`yolo(lines, txt=, image=)` adds a txt and an image of 40x20 pixels; returns the root."""

    def add(lines="0 0.5 0.5 0.5 1\n", *, txt="labels/train/a.txt", image="images/train/a.jpg", names=("cat", "dog")):
        root = tmp_path / "set"
        for path in (root / txt, root / image):
            path.parent.mkdir(parents=True, exist_ok=True)
        (root / txt).write_text(lines)
        Image.new("RGB", (40, 20)).save(root / image)
        if names:
            (root / "data.yaml").write_text(yaml.safe_dump({"names": list(names)}))
        return root

    return add


def test_shares_become_pixels(yolo, read):
    found = read("yolo", yolo("1 0.5 0.5 0.5 1\n\n0 0 0 0.25 0 0.25 0.5\n"))
    [image] = found.images
    assert (image.name, image.size, found.names) == ("train/a.jpg", (20, 40), ("cat", "dog"))
    box, polygon = image.objects
    assert (box.label, box.box, box.polygons) == (1, (10, 0, 30, 20), None)
    assert (polygon.label, polygon.box, polygon.polygons) == (0, (0, 0, 10, 10), [[0, 0, 10, 0, 10, 10]])


@pytest.mark.parametrize(
    ("txt", "image", "name"),
    [
        ("labels/train/b c.txt", "images/train/b c.png", "train/b c.png"),
        ("train/labels/b.txt", "train/images/b.jpg", "train/b.jpg"),
        ("labels/b.txt", "images/b.jpg", "b.jpg"),
        ("b.txt", "b.jpg", "b.jpg"),
    ],
)
def test_the_layouts_in_use_are_found(yolo, read, txt, image, name):
    assert [image.name for image in read("yolo", yolo(txt=txt, image=image)).images] == [name]


def test_an_image_without_txt_has_no_objects(yolo, read):
    root = yolo()
    Image.new("RGB", (8, 8)).save(root / "images/train/empty.png")
    (root / "notes.txt").write_text("not a label")
    assert [len(image.objects) for image in read("yolo", root).images] == [1, 0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "cat\nsea lion\n"),
        ("data.yaml", "names: {0: cat, 1: sea lion}"),
        ("coco8.yaml", "names: [cat, sea lion]"),
    ],
)
def test_class_names_come_from_the_files_in_use(yolo, read, name, text):
    root = yolo(names=None)
    with pytest.raises(DataError, match="does not name its classes"):
        read("yolo", root)
    assert read("yolo", root, classes=("a", "b")).names == ("a", "b")
    (root / name).write_text(text)
    assert read("yolo", root).names == ("cat", "sea lion")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2 0.5 0.5 1 1", "a.txt' line 2: class 2 is none of the 2 of"),
        ("0.5 0.5 0.5 1 1", "class 0.5 is none"),
        ("nan 0.5 0.5 1 1", "class nan is none"),
        ("0 0.5 0.5 0 1", "line 2: the object has a box without area"),
        ("0 0.5 nan 1 1", "a box of no finite numbers"),
        ("0 20 10 5 5", "outside its image of 40x20 pixels"),
        ("0 -11 0 1 0 1 1", "is no share of its width or height"),
        ("0 0.5 0.5 1 1 0.9", "holds 6 numbers: a box has 5.*may be the score of a prediction"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "holds 8 numbers"),
        ("cat 0.5 0.5 1 1", "line 2 holds 'cat 0.5 0.5 1 1', which are not all numbers"),
    ],
)
def test_mistakes_are_told_with_file_and_line(yolo, read, line, said):
    with pytest.raises(DataError, match=said):
        read("yolo", yolo(f"0 0.5 0.5 1 1\n{line}\n"))


def test_a_label_without_image_or_kept_size_is_told(yolo, read):
    root = yolo()
    (root / "images/train/a.jpg").unlink()
    with pytest.raises(DataError, match=r"has no image 'train/a\.\*', whose size its shares are of"):
        read("yolo", root)


def test_sizes_ids_and_categories_are_kept_for_the_way_back(read, tmp_path):
    images = [
        AnnotatedImage(name="c.png", size=(3, 4), objects=[], number=139),
        AnnotatedImage(name="a b.png", size=(5, 6), objects=[AnnotatedObject(label=0, box=(0, 0, 6, 5))], number="x"),
    ]
    categories = (Category(name="bus", number=6, group="vehicle"),)
    found = Annotations(categories=categories, count=2, images=images, shapes=False)
    format_of("yolo").write(found, tmp_path, Writing(lost=Lost()))
    back = read("yolo", tmp_path)
    assert back.categories == categories
    assert [(i.name, i.size, i.number) for i in back.images] == [("a b.png", (5, 6), "x"), ("c.png", (3, 4), 139)]
    assert yaml.safe_load((tmp_path / "data.yaml").read_text())["names"] == {0: "bus"}


def test_a_set_holds_either_polygons_or_boxes(tmp_path, read):
    objects = [
        AnnotatedObject(label=0, box=(0, 0, 4.5, 4), polygons=[[0, 0, 4, 0, 4, 4]]),
        AnnotatedObject(label=0, box=(1, 1, 3, 3), flags={"difficult": 1}),
        AnnotatedObject(label=0, box=(0, 0, 9, 9), polygons=[[0, 0, 9, 0, 9, 9]]),
        AnnotatedObject(label=0, box=(1, 1, 3, 3), crowd=True),
    ]
    said = {}
    for polygons, folder in ((None, "auto"), (False, "boxes")):
        (tmp_path / folder).mkdir()
        images = [AnnotatedImage(name="a.png", size=(8, 8), objects=objects)]
        found = Annotations(categories=(Category(name="it"),), count=1, images=images, shapes=True)
        lost = Lost()
        format_of("yolo").write(found, tmp_path / folder, Writing(lost=lost, polygons=polygons))
        said[folder] = lost.sentences()
        lengths = [len(line.split()) for line in (tmp_path / folder / "labels/a.txt").read_text().splitlines()]
        assert lengths == ([7, 9, 7] if polygons is None else [5, 5, 5])
    assert said["auto"] == [
        "1 annotated box gives way to the one around its polygon: a YOLO object has its polygon alone",
        "1 object is no longer marked as difficult, truncated or the like: YOLO has no such marks",
        "1 box becomes a polygon of four corners: a YOLO set holds either boxes or polygons",
        "1 object is cut at its image's border: YOLO's coordinates end there",
        "1 crowd is left out: YOLO has no crowds",
    ]
    assert "2 masks become boxes: shapes=boxes" in said["boxes"]
