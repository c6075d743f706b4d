import json

import pytest

from segladder.data.errors import DataError
from segladder.data.palette import distinct_colors
from segladder.data.readers.dataset_file import read_dataset_file


def test_json_and_yaml_say_the_same(tmp_path):
    content = {"classes": ["sky", "road"], "ignore_index": 11, "things": ["road"], "palette": [[1, 2, 3], [4, 5, 6]]}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a/dataset.json").write_text(json.dumps({**content, "source": "somewhere"}))
    (tmp_path / "b/dataset.yaml").write_text(
        "classes: [sky, road]\nignore_index: 11\nthings: [road]\npalette: [[1, 2, 3], [4, 5, 6]]\n"
    )
    read = read_dataset_file(tmp_path / "a")
    assert read == read_dataset_file(tmp_path / "b")
    assert read.classes == ("sky", "road") and read.ignore == (11,) and read.things == (False, True)


def test_a_mapping_of_label_values_names_classes_in_order(tmp_path):
    (tmp_path / "dataset.json").write_text('{"classes": {"255": "disk", "0": "background"}}')
    read = read_dataset_file(tmp_path)
    assert read.classes == ("background", "disk") and read.values == {0: 0, 255: 1}


def test_beside_a_background_every_class_is_objects_unless_said_otherwise(tmp_path):
    def things(text):
        (tmp_path / "dataset.json").write_text(text)
        return read_dataset_file(tmp_path).things

    assert things('{"classes": ["background", "cell", "rod"]}') == (False, True, True)
    assert things('{"classes": ["background", "cell", "stain"], "things": ["cell"]}') == (False, True, False)
    assert things('{"classes": ["background", "cell"], "things": []}') == (False, False)
    assert things('{"classes": ["sky", "road"]}') == (False, False)


def test_missing_palette_becomes_distinct_colours():
    assert len(set(distinct_colors(300))) == 300
    assert distinct_colors(3) == ((0, 0, 0), (128, 0, 0), (0, 128, 0))  # the colours of PASCAL VOC


def test_without_a_file_the_message_says_what_to_write(tmp_path):
    with pytest.raises(DataError) as error:
        read_dataset_file(tmp_path)
    assert str(error.value) == (
        f"data.root '{tmp_path}' has no dataset.json (nor dataset.yaml) that names the classes: it is empty. Write one"
        ' there, e.g. {"classes": ["background", "disk"], "ignore_index": 255}, or give data.classes=[background,disk].'
    )
    assert read_dataset_file(tmp_path, classes=["a", "b"]).classes == ("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"classes": ["a", "a"]}', "'classes' names 'a' twice"),
        ('{"classes": []}', "'classes' is []"),
        ('{"palette": [[0, 0, 0]]}', "'classes' is None"),
        ('{"classes": ["a", "b"], "palette": [[0, 0, 0]]}', "gives class 'b' the colour None"),
        ('{"classes": ["a"], "palette": [[0, 0, 300]]}', "the colour [0, 0, 300]"),
        ('{"classes": ["a"], "things": ["b"]}', "'things' names 'b', which is no class"),
        ('{"classes": ["a"], "things": "a"}', "'things' is 'a'. Give a list of class names."),
        ('{"classes": ["a"], "ignore_index": "void"}', "'ignore_index' is 'void'"),
        ('{"classes": ["a"], "channels": 7}', "'channels' is 7"),
        ('{"classes": ["a"], "std": [0]}', "'std' is [0]. It divides"),
        ('{"classes": ["a"', "cannot be read: Expecting"),
        ("[1]", "holds list instead of keys"),
    ],
)
def test_a_bad_entry_is_named_with_its_value(tmp_path, text, words):
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(DataError) as error:
        read_dataset_file(tmp_path)
    assert words in str(error.value) and "dataset.json" in str(error.value)
