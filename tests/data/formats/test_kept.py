import json

import pytest

from segladder.data.errors import DataError
from segladder.data.formats.annotations import AnnotatedImage, Category
from segladder.data.formats.kept import category_entries, kept_entry, read_kept, write_kept


def test_images_and_categories_come_back(tmp_path):
    image = AnnotatedImage(name="train/a b.jpg", size=(3, 4), objects=[], number=139)
    categories = [Category(name="dog", number=18, group="animal")]
    write_kept(tmp_path, [kept_entry(image)], categories)
    kept = read_kept(tmp_path)
    assert kept.categories == tuple(categories) and kept.category("cat") == Category(name="cat")
    assert kept.images["train/a b"].name == image.name and kept.images["train/a b"].size == (3, 4)


def test_new_images_get_numbers_that_are_free(tmp_path):
    images = [AnnotatedImage(name=f"{number}.png", size=(1, 1), objects=[], number=number) for number in (4, 9)]
    write_kept(tmp_path, [kept_entry(image) for image in images], [])
    kept = read_kept(tmp_path)
    assert [kept.number(stem) for stem in ("new", "4", "newer", "new")] == [10, 4, 11, 10]
    assert read_kept(tmp_path / "none").number("a") is None


def test_categories_without_number_get_free_ones():
    categories = [Category(name="a"), Category(name="b", number=1), Category(name="c")]
    assert [entry["id"] for entry in category_entries(categories)] == [2, 1, 3]


@pytest.mark.parametrize("content", ["[", "[]", '{"images": 3}', json.dumps({"images": [{"file_name": "a"}]})])
def test_a_file_that_makes_no_sense_is_told(tmp_path, content):
    (tmp_path / "images.json").write_text(content)
    with pytest.raises(DataError, match=r"images.json' cannot be read \(.*\): it keeps image sizes"):
        read_kept(tmp_path)
