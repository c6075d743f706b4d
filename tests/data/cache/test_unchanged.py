"""Whether a cache is still of its files: edits that hide, and times that change without one."""

import os
import shutil
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from drawn_sets import draw_cityscapes
from segladder.data.cache import DiskCache, DiskStore
from segladder.data.cache import unchanged as unchanged_module
from segladder.data.cache.content import Content
from segladder.data.readers.cityscapes import Cityscapes


@pytest.fixture
def source(tmp_path):
    return Cityscapes(root=draw_cityscapes(tmp_path / "set", per_city=2)).dataset("train", run_seed=0)


@pytest.fixture
def store(tmp_path):
    return DiskStore(tmp_path / "caches")


@pytest.fixture
def compared(monkeypatch):
    """The files whose bytes are compared with a cache."""
    found, hash_of = [], unchanged_module.hash_of

    def noted(path):
        found.append(path)
        return hash_of(path)

    monkeypatch.setattr(unchanged_module, "hash_of", noted)
    return found


def content(source):
    return Content(source, list(range(len(source))))


def opened(store, source):
    return store.open(content(source), what="streets")


def sevens():
    file = BytesIO()
    Image.fromarray(np.full((48, 96, 3), 7, np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_an_edited_file_is_told_and_cached_anew_and_the_old_cache_is_gone(store, source, capfd):
    old = opened(store, source)
    source.pairs[3].image.write_bytes(sevens())
    new = opened(store, source)
    assert "of files that have changed since: it is built anew" in capfd.readouterr().err
    assert new.folder != old.folder and not old.folder.exists()
    assert int(new.read(3)["image"].max()) == 7
    assert int(old.read(3)["image"].max()) != 7, "who has it open goes on with what it was"


@pytest.mark.parametrize("how", ["rewritten", "replaced"])
def test_an_edit_is_noticed_though_size_and_time_were_put_back(store, source, capfd, how):
    opened(store, source)
    image = source.pairs[3].image
    before = image.stat()
    edited = sevens().ljust(before.st_size, b"\0")
    other = image if how == "rewritten" else image.with_suffix(".new")
    other.write_bytes(edited)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(image)
    assert (image.stat().st_size, image.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert int(opened(store, source).read(3)["image"].max()) == 7
    assert "of files that have changed since" in capfd.readouterr().err


def test_files_restored_from_a_copy_are_compared_once_and_served_from_the_same_cache(
    store, source, tmp_path, capfd, compared
):
    old = opened(store, source)
    shutil.copytree(tmp_path / "set", tmp_path / "copy")
    shutil.rmtree(tmp_path / "set")
    (tmp_path / "copy").rename(tmp_path / "set")
    os.utime(source.pairs[0].label, ns=(1, 1))
    capfd.readouterr()
    assert opened(store, source).folder == old.folder
    assert sorted(compared) == sorted(path for place in range(len(source)) for path in source.files(place))
    compared.clear()
    assert opened(store, source).folder == old.folder
    assert compared == [] and capfd.readouterr().err == ""


def test_a_file_of_another_size_is_not_read_to_know_it_for_another(store, source, compared):
    cache = opened(store, source)
    os.utime(source.pairs[0].image, ns=(1, 1))
    source.pairs[3].image.write_bytes(sevens())
    assert DiskCache.find(cache.folder, content(source)) is None and compared == []


def test_who_waits_for_a_new_cache_does_not_compare_the_old_one_again_and_again(store, source, compared):
    cache = opened(store, source)
    image = source.pairs[0].image
    image.write_bytes(sevens().ljust(image.stat().st_size, b"\0"))
    wanted = content(source)
    for _ in range(3):
        assert DiskCache.find(cache.folder, wanted) is None
    assert compared == [image]
