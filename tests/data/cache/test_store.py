"""The folder of caches: what is built once, found again, built anew, shared, and refused."""

import errno
import multiprocessing
import os
import pickle
import shutil
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from drawn_sets import draw_cityscapes
from segladder.data.cache import DiskStore
from segladder.data.cache import build as build_module
from segladder.data.cache import store as store_module
from segladder.data.cache.content import Content
from segladder.data.cache.kept import released
from segladder.data.cache.layout import SAMPLES, TABLE
from segladder.data.errors import DataError
from segladder.data.readers.cityscapes import Cityscapes

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def source(tmp_path):
    return Cityscapes(root=draw_cityscapes(tmp_path / "set")).dataset("train", run_seed=0)


@pytest.fixture
def store(tmp_path):
    return DiskStore(tmp_path / "caches")


def content(source, places=None):
    return Content(source, list(range(len(source)) if places is None else places))


def opened(store, source, places=None):
    return store.open(content(source, places), what="streets")


def same(cache, source, places=None):
    """Whether a cache gives what the files hold."""
    for place in range(len(source)) if places is None else places:
        kept = cache.read(place)
        one, other = released(kept, kept), source[place]
        assert one.keys() == other.keys()
        assert torch.equal(one["image"], other["image"]) and torch.equal(one["semantic"], other["semantic"])
        assert one["semantic"].dtype == torch.int64
        assert (one["image_id"], one["size"]) == (other["image_id"], other["size"])


def finished(store):
    return sorted(path for path in store.root.glob("*/*") if path.is_dir() and not path.name.startswith("."))


def test_it_is_built_once_and_then_found_also_for_a_part_of_the_samples(store, source, capfd):
    first = opened(store, source)
    same(first, source)
    said = capfd.readouterr().err
    assert "Caching streets: 8 decoded samples, 162 kB, in '" in said and "Delete that folder to have the space" in said
    for places in (None, [5, 2]):
        again = opened(store, source, places)
        assert again.folder == first.folder
        same(again, source, places)
    assert capfd.readouterr().err == ""
    assert again.read(0) is None, "not among those asked for"


def test_caches_of_other_settings_lie_side_by_side(store, source, tmp_path):
    plain = opened(store, source)
    with_objects = Cityscapes(root=tmp_path / "set", instances=True).dataset("train", run_seed=0)
    other = opened(store, with_objects)
    assert plain.folder.parent != other.folder.parent
    assert opened(store, source).folder == plain.folder
    found, expected = other.read(2)["objects"], with_objects[2]["objects"]
    assert found.masks == expected.masks and np.array_equal(found.labels, expected.labels) and len(found) > 0


def test_a_flipped_byte_is_noticed_read_from_the_files_and_mended_by_the_next_run(store, source, capfd):
    folder = opened(store, source).folder
    with open(folder / SAMPLES, "rb+") as file:
        file.seek(int(np.load(folder / TABLE)["label_at"][4]) + 77)
        [byte] = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    cache = opened(store, source)
    with pytest.warns(UserWarning, match=r"Sample 'ulm/ulm_000000_000019' of the cache .* is damaged: its checksum"):
        assert cache.read(4) is None
    assert cache.read(4) is None
    same(cache, source, [0, 1, 2, 3, 5, 6, 7])
    capfd.readouterr()
    same(opened(store, source), source)
    assert "is damaged: it is built anew" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["samples.bin", "rest.bin", "table.npy", "index.json"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_file_that_is_cut_or_missing_makes_the_cache_count_for_nothing(store, source, name, how):
    path = opened(store, source).folder / name
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    same(opened(store, source), source)
    assert len(finished(store)) == 1


def test_an_index_with_another_word_in_it_is_not_believed(store, source):
    path = opened(store, source).folder / "index.json"
    path.write_text(path.read_text().replace("ulm/ulm_000001_000019", "ulm/ulm_000001_000018"))
    assert opened(store, source).read(5)["image_id"] == "ulm/ulm_000001_000019"


def test_tensors_may_be_changed_without_changing_the_cache(store, source):
    cache = opened(store, source)
    before = (cache.folder / SAMPLES).read_bytes()
    kept = cache.read(0)
    sample = released(kept, kept)
    sample["image"].zero_()
    sample["semantic"].zero_()
    same(cache, source)
    kept["image"].fill_(9)  # even what must not be changed harms no other process
    assert (cache.folder / SAMPLES).read_bytes() == before


def test_a_pickled_cache_reads_the_same(store, source):
    same(pickle.loads(pickle.dumps(opened(store, source))), source)


def test_without_room_for_a_mapping_samples_are_read_instead(store, source, monkeypatch):
    opened(store, source)

    def no_memory(number, *args, **options):
        if number != -1:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return bytearray(*args)

    from segladder.data.cache import disk

    monkeypatch.setattr(disk.mmap, "mmap", no_memory)
    cache = opened(store, source)
    assert cache._samples is None
    same(cache, source)


def test_deep_images_and_grey_ones_come_back_as_they_were(store, tmp_path):
    from segladder.data.readers.folder import Folder

    root = tmp_path / "deep"
    for kind, array in (("images", np.arange(12, dtype=np.uint16) * 5000), ("labels", np.arange(12) % 2)):
        (root / kind / "train").mkdir(parents=True)
        picture = Image.fromarray(array.reshape(3, 4).astype(np.uint16 if kind == "images" else np.uint8))
        picture.save(root / kind / "train" / "a.png")
    reader = Folder(root=root, classes=["a", "b"], val_split=None, test_split=None, mean=[0.0], std=[1.0])
    deep = reader.dataset("train", run_seed=0)
    cache = opened(store, deep)
    same(cache, deep)
    assert cache.read(0)["image"].dtype == torch.float32 and cache.read(0)["image"].max() == 55000


def test_what_cannot_be_decoded_is_left_out_and_told(store, source):
    source.pairs[1].image.write_bytes(b"no picture")
    source.pairs[6].label.unlink()
    with pytest.warns(UserWarning, match=r"Not in the cache of streets, .* as are 1 more: Image .* cannot be decoded"):
        cache = opened(store, source)
    assert cache.read(1) is None and cache.read(6) is None
    same(cache, source, [0, 2, 3, 4, 5, 7])


def test_files_that_change_while_the_cache_is_built_stop_it(store, source, monkeypatch):
    read = source.labels.read_narrow

    def edited(path):
        os.utime(path, ns=(1, 1))
        return read(path)

    monkeypatch.setattr(source.labels, "read_narrow", edited)
    with pytest.raises(DataError, match="or what belongs to it, changed while the cache was being built"):
        opened(store, source)
    assert not finished(store) and not list(store.root.glob("*/.partial-*"))


def test_a_disk_without_room_is_refused_and_no_folder_is_left(store, source, tmp_path, monkeypatch):
    val = Cityscapes(root=tmp_path / "set").dataset("val", run_seed=0)
    usage = SimpleNamespace(total=1, used=0, free=270_000)
    monkeypatch.setattr(store_module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DataError, match=r"The cache of streets, .* takes 340 kB, but the disk of .* has 270 kB free"):
        store.open(content(source), what="streets", also=[content(val)])
    assert not store.root.exists()
    opened(store, source)


@pytest.mark.parametrize("where", ["posix_fallocate", "pwrite"])
def test_a_disk_that_becomes_full_leaves_nothing_behind(store, source, where, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    def only_samples(descriptor, data, at):
        return full() if isinstance(data, memoryview) else write(descriptor, data, at)

    write = os.pwrite
    monkeypatch.setattr(os, where, full if where == "posix_fallocate" else only_samples)
    with pytest.raises(DataError, match=r"became full .* Choose another folder with data\.cache_dir=…"):
        opened(store, source)
    assert not store.root.exists()


def test_a_folder_that_cannot_be_written_is_told(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"'.*/file/caches' cannot hold the cache \(Not a directory\)\. Choose another"):
        opened(DiskStore(tmp_path / "file" / "caches"), source)


def test_a_finished_cache_is_read_where_nothing_may_be_written(store, source, monkeypatch):
    opened(store, source)

    def read_only(*args, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("mkdir", "touch", "rename", "unlink"):
        monkeypatch.setattr(Path, name, read_only)
    same(opened(store, source), source)
    os.utime(source.pairs[0].image, ns=(1, 1))
    same(opened(store, source), source)
    Image.fromarray(np.full((48, 96, 3), 7, np.uint8)).save(source.pairs[0].image)
    with pytest.raises(DataError, match=r"cannot hold the cache \(Read-only file system\)\. Choose another folder"):
        opened(store, source)


def test_of_many_processes_at_once_one_builds_and_the_others_wait_for_it(store, source, monkeypatch):
    monkeypatch.setattr(build_module, "WORTH_WORKERS", 0)
    slow = source.labels.read_narrow
    built = FORK.Value("i", 0)

    def counted(path):
        with built:
            built.value += 1
        time.sleep(0.02)
        return slow(path)

    source.labels.read_narrow = counted
    codes = FORK.SimpleQueue()

    def work():
        cache = opened(store, source)
        codes.put([int(cache.read(place)["image"].sum()) for place in range(8)])

    processes = [FORK.Process(target=work) for _ in range(4)]
    for process in processes:
        process.start()
    sums = [codes.get() for _ in processes]
    for process in processes:
        process.join()
    expected = [int(source[place]["image"].sum()) for place in range(8)]
    assert sums == [expected] * 4
    # 8 samples and the example that tells what they look like, by one builder alone
    assert built.value - 8 == 9
    assert len(finished(store)) == 1 and not list(store.root.glob("*/building"))


def test_a_builder_that_is_killed_leaves_nothing_that_is_taken_for_a_cache(store, source, monkeypatch):
    monkeypatch.setattr(build_module, "WORTH_WORKERS", 0)
    slow = source.labels.read_narrow

    def stuck(path):
        if path == source.pairs[5].label:
            time.sleep(60)
        return slow(path)

    source.labels.read_narrow = stuck
    builder = FORK.Process(target=lambda: (os.setsid(), opened(store, source)))
    builder.start()
    end = time.monotonic() + 20
    while not list(store.root.glob("*/.partial-*/rest.bin")):
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(builder.pid, signal.SIGKILL)
    builder.join()
    source.labels.read_narrow = slow
    assert not finished(store) and list(store.root.glob("*/.partial-*"))
    same(opened(store, source), source)
    assert not list(store.root.glob("*/.partial-*"))


def test_what_stops_a_process_that_decodes_stops_the_building_in_a_sentence(store, source, monkeypatch):
    monkeypatch.setattr(build_module, "WORTH_WORKERS", 0)
    main, read = os.getpid(), source.labels.read_narrow
    killed = lambda path: read(path) if os.getpid() == main else os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
    monkeypatch.setattr(source.labels, "read_narrow", killed)
    with pytest.raises(DataError, match=r"The cache was not built: a process that decodes was ended .*Memory may be"):
        opened(store, source)
    assert not finished(store) and not list(store.root.glob("*/.partial-*"))


def test_a_deleted_cache_is_built_again(store, source):
    shutil.rmtree(opened(store, source).folder.parent)
    same(opened(store, source), source)
